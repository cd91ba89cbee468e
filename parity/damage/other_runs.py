"""Runs that cannot be taken up, or begun: another configuration, a lock, an id, a place taken."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from containers.configuration import UserInput
from parity.damage.left_folders import left
from parity.damage.observation import Observation
from parity.damage.stored_study import RUN, StoredStudy, copied, logs, raised_by
from parity.damage.told import Outcomes, Part
from parity.runs.inventory import stored_run

__all__ = ["OTHERS"]


_WORK: Final = RUN / "0" / "work"
_IDS: Final = (
    "../mine", "a/b", "/tmp/x", "", ".", "..", ".hidden", "a b", "a\\b", "ä", "a\n", "a" * 201,
    "-", "_", "0", "a.b-c_d", "mime", "min",
)  # fmt: skip


def resumed(engine: str) -> Part:
    """Resume a run as another: each difference is named, and the run is as it was."""

    def part(home: Path, folder: Path) -> Outcomes:
        study = logs(engine, home)
        expected = study.observed(folder / "whole")
        base = folder / "cut"
        study.interrupted(base, 3)
        moved = folder / "moved"
        shutil.copytree(home.parent / "handmade", moved / "data")
        changed = folder / "changed"
        shutil.copytree(home.parent / "handmade", changed / "data")
        bars = (changed / "data" / "CCC_1d.csv").read_text().splitlines()
        bars[-1], bars[-2] = bars[-1].replace("0", "1", 1), bars[-2]
        (changed / "data" / "CCC_1d.csv").write_text("\n".join(bars) + "\n")
        given: dict[str, UserInput] = {
            "as it was": study.given(),
            "in memory": study.given(results__storage="memory"),
            "of another tape": study.given(execution__slippage_bps=1),
            "of another seed": study.given(random_seed=1),
            "of a long seed": study.given(random_seed=2**70),
            "of another order": study.given(parameter_space={"momentum.slow_period": [3, 2]}),
            "of fewer symbols": study.given(symbols=["AAA"]),
            "of another order of symbols": study.given(symbols=["CCC", "AAA"]),
            "of other data": study.given(data__data_dir=str(changed / "data")),
            "of a range": study.given(data__start_date="2024-01-02"),
            "another workflow": study.given(workflow="simple_backtest", parameter_space={}),
            "another setting of a phase": study.given(phases={"work": {"trace_level": "none"}}),
        }  # fmt: skip
        told = {
            name: _as_it_was(study, base, folder, expected, given=each)
            for name, each in given.items()
        }
        for name, each in {
            "hybrid": study.given(results__storage="hybrid"),
            "of moved data": study.given(data__data_dir=str(moved / "data")),
        }.items():
            other_words = study.observed(folder / name, given=each)  # which its journal has
            told[name] = _as_it_was(study, base, folder, other_words, given=each)
        short = study.given(phases={"again": {"data": {"start_date": "2024-01-04"}}})
        parts = study.observed(folder / "parts", given=short)
        study.interrupted(folder / "part", 3, given=short)
        for name, each in (
            ("a phase of other bars", short),
            ("all phases of all bars", study.given()),
        ):
            told[name] = _as_it_was(study, folder / "part", folder, parts, given=each)
        (other,) = {"imperative", "declarative"} - {engine}
        told["the other engine"] = _as_it_was(logs(other, home), base, folder, expected)
        own = shutil.copytree(home, folder / "own")
        (folder / "handmade").symlink_to(home.parent / "handmade")
        told["own files elsewhere"] = _as_it_was(logs(engine, own), base, folder, expected)
        for file in ("components/damaged.py", "patterns/logged.yaml"):
            text = (own / file).read_text()
            (own / file).write_text(text + "\n# more\n")
            told[f"another {file}"] = _as_it_was(logs(engine, own), base, folder, expected)
            (own / file).write_text(text)
        return {"resumed": told}

    return part


def _as_it_was(
    study: StoredStudy, base: Path, folder: Path, expected: Observation, **how: Any
) -> str:
    root = copied(base, folder / "run")
    card = (root / RUN / "run.json").read_bytes()
    said = study.outcome(root, expected, **how)
    if said.startswith("ConfigurationError") and (root / RUN / "run.json").read_bytes() != card:
        return f"not meant: the card is changed, and {said}"
    return said


def begun(engine: str) -> Part:
    """Begin and resume runs by ids and at places that are no good, or taken."""

    def part(home: Path, folder: Path) -> Outcomes:
        study = logs(engine, home)
        small = study.given(workflow="simple_backtest", parameter_space={})
        ids: dict[str, str] = {}
        for name in _IDS:
            for resume in (False, True):
                root = folder / "ids"
                root.mkdir()
                act = lambda: study.run(root, workflow_id=name, resume=resume, given=small)  # noqa: B023, E731
                shown = name if len(name) < 9 else f"{len(name)} letters"
                said = raised_by(act, root)
                before = sorted(p.name for p in root.glob("results/*"))
                ids[f"{shown!r} {'resumed' if resume else 'begun'}"] = said or f"is there: {before}"
                shutil.rmtree(root)
        root = folder / "named"
        named = [study.run(root, workflow_id=None, given=small).workflow_id for _ in range(3)]
        study.run(root, given=small)
        ids["none given"] = ", ".join(re.sub("-[0-9a-f]{8}-", "-DIGEST-", name) for name in named)
        ids["none given, resumed"] = _raised(study, root, small, workflow_id=None, resume=True)
        ids["taken"] = _raised(study, root, small)
        ids["almost that of another"] = _raised(study, root, small, workflow_id="nine", resume=True)
        return {"ids": ids, "places": dict(_places(study, small, folder))}

    return part


def _raised(study: StoredStudy, root: Path, given: UserInput, **how: Any) -> str:
    return raised_by(lambda: study.run(root, given=given, **how), root) or "is done"


def _places(study: StoredStudy, given: UserInput, folder: Path) -> Iterator[tuple[str, str]]:
    def file(place: Path) -> None:
        place.write_text("kept")

    def link(place: Path) -> None:
        place.symlink_to(place.parent / "nowhere")

    def full(place: Path) -> None:
        place.mkdir()
        (place / "kept").write_text("kept")

    for name, lay in {"a file": file, "a link": link, "a folder": full}.items():
        for below in ("results", "results/mine"):
            for resume in (False, True):
                root = folder / "place"
                (root / below).parent.mkdir(parents=True)
                lay(root / below)
                before = sorted(root.rglob("*"))
                said = _raised(study, root, given, resume=resume)
                kept = (
                    "" if sorted(root.rglob("*")) == before or said == "is done" else ", and more"
                )
                yield f"{name} at {below} {'resumed' if resume else 'begun'}", said + kept
                shutil.rmtree(root)


@contextmanager
def _held(folder: Path, how: int, seconds: float | None = None) -> Iterator[None]:
    """Hold the lock of a run, as another process would; for some seconds or to the end."""
    file = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(file, how)
    release = threading.Timer(seconds or 0.0, lambda: fcntl.flock(file, fcntl.LOCK_UN))
    if seconds is not None:
        release.start()
    try:
        yield
    finally:
        if seconds is not None:
            release.join()
        os.close(file)


def locked(engine: str) -> Part:
    """Take up a run that somebody holds, and one whose lock is no file."""

    def part(home: Path, folder: Path) -> Outcomes:
        study = logs(engine, home)
        expected = study.observed(folder / "whole")
        base = folder / "cut"
        study.interrupted(base, 3)

        def state(root: Path) -> str:
            run = stored_run(root / RUN)
            return "no run" if run is None else f"{run.status}, {run.problem or 'no problem'}"

        told: dict[str, str] = {}
        for name, how, seconds in (
            ("by a run", fcntl.LOCK_EX, None),
            ("by who looks", fcntl.LOCK_SH, None),
            ("by who looks for a moment", fcntl.LOCK_SH, 0.05),
        ):
            root = copied(base, folder / "run")
            with _held(root / RUN, how, seconds):
                if seconds is None:
                    told[f"held {name}, state"] = state(root).replace(str(root), "ROOT")
                told[f"held {name}"] = study.outcome(root, expected)
            told[f"held {name}, and let go"] = study.outcome(root, expected)
        ways: dict[str, Callable[[Path], Any]] = {
            "gone": lambda lock: None,
            "a folder": lambda lock: lock.mkdir(),
            "a link": lambda lock: lock.symlink_to(base),
            "not empty": lambda lock: lock.write_text("kept"),
        }
        for name, lay in ways.items():
            root = copied(base, folder / "run")
            (root / RUN / ".lock").unlink()
            lay(root / RUN / ".lock")
            told[f"{name}, state"] = state(root).replace(str(root), "ROOT")
            told[name] = study.outcome(root, expected)
        told["finished, state"] = state(folder / "whole")
        return {"locks": told}

    return part


OTHERS: Final[Mapping[str, Callable[[str], Part]]] = {
    "resumed": resumed,
    "begun": begun,
    "locked": locked,
    "left": left,
}
"""Makes parts: of the name of an engine."""
