"""Trades and curves as files: what the container would have kept, bit by bit."""

from __future__ import annotations

import errno
import struct
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from msgspec.structs import replace

from containers.errors import StorageError
from containers.results import EquityCurve, Trade
from containers.storage import PortfolioFiles
from containers.tables import read_curve, read_trades
from tests.storage.logs import open_files
from tests.storage.samples import TRADES, bits, curve, files, phase, portfolio

PIECE = 4_096
"""Samples that a portfolio gives at a time."""


def pieces(whole: EquityCurve, size: int = PIECE) -> Iterator[EquityCurve]:
    for begin in range(0, max(len(whole.time_ns), 1), size):
        cut = slice(begin, begin + size)
        yield EquityCurve(whole.time_ns[cut], whole.equity[cut])


def trade(number: int) -> Trade:
    price = np.float64(number + 1) / 7
    return Trade(
        f"s.{number % 3}", "äß\U0001f600"[: number % 4], 1 - 2 * (number % 2), 1.0 / (number + 1),
        number, 2**62 + number, float(price), float(-price), number % 5, 0.1, -0.0,
    )  # fmt: skip


def save(folder: Path, samples: EquityCurve, trades: list[Trade], size: int = PIECE) -> Path:
    """Write as a container does: samples in pieces, trades as they come."""
    sink = PortfolioFiles(folder, "s.p")
    waiting: list[Trade] = []
    for piece in pieces(samples, size):
        sink.add_samples(piece)
    for each in trades:
        waiting.append(each)
        sink.add_trades(waiting)
    sink.complete(waiting)
    sink.abandon()
    return folder / "portfolios" / "s.p"


# --- what is there ----------------------------------------------------------------------------


@pytest.mark.parametrize("samples", [1, 2, 4_095, 4_096, 4_097, 65_536, 65_537, 200_000])
def test_a_curve_is_what_the_container_would_have_kept(samples: int, tmp_path: Path) -> None:
    folder = save(tmp_path, curve(samples), [])
    assert bits(read_curve(folder / "equity.parquet")) == bits(curve(samples))
    groups = pq.read_metadata(folder / "equity.parquet").num_row_groups
    assert groups == -(-samples // 65_536)


@pytest.mark.parametrize("trades", [0, 1, 4_095, 4_096, 4_097, 20_000])
def test_trades_are_what_the_container_would_have_kept(trades: int, tmp_path: Path) -> None:
    expected = tuple(trade(number) for number in range(trades))
    folder = save(tmp_path, curve(), list(expected))
    found = read_trades(folder / "trades.parquet")
    assert found == expected
    assert repr(found) == repr(expected)  # -0.0 is not 0.0, and 1 is not 1.0
    groups = pq.read_metadata(folder / "trades.parquet").num_row_groups
    assert groups == -(-trades // 4_096)


def test_an_empty_curve_is_one(tmp_path: Path) -> None:
    folder = save(tmp_path, curve(0), [])
    found = read_curve(folder / "equity.parquet")
    assert bits(found) == (b"", b"")


def test_bits_that_are_easily_lost_are_kept(tmp_path: Path) -> None:
    patterns = (0x7FF8000000000123, 0xFFF0000000000001, 0x7FF0000000000000, 1 << 63, 1, 0)
    equities = np.array([struct.unpack("<d", struct.pack("<Q", p))[0] for p in patterns])
    times = np.array([-(2**63), 2**63 - 1, 0, -1, 1, 2], dtype=np.int64)
    folder = save(tmp_path, EquityCurve(times, equities), [])
    assert bits(read_curve(folder / "equity.parquet")) == bits(EquityCurve(times, equities))


def test_equal_values_make_equal_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save(tmp_path / name, curve(5_000), [trade(number) for number in range(5_000)])
    for name in ("equity.parquet", "trades.parquet"):
        first, second = (tmp_path / each / "portfolios" / "s.p" / name for each in ("a", "b"))
        assert first.read_bytes() == second.read_bytes()


def test_pieces_of_any_size_hold_the_same(tmp_path: Path) -> None:
    found = [
        bits(read_curve(save(tmp_path / str(size), curve(1_000), [], size) / "equity.parquet"))
        for size in (1, 7, 999, 1_000)
    ]
    assert found == [bits(curve(1_000))] * 4


def test_anything_reads_the_files(tmp_path: Path) -> None:
    folder = save(tmp_path, curve(), list(TRADES))
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


# --- while they are written -------------------------------------------------------------------


def test_files_have_their_names_only_when_they_are_complete(tmp_path: Path) -> None:
    sink = PortfolioFiles(tmp_path, "s.p")
    for piece in pieces(curve(70_000)):
        sink.add_samples(piece)
    waiting = [trade(number) for number in range(4_096)]
    sink.add_trades(waiting)
    assert waiting == []
    assert all(Path(name).name.startswith(".") for name in files(tmp_path))
    sink.complete(waiting)
    expected = ["portfolios/s.p/equity.parquet", "portfolios/s.p/trades.parquet"]
    assert files(tmp_path) == expected
    sink.abandon()
    assert files(tmp_path) == expected


def test_few_trades_are_left_where_they_are(tmp_path: Path) -> None:
    sink = PortfolioFiles(tmp_path, "s.p")
    waiting = [trade(number) for number in range(4_095)]
    sink.add_trades(waiting)
    assert len(waiting) == 4_095
    sink.abandon()


@pytest.mark.parametrize("samples", [0, 1, 70_000])
def test_what_is_abandoned_leaves_nothing_behind(samples: int, tmp_path: Path) -> None:
    before = open_files()
    sink = PortfolioFiles(tmp_path, "s.p")
    for piece in pieces(curve(samples)):
        sink.add_samples(piece)
    sink.add_trades([trade(number) for number in range(5_000)])
    sink.abandon()
    sink.abandon()
    assert files(tmp_path) == []
    assert open_files() == before


def test_a_long_portfolio_takes_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    made = [trade(number) for number in range(PIECE)]

    def peak(rounds: int) -> int:
        sink = PortfolioFiles(tmp_path / str(rounds), "s.p")
        pool = pa.default_memory_pool()
        held = pool.bytes_allocated()
        tracemalloc.start()
        highest = 0
        for _ in range(rounds):
            sink.add_samples(curve(PIECE))
            waiting = [replace(each) for each in made]
            sink.add_trades(waiting)
            highest = max(highest, pool.bytes_allocated() - held)
        sink.complete(waiting)
        highest += tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    peak(2)  # imports, and what Arrow makes once
    assert peak(48) < peak(16) + 2_000_000  # 32 rounds more are 20 MB more, were they kept


# --- where they cannot be written -------------------------------------------------------------


def test_a_portfolio_that_cannot_be_saved_is_a_storage_error(tmp_path: Path) -> None:
    folder = phase(tmp_path)
    folder.path.mkdir(parents=True)
    (folder.path / "portfolios").write_text("")
    with pytest.raises(StorageError, match=r"equity\.parquet could not be written: Not a dir"):
        folder.save_portfolio("s.p", portfolio())
    assert files(folder.path) == ["portfolios"]


@pytest.mark.parametrize("name", ["equity.parquet", "trades.parquet"])
def test_what_cannot_get_its_name_leaves_nothing_that_is_complete(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.replace

    def fail(self: Path, target: Path) -> Any:
        if target.name == name:
            raise OSError(errno.EIO, "Input/output error")
        return real(self, target)

    before = open_files()
    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(StorageError, match="could not be written: Input/output error; what was co"):
        phase(tmp_path).save_portfolio("s.p", portfolio())
    monkeypatch.undo()
    left = [path for path in files(tmp_path) if "portfolios" in path]
    assert [path for path in left if Path(path).name in (name, f".{name}.part")] == []
    assert open_files() - before <= 1  # the lock of the run


def test_a_trade_that_no_file_can_hold_is_a_storage_error(tmp_path: Path) -> None:
    for wrong in (
        Trade("s.p", "\ud800", 1, 1.0, 1, 2, 1.0, 1.0, 1, 0.0, 0.0),
        Trade("s.p", "A", 1, 1.0, 2**63, 2, 1.0, 1.0, 1, 0.0, 0.0),
    ):
        sink = PortfolioFiles(tmp_path, "s.p")
        sink.add_samples(curve())
        with pytest.raises(StorageError, match=r"a Trade cannot be stored: .*; expected names"):
            sink.complete([wrong])
        sink.abandon()
        assert files(tmp_path) == []


def test_a_portfolio_is_not_saved_through_a_link(tmp_path: Path) -> None:
    folder = phase(tmp_path / "results")
    (tmp_path / "elsewhere").mkdir()
    (folder.path / "portfolios").mkdir(parents=True)
    (folder.path / "portfolios" / "s.p").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageError, match=r"s\.p is a link, and a run writes through none; put"):
        folder.save_portfolio("s.p", portfolio())
    assert files(tmp_path / "elsewhere") == []


def test_what_is_written_as_it_comes_is_all_that_came_and_nothing_twice(tmp_path: Path) -> None:
    sink = PortfolioFiles(tmp_path, "s.p")
    expected = [replace(TRADES[0], entry_time=n) for n in range(15_000)]
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
