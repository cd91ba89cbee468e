"""Taking up a run: what is refused, with its message, and what is left of the last end."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from msgspec.structs import replace

from containers.errors import ConfigurationError, StorageError
from containers.storage import RunCard, RunFolder, is_held, read_card
from tests.storage.logs import open_files
from tests.storage.processes import process
from tests.storage.samples import IDENTITY, card, create, files


def interrupted(parent: Path, workflow_id: str = "mine", **changes: Any) -> Path:
    folder = create(parent, workflow_id, **changes)
    folder.release()
    return folder.path


def resume(parent: Path, workflow_id: str = "mine", **changes: Any) -> RunFolder:
    return RunFolder.resume(parent, card=card(**changes), workflow_id=workflow_id)


def refusal(parent: Path, workflow_id: str = "mine", **changes: Any) -> list[str]:
    with pytest.raises(ConfigurationError) as raised:
        resume(parent, workflow_id, **changes)
    return [str(problem) for problem in raised.value.problems]


# --- taken up ---------------------------------------------------------------------------------


def test_a_run_that_was_interrupted_is_taken_up(tmp_path: Path) -> None:
    path = interrupted(tmp_path)
    folder = resume(tmp_path)
    assert (folder.path, folder.workflow_id, folder.resumed) == (path, "mine", True)
    assert is_held(path)
    assert read_card(path) == card(state="running")
    folder.release()


@pytest.mark.parametrize("success", [True, False])
def test_a_run_that_has_ended_is_taken_up_without_its_end(success: bool, tmp_path: Path) -> None:
    folder = create(tmp_path, "mine")
    for name in ("result.json", "manifest.json", ".result.json.1-2.part", "0/kept"):
        (folder.path / name).parent.mkdir(exist_ok=True)
        (folder.path / name).write_text(name)
    folder.close(success=success)
    assert read_card(folder.path).state == ("finished" if success else "failed")
    assert not is_held(folder.path)
    again = resume(tmp_path)
    assert files(again.path) == [".lock", "0/kept", "run.json"]
    assert read_card(again.path).state == "running"
    again.close(success=True)
    assert read_card(again.path).state == "finished"


@pytest.mark.parametrize(("before", "now"), [("disk", "hybrid"), ("hybrid", "disk")])
def test_disk_and_hybrid_may_take_turns(before: str, now: str, tmp_path: Path) -> None:
    path = interrupted(tmp_path, storage=before)
    resume(tmp_path, storage=now).release()
    assert read_card(path).storage == now


def test_a_run_whose_process_was_killed_is_taken_up(tmp_path: Path) -> None:
    script = (
        "import pathlib, sys; from tests.storage.samples import create\n"
        f"folder = create(pathlib.Path({str(tmp_path)!r}), 'mine')\n"
        "print('ready', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with process(script) as holder:
        assert refusal(tmp_path) == [
            "the run 'mine' is going on (wait for it, or end it; then resume it)"
        ]
        holder.kill()
        holder.wait(60)
        resume(tmp_path).release()


def test_a_run_that_was_let_go_twice_is_let_go(tmp_path: Path) -> None:
    folder = create(tmp_path, "mine")
    folder.close(success=True)
    folder.release()
    again = resume(tmp_path)
    folder.release()
    assert is_held(again.path)
    again.release()


# --- refused ----------------------------------------------------------------------------------


def test_a_run_that_is_not_there_is_refused_with_the_nearest(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none") == [
        f"there is no run 'mine' in {tmp_path / 'none'} (there is none at all)"
    ]
    interrupted(tmp_path, "sweep-0123abcd-1")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "result.json").write_text("{}")
    assert refusal(tmp_path) == [f"there is no run 'mine' in {tmp_path} (known: sweep-0123abcd-1)"]
    assert refusal(tmp_path, "sweep-0123abcd-2") == [
        f"there is no run 'sweep-0123abcd-2' in {tmp_path} (did you mean 'sweep-0123abcd-1'?)"
    ]
    assert not is_held(tmp_path / "mine")


def test_a_run_that_is_going_on_is_refused_and_goes_on(tmp_path: Path) -> None:
    folder = create(tmp_path, "mine")
    (folder.path / "result.json").write_text("{}")
    assert refusal(tmp_path) == [
        "the run 'mine' is going on (wait for it, or end it; then resume it)"
    ]
    assert (folder.path / "result.json").exists()
    assert is_held(folder.path)
    folder.release()


def test_of_threads_that_take_up_a_run_one_gets_it(tmp_path: Path) -> None:
    interrupted(tmp_path)
    together = Barrier(8)

    def take(_: int) -> RunFolder | None:
        together.wait()
        try:
            return resume(tmp_path)
        except ConfigurationError:
            return None

    with ThreadPoolExecutor(8) as pool:
        taken = [folder for folder in pool.map(take, range(8)) if folder is not None]
    assert len(taken) == 1
    taken[0].release()


CANNOT = "the run 'mine' cannot be resumed: "


def other(**changes: Any) -> dict[str, Any]:
    return {"identity": replace(IDENTITY, **changes)}


MEMORY = (
    "results.storage: {}its storage is memory {}, so nothing of it was kept "
    "(set results.storage to disk or hybrid, and start a run of its own)"
)
OTHER_CONFIGURATION = (
    "{}the configuration is not that of the run "
    "(resume with the configuration it was begun with, or start a run of its own)"
)
OTHER_SEED = "random_seed: {}the seed is 8, and the run was begun with 7 (set it back)"
OTHER_AAA = (
    "data: {}the data of AAA_1d are not those of the run "
    "(restore its file, or start a run of its own)"
)
OTHER_BBB = OTHER_AAA.replace("AAA_1d", "BBB_1h")
OTHER_CODE = (
    "{}the installed code is not that of the run (the sources of the engine, of containers or of "
    "own components and definitions, or the versions of Python or numpy have changed: install what "
    "it was begun with)"
)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"engine": "declarative"}, ["{}its engine was imperative, and is declarative now"]),
        ({"workflow": "other"}, ["{}its workflow was simple_backtest, and is other now"]),
        (other(configuration="x"), [OTHER_CONFIGURATION]),
        (other(seed="8"), [OTHER_SEED]),
        (other(data={"AAA_1d": "x", "BBB_1h": "y"}), [OTHER_AAA, OTHER_BBB]),
        (other(data={}), [OTHER_AAA]),
        (other(code="x"), [OTHER_CODE]),
        ({"storage": "memory"}, [MEMORY.format("{}", "now")]),
    ],
)
def test_another_run_is_refused_with_what_differs(
    changes: dict[str, Any], expected: list[str], tmp_path: Path
) -> None:
    path = interrupted(tmp_path)
    (path / "result.json").write_text("{}")
    assert refusal(tmp_path, **changes) == [message.format(CANNOT) for message in expected]
    assert read_card(path) == card()
    assert (path / "result.json").exists()
    assert not is_held(path)


def test_all_that_differs_is_named_at_once(tmp_path: Path) -> None:
    interrupted(tmp_path)
    changed = replace(IDENTITY, configuration="x", data={}, code="x", seed="8")
    assert len(refusal(tmp_path, engine="declarative", workflow="w", identity=changed)) == 6


def test_a_run_that_was_kept_in_memory_is_refused(tmp_path: Path) -> None:
    interrupted(tmp_path, storage="memory")
    for storage in ("memory", "disk"):
        whose = "now" if storage == "memory" else "when it was begun"
        assert refusal(tmp_path, storage=storage) == [MEMORY.format(CANNOT, whose)]


def break_card(path: Path) -> None:
    (path / "run.json").write_text("{}")


def empty_card(path: Path) -> None:
    (path / "run.json").write_bytes(b"")


def other_schema(path: Path) -> None:
    text = (path / "run.json").read_text()
    (path / "run.json").write_text(text.replace("run-card/1", "run-card/2"))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (break_card, "does not describe a run: Object missing required field `schema`; restore it"),
        (empty_card, "does not describe a run: Input data was truncated; restore it, or start a r"),
        (other_schema, "has the schema 'paritykit/run-card/2'; expected 'paritykit/run-card/1': u"),
    ],
)
def test_a_run_with_a_card_that_is_none_is_refused(
    spoil: Callable[[Path], None], message: str, tmp_path: Path
) -> None:
    path = interrupted(tmp_path)
    spoil(path)
    before = open_files()
    with pytest.raises(StorageError, match=message):
        resume(tmp_path)
    assert not is_held(path)
    assert open_files() == before


# --- folders that cannot be written -----------------------------------------------------------


def refuse_opening(monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    real_open, real = Path.open, os.open

    def path_open(self: Path, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        if "w" in mode and ending in self.name:
            raise PermissionError(13, "Permission denied")
        return real_open(self, mode, *args, **kwargs)

    def os_open(path: Any, how: int, mode: int = 0o777, **kwargs: Any) -> int:
        if how & os.O_CREAT and ending in str(path):
            raise PermissionError(13, "Permission denied")
        return real(path, how, mode, **kwargs)

    monkeypatch.setattr(Path, "open", path_open)
    monkeypatch.setattr(os, "open", os_open)


@pytest.mark.parametrize("file", [".lock", "run.json"])
def test_a_run_that_cannot_be_begun_leaves_nothing(
    file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = open_files()
    refuse_opening(monkeypatch, file)
    with pytest.raises(StorageError, match=r"could not be (locked|written): Permission denied; "):
        create(tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert open_files() == before


def test_a_run_that_cannot_be_locked_cannot_be_taken_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(tmp_path)
    refuse_opening(monkeypatch, ".lock")
    (message,) = refusal(tmp_path)
    assert message.startswith(f"results.directory: results cannot be written to {tmp_path}: ")
    assert message.endswith("(choose a writable folder in results.directory or --out)")


def test_a_run_whose_card_cannot_be_written_stays_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = create(tmp_path, "mine")
    (folder.path / "result.json").write_text("{}")
    folder.close(success=True)
    refuse_opening(monkeypatch, "run.json")
    with pytest.raises(StorageError, match="could not be written: Permission denied"):
        resume(tmp_path)
    assert (folder.path / "result.json").exists()
    assert read_card(folder.path).state == "finished"
    assert not is_held(folder.path)


def test_a_run_whose_end_cannot_be_said_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = create(tmp_path, "mine")
    refuse_opening(monkeypatch, "run.json")
    with pytest.raises(StorageError, match="could not be written: Permission denied"):
        folder.close(success=True)
    assert not is_held(folder.path)
    assert read_card(folder.path).state == "running"


def test_a_broken_link_takes_the_name_of_a_run_as_well(tmp_path: Path) -> None:
    (tmp_path / "simple_backtest-01234567-1").symlink_to(tmp_path / "nowhere")
    assert create(tmp_path).workflow_id.endswith("-2")
    with pytest.raises(ConfigurationError, match="a run with the id 'simple_backtest-01234567-1' "):
        create(tmp_path, "simple_backtest-01234567-1")
    assert not (tmp_path / "nowhere").exists()


def test_a_card_says_what_a_run_is(tmp_path: Path) -> None:
    path = interrupted(tmp_path)
    found = read_card(path)
    assert isinstance(found, RunCard)
    assert found == card()
    assert (path / "run.json").read_text().startswith('{\n "engine": "imperative",\n')
