"""The folder of a run: made once, alone, whole or not at all."""

from __future__ import annotations

import errno
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

import containers
from containers.errors import ConfigurationError
from containers.storage import default_workflow_id
from tests.storage.samples import DIGEST, create, files


def test_runs_are_named_after_workflow_and_configuration_and_numbered(tmp_path: Path) -> None:
    names = [create(tmp_path / "new" / "results").workflow_id for _ in range(3)]
    assert names == [f"simple_backtest-01234567-{n}" for n in (1, 2, 3)]


def test_the_first_free_number_is_taken(tmp_path: Path) -> None:
    for number in (1, 3):
        (tmp_path / default_workflow_id("simple_backtest", DIGEST, number)).mkdir()
    assert create(tmp_path).workflow_id.endswith("-2")
    assert create(tmp_path).workflow_id.endswith("-4")


def test_a_file_of_the_name_takes_the_number_as_well(tmp_path: Path) -> None:
    (tmp_path / default_workflow_id("simple_backtest", DIGEST, 1)).write_text("")
    assert create(tmp_path).workflow_id.endswith("-2")


def test_a_given_id_names_the_folder(tmp_path: Path) -> None:
    folder = create(tmp_path, "my-run_1.2")
    assert (folder.workflow_id, folder.path) == ("my-run_1.2", tmp_path / "my-run_1.2")
    assert folder.path.is_dir()
    assert not folder.resumed


def test_a_new_folder_has_its_card_and_its_lock(tmp_path: Path) -> None:
    assert files(create(tmp_path).path) == [".lock", "run.json"]


def test_a_given_id_that_exists_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "kept").write_text("kept")
    with pytest.raises(ConfigurationError) as raised:
        create(tmp_path, "mine")
    assert str(raised.value) == (
        f"a run with the id 'mine' exists in {tmp_path} "
        "(choose another id, or none and get the next free one)"
    )
    assert files(tmp_path) == ["mine/kept"]


@pytest.mark.parametrize("workflow_id", [None, "mine"])
def test_a_file_in_the_place_of_the_results_is_refused(
    workflow_id: str | None, tmp_path: Path
) -> None:
    (tmp_path / "results").write_text("a file")
    with pytest.raises(ConfigurationError, match="is not a folder"):
        create(tmp_path / "results", workflow_id)
    assert (tmp_path / "results").read_text() == "a file"


def test_results_below_a_file_are_refused_with_the_key_to_change(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError) as raised:
        create(tmp_path / "file" / "results")
    assert str(raised.value) == (
        f"results.directory: results cannot be written to {tmp_path / 'file' / 'results'}: "
        "Not a directory (choose a writable folder in results.directory or --out)"
    )
    assert raised.value.problems[0].path == ("results", "directory")


def test_a_folder_that_may_not_be_written_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(ConfigurationError, match=r"^results\.directory: .*Permission denied"):
        create(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_threads_never_share_a_folder(tmp_path: Path) -> None:
    together = Barrier(8)

    def make(_: int) -> str:
        together.wait()
        return create(tmp_path / "results").workflow_id

    with ThreadPoolExecutor(8) as pool:
        names = sorted(pool.map(make, range(8)))
    assert names == [f"simple_backtest-01234567-{n}" for n in range(1, 9)]


def test_of_threads_with_one_given_id_one_wins(tmp_path: Path) -> None:
    together = Barrier(8)

    def make(_: int) -> bool:
        together.wait()
        try:
            create(tmp_path / "results", "mine")
        except ConfigurationError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(make, range(8))) == 1


def test_processes_never_share_a_folder(tmp_path: Path) -> None:
    script = (
        "import sys, pathlib; from tests.storage.samples import create\n"
        "sys.stdin.readline()\n"
        "for _ in range(20):\n"
        f"    print(create(pathlib.Path({str(tmp_path / 'results')!r})).workflow_id)\n"
    )
    root = Path(containers.__file__).parents[1]
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", script],
            cwd=root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for run in runs:
        assert run.stdin is not None
        run.stdin.write("go\n")
        run.stdin.flush()
    names = [name for run in runs for name in run.communicate(timeout=60)[0].split()]
    assert sorted(names) == sorted(f"simple_backtest-01234567-{n}" for n in range(1, 41))
