"""Files of bars for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pytest

HEADER = "timestamp,open,high,low,close,volume"
WriteCsv: TypeAlias = Callable[..., Path]
WriteParquet: TypeAlias = Callable[..., Path]


@pytest.fixture
def write_csv(tmp_path: Path) -> WriteCsv:
    """Write lines to a file of the test's folder; a row may leave out the header."""

    def write(*rows: str, name: str = "GOOG_1d.csv", header: str = HEADER) -> Path:
        path = tmp_path / name
        path.write_text("".join(f"{line}\n" for line in (header, *rows)), encoding="utf-8")
        return path

    return write


@pytest.fixture
def write_parquet(tmp_path: Path) -> WriteParquet:
    """Write columns to a Parquet file of the test's folder."""
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")

    def write(columns: Mapping[str, Sequence[Any] | Any], name: str = "GOOG_1d.parquet") -> Path:
        path = tmp_path / name
        pq.write_table(pa.table(dict(columns)), path)
        return path

    return write
