"""Trades and curves as files: what the container would have kept, bit by bit."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest

from containers.errors import StorageError
from containers.results import EquityCurve, Trade
from containers.storage import PortfolioFiles
from containers.tables import read_curve, read_trades
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


def test_what_is_written_as_it_comes_is_all_that_came_and_nothing_twice(tmp_path: Path) -> None:
    sink = PortfolioFiles(tmp_path, "s.p")
    expected = [msgspec.structs.replace(TRADES[0], entry_time=n) for n in range(15_000)]
    waiting: list[Trade] = []
    for begin in range(0, 15_000, 3_000):
        waiting += expected[begin : begin + 3_000]
        sink.add_trades(waiting)
        assert len(waiting) in (0, 3_000)
    whole = curve(150_000)
    for begin in range(0, 150_000, 4_096):
        piece = slice(begin, begin + 4_096)
        sink.add_samples(EquityCurve(whole.time_ns[piece], whole.equity[piece]))
    assert waiting
    sink.complete(waiting)
    sink.abandon()
    folder = tmp_path / "portfolios" / "s.p"
    assert read_trades(folder / "trades.parquet") == tuple(expected)
    read = read_curve(folder / "equity.parquet")
    assert np.array_equal(read.time_ns, whole.time_ns)
    assert np.array_equal(read.equity, whole.equity)
    assert pq.ParquetFile(folder / "equity.parquet").num_row_groups == 3


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
