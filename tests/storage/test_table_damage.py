"""A damaged or foreign table is a StorageError, and never another number."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from containers.errors import StorageError
from containers.results import Trade
from containers.storage import (
    PhaseFolder,
    StoredPortfolios,
)
from containers.tables import read_curve, read_signals, read_trades, signals_bytes
from tests.storage.samples import (
    SIGNALS,
    TRADES,
    bits,
    curve,
    phase,
    portfolio,
)


def stored(tmp_path: Path) -> tuple[PhaseFolder, StoredPortfolios]:
    folder = phase(tmp_path)
    held = {"s.q": portfolio(()), "s.p": portfolio()}
    for name, each in held.items():
        folder.save_portfolio(name, each)
    found = folder.stored_portfolios(held)
    assert isinstance(found, StoredPortfolios)
    return folder, found


def test_a_file_that_others_wrote_is_refused(tmp_path: Path) -> None:
    folder, found = stored(tmp_path)
    file = folder.path / "portfolios" / "s.p" / "equity.parquet"
    pq.write_table(pq.read_table(file), file)
    with pytest.raises(StorageError, match="does not hold the equity curve that it was"):
        found["s.p"]


@pytest.mark.parametrize("column", Trade.__struct_fields__)
def test_another_value_under_the_digest_of_what_was_written_is_refused(
    column: str, tmp_path: Path
) -> None:
    file = write_trades(tmp_path)
    said = pq.read_metadata(file).metadata
    assert said is not None
    stated = said[b"paritykit.digest"]
    table = pq.read_table(file)
    values: list[Any] = table.column(column).to_pylist()
    values[1] = values[1][:-1] + "x" if isinstance(values[1], str) else values[1] + 1
    index = table.column_names.index(column)
    changed = table.set_column(index, table.schema.field(index), pa.array(values))
    for each, right in ((table, True), (changed, False)):
        with pq.ParquetWriter(file, table.schema) as writer:
            writer.write_table(each)
            writer.add_key_value_metadata({"paritykit.digest": stated.decode()})
        if right:
            assert read_trades(file) == TRADES
            continue
        with pytest.raises(StorageError, match="does not hold the trades that it was written with"):
            read_trades(file)


def test_nulls_are_damage(tmp_path: Path) -> None:
    file = tmp_path / "equity.parquet"
    table = pa.table({"time_ns": [1, None], "equity": [1.0, 2.0]})
    pq.write_table(table, file)
    with pytest.raises(StorageError, match="read as equity curve: the column 'time_ns' has"):
        read_curve(file)


def write_signals(folder: Path) -> Path:
    (folder / "signals.parquet").write_bytes(signals_bytes(SIGNALS))
    return folder / "signals.parquet"


def write_trades(folder: Path) -> Path:
    phase(folder).save_portfolio("s.p", portfolio())
    return next(folder.rglob("trades.parquet"))


def write_curve(folder: Path) -> Path:
    phase(folder).save_portfolio("s.p", portfolio(samples=3))
    return next(folder.rglob("equity.parquet"))


KINDS: list[tuple[Callable[[Path], Path], Callable[[Path], Any], Any]] = [
    (write_signals, lambda path: repr(read_signals(path)), repr(SIGNALS)),
    (write_trades, lambda path: repr(read_trades(path)), repr(TRADES)),
    (write_curve, lambda path: bits(read_curve(path)), bits(curve(3))),
]


@pytest.mark.parametrize(("write", "read", "expected"), KINDS)
def test_no_flipped_byte_of_a_table_is_ever_shown(
    write: Callable[[Path], Path],
    read: Callable[[Path], Any],
    expected: Any,
    tmp_path: Path,
) -> None:
    file = write(tmp_path)
    content = file.read_bytes()
    refused = 0
    for byte in range(0, len(content), 2):
        damaged = bytearray(content)
        damaged[byte] ^= 1 << (byte * 5 % 16 // 2)
        file.write_bytes(damaged)
        try:
            assert read(file) == expected, byte
        except StorageError:
            refused += 1
    assert refused > len(content) / 8


@pytest.mark.parametrize(("write", "read", "expected"), KINDS)
def test_no_part_of_a_table_is_ever_shown(
    write: Callable[[Path], Path],
    read: Callable[[Path], Any],
    expected: Any,
    tmp_path: Path,
) -> None:
    file = write(tmp_path)
    content = file.read_bytes()
    assert read(file) == expected
    for size in range(0, len(content), 7):
        file.write_bytes(content[:size])
        with pytest.raises(StorageError, match="could not be read as"):
            read(file)


def test_rows_that_a_footer_forgets_are_missed(tmp_path: Path) -> None:
    """Pages have checksums, but how many rows there are stands in the footer alone."""
    file = write_curve(tmp_path)
    content = file.read_bytes()
    unnoticed = 0
    for byte in range(len(content) // 2, len(content)):
        for bit in range(8):
            damaged = bytearray(content)
            damaged[byte] ^= 1 << bit
            file.write_bytes(damaged)
            try:
                rows = pq.ParquetFile(file, page_checksum_verification=True).read().num_rows
            except Exception:  # noqa: BLE001  # whatever Arrow says of damage
                continue
            if rows == 3:
                continue
            unnoticed += 1
            with pytest.raises(StorageError):
                read_curve(file)
    assert unnoticed > 0
