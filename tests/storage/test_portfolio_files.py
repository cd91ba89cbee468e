"""Trades and curves as files: what the container would have kept, bit by bit."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from containers.errors import StorageError
from containers.results import Trade
from containers.storage import PortfolioFiles
from tests.storage.samples import TRADES, curve, files, phase, portfolio


def test_trades_and_curve_are_saved_exactly(tmp_path: Path) -> None:
    sink = PortfolioFiles(tmp_path, "fast.moderate")
    sink.add_samples(curve())
    sink.complete(TRADES)
    sink.abandon()
    folder = tmp_path / "portfolios" / "fast.moderate"
    assert files(tmp_path) == [
        "portfolios/fast.moderate/equity.parquet", "portfolios/fast.moderate/trades.parquet",
    ]  # fmt: skip
    trades = pq.read_table(folder / "trades.parquet")
    assert trades.column_names == list(Trade.__struct_fields__)
    assert tuple(Trade(**row) for row in trades.to_pylist()) == TRADES
    read = pq.read_table(folder / "equity.parquet")
    assert read.to_pydict() == {"time_ns": [2**62, 2**62 + 1], "equity": [1000.0, 0.1 + 0.2]}


def test_without_trades_their_columns_and_types_are_the_same(tmp_path: Path) -> None:
    folder = phase(tmp_path)
    folder.save_portfolio("with", portfolio())
    folder.save_portfolio("without", portfolio(()))
    tables = [
        pq.read_table(folder.path / "portfolios" / name / "trades.parquet")
        for name in ("with", "without")
    ]
    assert tables[0].schema == tables[1].schema
    assert tables[1].num_rows == 0


def test_a_portfolio_that_cannot_be_saved_is_a_storage_error(tmp_path: Path) -> None:
    folder = phase(tmp_path)
    folder.path.mkdir(parents=True)
    (folder.path / "portfolios").write_text("")
    with pytest.raises(StorageError, match=r"equity\.parquet could not be written"):
        folder.save_portfolio("s.p", portfolio())
    assert files(folder.path) == ["portfolios"]
