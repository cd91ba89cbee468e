"""A phase that was interrupted at any moment goes on, and ends as if it had not been."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from containers.storage import ITERATIONS_FILE, UNITS_FILE
from tests.storage.phases import (
    IDENTITY,
    Stop,
    after_add,
    after_create,
    after_keep,
    after_publish,
    before_the_first_write,
    complete,
    places,
    run_unit,
    within_finish,
    within_keep,
    within_publish,
    within_the_rename_of_a_crash,
)
from tests.storage.samples import files, phase, phase_result, portfolio


@pytest.mark.parametrize(
    "stop",
    [
        after_create, after_keep, after_publish, after_add, within_publish, within_keep,
        before_the_first_write, within_finish, within_the_rename_of_a_crash,
    ],
)  # fmt: skip
def test_a_phase_that_was_interrupted_ends_as_if_it_had_not_been(
    stop: Stop, tmp_path: Path
) -> None:
    whole, interrupted = phase(tmp_path), phase(tmp_path)
    complete(whole)
    stop(interrupted)
    complete(interrupted)
    assert files(interrupted.path) == files(whole.path)
    content = (interrupted.path / ITERATIONS_FILE).read_bytes()
    assert content == (whole.path / ITERATIONS_FILE).read_bytes()


def test_a_tree_that_was_cut_off_is_gone_as_long_as_its_phase_runs(tmp_path: Path) -> None:
    folder = phase(tmp_path)
    within_finish(folder)
    store = folder.store(IDENTITY)
    assert store.finished() is None
    assert places(folder.path) == [".iterations.log.part", UNITS_FILE]
    store.close()


@pytest.mark.parametrize("stop", [after_keep, after_publish, after_add, within_publish])
def test_a_unit_that_was_kept_is_not_run_again(stop: Stop, tmp_path: Path) -> None:
    folder = phase(tmp_path)
    stop(folder)
    store = folder.store(IDENTITY)
    record = store.unit((0, 0))
    assert record is not None
    store.publish((0, 0), record.part)
    store.publish((0, 0), record.part)  # twice is as good as once
    store.close()
    assert record.result.portfolios["s.p"].trades == portfolio().trades
    assert not [name for name in files(folder.path) if name.startswith("0/.")]


@pytest.mark.parametrize("stop", [after_create, within_keep, before_the_first_write])
def test_a_unit_that_was_not_kept_is_run_again_and_its_folder_is_gone(
    stop: Stop, tmp_path: Path
) -> None:
    folder = phase(tmp_path)
    stop(folder)
    store = folder.store(IDENTITY)
    assert store.unit((0, 0)) is None
    store.close()
    assert files(folder.path) == [".iterations.log.part", UNITS_FILE]


@pytest.mark.parametrize("stop", [after_keep, after_publish])
def test_a_unit_whose_folder_is_gone_is_run_again(stop: Stop, tmp_path: Path) -> None:
    folder = phase(tmp_path)
    stop(folder)
    shutil.rmtree(folder.path / "0")
    store = folder.store(IDENTITY)
    assert store.unit((0, 0)) is None
    store.close()
    complete(folder)


def test_a_phase_that_only_had_to_clear_up_is_finished(tmp_path: Path) -> None:
    folder = phase(tmp_path)
    complete(folder)
    (folder.path / UNITS_FILE).write_bytes(b"whatever it held")
    folder.unit((5,)).create()
    store = folder.store(IDENTITY)
    assert store.finished() is not None
    store.close()
    assert places(folder.path) == [ITERATIONS_FILE]
    assert not list(folder.path.rglob(".*"))


def test_what_workers_left_is_gone_when_the_phase_has_finished(tmp_path: Path) -> None:
    folder = phase(tmp_path)
    store = folder.store(IDENTITY)
    run_unit(folder, 0, 1)  # its worker died
    unit, content = run_unit(folder, 0, 1, number=1)
    store.keep((0, 1), content)
    store.publish((0, 1), unit.part)
    store.finish(phase_result())
    assert not list(folder.path.rglob(".*"))
    assert (folder.path / "0" / "1").is_dir()


def test_of_two_attempts_that_were_kept_the_last_counts(tmp_path: Path) -> None:
    folder = phase(tmp_path)
    store = folder.store(IDENTITY)
    first, content = run_unit(folder, 0, number=1)
    store.keep((0,), content)
    second, content = run_unit(folder, 0, number=2)
    store.keep((0,), content)
    store.close()
    again = folder.store(IDENTITY)
    record = again.unit((0,))
    assert record is not None
    assert (record.part, record.result.seed) == (second.part, 2)
    assert [path.name for path in folder.path.glob(".0.*")] == [second.part]
    assert first.part != second.part
    again.close()


def test_what_is_no_attempt_of_a_unit_is_left_alone(tmp_path: Path) -> None:
    folder = phase(tmp_path)
    others = [".mine", ".x.part", "0/.git/.0.part", "notes/.0.1.part", ".0.1.part2", "²/.0.a.part"]
    for name in others:
        (folder.path / name).mkdir(parents=True)
    (tmp_path / "elsewhere" / ".0.1.part").mkdir(parents=True)
    (folder.path / ".0.1.part").symlink_to(tmp_path / "elsewhere")
    (folder.path / "9").symlink_to(tmp_path / "elsewhere")
    (folder.path / ".1.1.part").write_text("a file")
    complete(folder)
    assert all((folder.path / name).is_dir() for name in others)
    assert (folder.path / ".0.1.part").is_symlink()
    assert (tmp_path / "elsewhere" / ".0.1.part").is_dir()
