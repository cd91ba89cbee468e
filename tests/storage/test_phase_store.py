"""The logs of a phase: what has finished is found again, and nothing else's."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from containers.errors import StorageError
from containers.storage import (
    ITERATIONS_FILE,
    UNITS_FILE,
    UnitRecord,
    encode_unit,
)
from containers.storage.log import Key
from tests.storage.logs import open_files
from tests.storage.phases import IDENTITY, Stop, after_keep, complete, journal, places, run_unit
from tests.storage.samples import create, files, iteration, phase, phase_result, portfolio


def test_a_phase_that_came_to_its_end_is_found_again_whole(tmp_path: Path) -> None:
    folder = phase(tmp_path)
    first = complete(folder)
    assert places(folder.path) == [ITERATIONS_FILE]
    store = folder.store(IDENTITY)
    found = store.finished()
    assert found is not None
    assert (found.metrics, found.results_path) == ({"bars": 2}, "0/backtest")
    assert len(found.iterations) == 1
    assert [each.window for each in found.iterations] == [each.window for each in first.iterations]
    leaf = found.iterations[0].iterations[1]
    assert (leaf.seed, leaf.portfolios["s.p"].trades) == (1, portfolio().trades)
    assert [(keys, each.window.name, records) for keys, each, records in store.walk()] == [
        ((0,), "window", ()),
        ((0, 0), "sample", journal(0)),
        ((0, 1), "sample", journal(1)),
    ]
    store.finish(found)
    store.close()


def test_a_phase_that_has_not_begun_has_nothing(tmp_path: Path) -> None:
    store = phase(tmp_path).store(IDENTITY)
    assert store.finished() is None
    assert store.unit((0,)) is None
    with pytest.raises(RuntimeError, match="has not come to its end"):
        next(store.walk())
    store.close()


def test_iterations_can_be_read_once_the_phase_is_finished(tmp_path: Path) -> None:
    folder = phase(tmp_path)
    store = folder.store(IDENTITY)
    store.add((0,), iteration("full"))
    lazy = store.iterations(1)
    with pytest.raises(StorageError, match=r"iterations\.log could not be read: No such file"):
        lazy[0]
    store.finish(phase_result(iterations=lazy))
    assert lazy[0] == iteration("full")


def test_units_are_kept_in_whatever_order_they_finish(tmp_path: Path) -> None:
    folder = phase(tmp_path)
    store = folder.store(IDENTITY)
    for index in (2, 0, 1):
        store.keep((index,), run_unit(folder, index, number=index)[1])
    store.close()
    again = folder.store(IDENTITY)
    for index in range(3):
        record = again.unit((index,))
        assert record is not None
        assert (record.result.seed, record.journal) == (index, journal(index))
    assert again.unit((3,)) is None
    again.close()


def test_a_unit_without_a_folder_of_its_own_is_kept_as_well(tmp_path: Path) -> None:
    folder = phase(tmp_path)
    store = folder.store(IDENTITY)
    store.keep((0,), encode_unit(UnitRecord((), iteration(portfolios={"s.p": portfolio()}))))
    store.close()
    again = folder.store(IDENTITY)
    record = again.unit((0,))
    assert record is not None
    assert record.part is None
    again.publish((0,), record.part)
    again.close()
    assert files(folder.path) == [".iterations.log.part", UNITS_FILE]


# --- refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize("stop", [after_keep, complete])
def test_a_phase_of_another_configuration_is_refused_and_left_alone(
    stop: Stop, tmp_path: Path
) -> None:
    folder = phase(tmp_path)
    stop(folder)
    run_unit(folder, 7)
    before = {path: path.stat().st_mtime_ns for path in folder.path.rglob("*")}
    with pytest.raises(StorageError, match="belongs to another configuration or other data than"):
        folder.store("1" * 32)
    assert {path: path.stat().st_mtime_ns for path in folder.path.rglob("*")} == before


@pytest.mark.parametrize(("stop", "name"), [(after_keep, UNITS_FILE), (complete, ITERATIONS_FILE)])
def test_a_damaged_log_is_refused_and_left_alone(stop: Stop, name: str, tmp_path: Path) -> None:
    folder = phase(tmp_path)
    stop(folder)
    content = bytearray((folder.path / name).read_bytes())
    content[80] ^= 1  # in the header of the first record
    (folder.path / name).write_bytes(content)
    before = files(folder.path)
    with pytest.raises(StorageError, match=r"is damaged at byte \d+: restore the file, or remove "):
        folder.store(IDENTITY)
    assert files(folder.path) == before
    (folder.path / name).unlink()
    complete(folder)


def test_a_unit_whose_record_is_damaged_is_refused(tmp_path: Path) -> None:
    folder = phase(tmp_path)
    store = folder.store(IDENTITY)
    for index in range(2):
        unit, content = run_unit(folder, index)
        store.keep((index,), content)
        store.publish((index,), unit.part)
    store.close()
    log = folder.path / UNITS_FILE
    log.write_bytes(log.read_bytes().replace(b"sample", b"simple", 1))
    again = folder.store(IDENTITY)
    with pytest.raises(StorageError, match="does not have the record 0 as it was written; the fil"):
        again.unit((0,))
    assert again.unit((1,)) is not None
    again.close()


def test_a_phase_behind_a_link_is_refused(tmp_path: Path) -> None:
    run = create(tmp_path / "results")
    (tmp_path / "elsewhere").mkdir()
    (run.path / "0").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageError, match="0 is a link, and a run writes through none; put what"):
        run.phase((0, "backtest")).store(IDENTITY)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_phase_whose_folder_is_a_file_is_a_storage_error(tmp_path: Path) -> None:
    folder = phase(tmp_path)
    folder.path.parent.mkdir(parents=True)
    folder.path.write_text("")
    with pytest.raises(StorageError, match="could not be written: Not a directory"):
        folder.store(IDENTITY)


def test_a_store_that_cannot_be_opened_holds_no_files(tmp_path: Path) -> None:
    folder = phase(tmp_path)
    folder.path.mkdir(parents=True)
    (folder.path / ".iterations.log.part").mkdir()
    before = open_files()
    with pytest.raises(StorageError, match="could not be written: Is a directory"):
        folder.store(IDENTITY)
    assert open_files() == before


def test_very_deep_units_are_kept_and_found(tmp_path: Path) -> None:
    folder = phase(tmp_path)
    keys: Key = tuple(range(60))
    store = folder.store(IDENTITY)
    unit, content = run_unit(folder, *keys)
    store.keep(keys, content)
    store.publish(keys, unit.part)
    store.close()
    again = folder.store(IDENTITY)
    record = again.unit(keys)
    assert record is not None
    assert record.result.portfolios["s.p"].trades == portfolio().trades
    again.close()


def test_many_iterations_take_little_memory(tmp_path: Path) -> None:
    folder, count = phase(tmp_path), 5_000
    store = folder.store(IDENTITY)
    result = iteration("sample", parameters={"s.fast": 3}, portfolios={"s.p": portfolio()})
    tracemalloc.start()
    for index in range(count):
        store.add((index,), result)
    store.finish(phase_result(iterations=store.iterations(count)))
    again = folder.store(IDENTITY).finished()
    assert again is not None
    assert sum(each.window.last_bar for each in again.iterations) == 9 * count
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak / count < 500  # of the tree as it is written, and of the one that is read
