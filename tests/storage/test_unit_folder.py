"""The folder of a unit: hidden while it is written, named when its result is taken."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from containers.errors import StorageError
from containers.results import Signals
from containers.storage import PhaseFolder, UnitFolder, UnitRecord, decode_unit, encode_unit
from containers.storage.unit_folder import publish
from containers.tables import read_signals
from tests.storage.samples import (
    SIGNALS,
    create,
    files,
    iteration,
    phase,
    portfolio,
    same_portfolio,
    save_portfolio,
)


def published(folder: PhaseFolder, unit: UnitFolder, *keys: int) -> Path:
    place = folder.path.joinpath(*map(str, keys))
    publish(place, unit.part)
    return place


def test_a_unit_writes_into_a_hidden_folder_that_gets_its_name_later(tmp_path: Path) -> None:
    folder = create(tmp_path).phase((2, "backtest"))
    unit = folder.unit((5,))
    assert not folder.path.exists()
    unit.create()
    (hidden,) = folder.path.iterdir()
    assert hidden.name == unit.part
    assert unit.part.startswith(".5.")
    assert unit.trace == hidden / "trace"
    assert not unit.trace.exists()
    (hidden / "file").write_text("kept")
    assert published(folder, unit, 5) == folder.path / "5"
    assert (folder.path / "5" / "file").read_text() == "kept"
    assert not hidden.exists()


def test_units_lie_below_the_iterations_that_lead_to_them(tmp_path: Path) -> None:
    run = create(tmp_path)
    folder = run.phase((0, "wide", 1, "validate"))
    unit = folder.unit((3, 0, 12))
    unit.create()
    assert published(folder, unit, 3, 0, 12) == run.path / "0/wide/1/validate/3/0/12"


def test_no_two_attempts_of_a_unit_share_a_folder(tmp_path: Path) -> None:
    folder = phase(tmp_path)
    units = [folder.unit((0,)) for _ in range(50)]
    for unit in units:
        unit.create()
    assert len({unit.part for unit in units}) == 50
    with pytest.raises(StorageError, match="could not be written: File exists"):
        units[0].create()


def test_a_unit_below_a_file_cannot_be_made(tmp_path: Path) -> None:
    run = create(tmp_path)
    (run.path / "0").write_text("")
    with pytest.raises(StorageError, match="could not be written: Not a directory"):
        run.phase((0, "backtest")).unit((0,)).create()


def test_a_unit_that_is_discarded_leaves_nothing(tmp_path: Path) -> None:
    folder = phase(tmp_path)
    unit = folder.unit((0,))
    unit.create()
    save_portfolio(unit, "s.p")
    unit.save_signals(SIGNALS)
    unit.discard()
    assert list(folder.path.iterdir()) == []
    unit.discard()


def test_a_unit_folder_can_be_sent_to_another_process(tmp_path: Path) -> None:
    folder = phase(tmp_path)
    unit = folder.unit((0,))
    sent = pickle.loads(pickle.dumps(unit))
    assert sent.part == unit.part
    sent.create()
    sent.save_signals(SIGNALS)
    assert files(published(folder, unit, 0)) == ["signals.parquet"]


@pytest.mark.parametrize("signals", [SIGNALS, Signals(("a", "b"), ()), Signals((), ())])
def test_signals_are_saved_exactly_and_read_back(signals: Signals, tmp_path: Path) -> None:
    folder = phase(tmp_path)
    unit = folder.unit((0,))
    unit.create()
    unit.save_signals(signals)
    file = folder.path / unit.part / "signals.parquet"
    first = file.read_bytes()
    unit.save_signals(signals)
    assert file.read_bytes() == first
    place = published(folder, unit, 0)
    assert files(place) == ["signals.parquet"]
    assert read_signals(place / "signals.parquet") == signals


def test_what_is_no_signals_is_not_read_as_such(tmp_path: Path) -> None:
    folder = phase(tmp_path)
    unit = folder.unit((0,))
    unit.create()
    save_portfolio(unit, "s.p")
    place = published(folder, unit, 0)
    with pytest.raises(
        StorageError, match="holds no signals: found the columns portfolio string, sy"
    ):
        read_signals(place / "portfolios" / "s.p" / "trades.parquet")
    (place / "broken.parquet").write_bytes(b"PAR1")
    with pytest.raises(StorageError, match="could not be read as signals"):
        read_signals(place / "broken.parquet")
    with pytest.raises(StorageError, match="could not be read as signals"):
        read_signals(place / "missing.parquet")


def test_a_unit_whose_hidden_folder_is_gone_cannot_get_its_name(tmp_path: Path) -> None:
    folder = phase(tmp_path)
    unit = folder.unit((0,))
    with pytest.raises(StorageError, match="which a unit was written into, is gone; resume the ru"):
        published(folder, unit, 0)


def test_what_was_left_half_way_under_the_name_of_a_unit_is_replaced(tmp_path: Path) -> None:
    folder = phase(tmp_path)
    (folder.path / "0" / "trace").mkdir(parents=True)
    (folder.path / "0" / "trace" / "bar.parquet").write_bytes(b"half of")
    unit = folder.unit((0,))
    unit.create()
    unit.save_signals(SIGNALS)
    assert files(published(folder, unit, 0)) == ["signals.parquet"]


@pytest.mark.parametrize("place", ["0", "0/backtest", "0/backtest/3"])
def test_a_unit_is_not_written_through_a_link(place: str, tmp_path: Path) -> None:
    run = create(tmp_path / "results")
    (tmp_path / "elsewhere").mkdir()
    link = run.path / place
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageError, match="is a link, and a run writes through none; put what"):
        run.phase((0, "backtest")).unit((3, 1)).create()
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_link_under_the_name_of_a_unit_is_not_followed(tmp_path: Path) -> None:
    folder = phase(tmp_path / "results")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "kept").write_text("kept")
    unit = folder.unit((0,))
    unit.create()
    (folder.path / "0").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageError, match="could not be written: "):
        published(folder, unit, 0)
    assert files(tmp_path / "elsewhere") == ["kept"]


def test_portfolios_of_a_unit_can_be_read_before_its_folder_has_its_name_and_after(
    tmp_path: Path,
) -> None:
    folder = phase(tmp_path)
    unit = folder.unit((3,))
    unit.create()
    save_portfolio(unit, "s.p")
    stored = unit.stored_portfolios({"s.p": portfolio(None, None)})
    record = UnitRecord((), iteration(portfolios=stored), unit.part)
    decoded = decode_unit(encode_unit(record), folder.path.parents[1]).result.portfolios
    for found in (stored, decoded):
        assert same_portfolio(found["s.p"], portfolio())
    published(folder, unit, 3)
    for found in (stored, decoded):
        assert same_portfolio(found["s.p"], portfolio())
    (folder.path / "3").rename(folder.path / "4")
    for found in (stored, decoded):
        with pytest.raises(StorageError, match=r"3/portfolios/s\.p/trades\.parquet could not be"):
            found["s.p"]
