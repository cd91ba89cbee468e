"""A disk that takes no more: the phase fails, and with room the run goes on to the same bits."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.survival.damaging import study_of
from tests.survival.observing import ID, observe

ROOT = Path(__file__).resolve().parents[2]
ENGINES = ("imperative", "declarative")


def filled(**job: Any) -> dict[str, Any]:
    """Do a job of `tests.survival.filling` in a process of its own."""
    given = {"since": "begin", **job, "root": str(job["root"])}
    done = subprocess.run(
        [sys.executable, "-m", "tests.survival.filling", json.dumps(given)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def with_room(engine: str, root: Path, *, resume: bool = False) -> dict[str, str]:
    """Run or resume the study to its end, in this process; give the digests."""
    seen = observe(engine, study_of(root.parent / "market"), root, resume=resume)
    assert seen.document["error"] is None
    return seen.digests()


@pytest.fixture(scope="module", params=ENGINES)
def whole(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("full")
    (folder / "whole").mkdir()
    return str(request.param), folder, with_room(str(request.param), folder / "whole")


@pytest.mark.parametrize(
    ("limit", "file"),
    [
        (600, "trades.parquet"),
        (3_000, "trades.parquet"),
        (6_000, "units.log"),
        (40_000, "log"),
    ],
)
def test_a_disk_that_is_full_fails_the_phase_and_what_had_finished_is_kept(
    whole: tuple[str, Path, dict[str, Any]], limit: int, file: str
) -> None:
    engine, folder, expected = whole
    root = folder / f"at-{limit}"
    root.mkdir()
    error = filled(engine=engine, root=root, limit=limit)["error"]
    assert error["type"] == "StorageError"
    assert error["path"].startswith("iteration=0/phase=work")
    assert file in error["message"]
    assert "File too large; what was complete stays: make room" in error["message"]
    card = json.loads((root / "results" / ID / "run.json").read_text())
    assert card["state"] in ("failed", "running")  # running where the card found no room either
    assert with_room(engine, root, resume=True) == expected


@pytest.mark.parametrize(
    ("since", "limit", "file"),
    [
        ("phases", 9, "result.json"),
        ("phases", 99_999, "result.json"),
        ("result", 99, "manifest.json"),
    ],
)
def test_a_disk_that_is_full_at_the_end_fails_the_run_and_loses_no_phase(
    whole: tuple[str, Path, dict[str, Any]], since: str, limit: int, file: str
) -> None:
    engine, folder, expected = whole
    root = folder / f"{since}-{limit}"
    root.mkdir()
    seen = filled(engine=engine, root=root, limit=limit, since=since)
    assert (seen["error"]["type"], seen["error"]["path"]) == ("StorageError", "")
    assert f"{file} could not be written" in seen["error"]["message"]
    assert with_room(engine, root, resume=True) == expected


def test_a_run_for_whose_card_there_is_no_room_leaves_nothing(
    whole: tuple[str, Path, dict[str, Any]], tmp_path: Path
) -> None:
    engine, folder, _ = whole
    (tmp_path / "root").mkdir()
    script = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from containers.errors import StorageError\n"
        "from tests.contract.conftest import made\n"
        "from tests.survival.damaging import study_of\n"
        f"study = study_of(Path({str(folder / 'market')!r}))\n"
        f"root = Path({str(tmp_path / 'root')!r})\n"
        f"subject = made({engine!r}, study.definitions, root.parent / 'patterns', root=root)\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10, resource.RLIM_INFINITY))\n"
        "try:\n"
        "    subject.run_workflow(study.config)\n"
        "except StorageError as error:\n"
        "    sys.exit(str(error))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "run.json could not be written: File too large" in done.stderr
    assert "Traceback" not in done.stderr
    assert list((tmp_path / "root" / "results").iterdir()) == []
