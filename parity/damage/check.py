"""Stored runs that are damaged: the same results, or a message, and which of the two.

A small study with a file of every kind (``fixtures/damage``) is run by each engine, to its end or
until it is interrupted. Then one file at a time is damaged in every way, the run is resumed, and
everything is read back. Whatever comes, it is never another result. Which way it comes to, and
what is said, is held against ``fixtures/damage/approved.json``: for each part, each file and each
outcome the ways that lead to it.

``python -m parity.damage HOME`` shows what differs from what was approved; with
``--update`` it is approved.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

import msgspec

from parity.damage.code_changes import CODE
from parity.damage.fates import fates
from parity.damage.frames import (
    LOG_WAYS,
    TORN_WAYS,
    TREE_WAYS,
    UNIT_WAYS,
    is_whole,
    places_of,
)
from parity.damage.kept_traces import TRACES
from parity.damage.misuse import MISUSE
from parity.damage.other_runs import OTHERS
from parity.damage.stored_files import files
from parity.damage.stored_study import RUN, StoredStudy, copied, logs
from parity.damage.told import Outcomes, Part
from parity.damage.ways import CARD_WAYS, WAYS, Way
from parity.damage.workers import WORKERS
from parity.own import ENGINES

__all__ = ["APPROVED_FILE", "MISUSED", "PARTS", "Damage", "main", "outcomes"]

APPROVED_FILE: Final = "approved.json"


_LONGEST: Final = 240
"""Letters of a text that stands there as it is."""

WORK: Final = RUN / "0" / "work"

MISUSED: Final = "misuse: "
"""With what the parts begin that need no run."""


def _damaged(
    study: StoredStudy, folder: Path, base: Path, files: Mapping[Path, Mapping[str, Way]]
) -> Outcomes:
    """Damage one file after the other, and take the run up again."""
    expected = study.observed(folder / "whole")
    found: Outcomes = {}
    for file, ways in files.items():
        content = (base / file).read_bytes()
        told = found.setdefault(file.relative_to(RUN).as_posix(), {})
        for way, change in ways.items():
            changed = change(content)
            if changed != content:
                root = copied(base, folder / "run")
                (root / file).write_bytes(changed)
                told[way] = _counted(study.outcome(root, expected, damaged=file), file, content)
    return found


def _counted(text: str, file: Path, content: bytes) -> str:
    """Say which record of a log begins at a byte: that says more, and is the same every time."""
    if file.suffix == ".log":
        for number, place in enumerate(places_of(content)):
            text = text.replace(f"at byte {place}:", f"at record {number}:")
    return text


def _card(engine: str) -> Part:
    def part(home: Path, folder: Path) -> Outcomes:
        study = logs(engine, home)
        study.interrupted(folder / "cut", 4)
        # The card says what the code was, so that no two bytes of it are the same for ever.
        ways = {way: change for way, change in WAYS.items() if way != "changed in the middle"}
        return _damaged(study, folder, folder / "cut", {RUN / "run.json": {**ways, **CARD_WAYS}})

    return part


def _again(engine: str) -> Part:
    """Tear a log, go on for one unit, and leave once more: both times it is taken up."""

    def part(home: Path, folder: Path) -> Outcomes:
        study = logs(engine, home)
        study.interrupted(folder / "cut", 2)
        expected = study.observed(folder / "whole")
        file = WORK / "units.log"
        content = (folder / "cut" / file).read_bytes()
        told: dict[str, str] = {}
        for way, change in TORN_WAYS.items():
            root = copied(folder / "cut", folder / "run")
            (root / file).write_bytes(change(content))
            study.interrupted(root, 1, resume=True)
            torn = "" if is_whole((root / file).read_bytes()) else "torn in between, "
            told[way] = torn + study.outcome(root, expected)
        return {"units.log": told}

    return part


def _units(engine: str, storage: str, ways: Mapping[str, Way]) -> Part:
    def part(home: Path, folder: Path) -> Outcomes:
        study = logs(engine, home, storage)
        study.interrupted(folder / "cut", 4)
        return _damaged(study, folder, folder / "cut", {WORK / "units.log": ways})

    return part


def _tree(engine: str, storage: str, ways: Mapping[str, Way]) -> Part:
    def part(home: Path, folder: Path) -> Outcomes:
        study = logs(engine, home, storage)
        study.observed(folder / "done")
        return _damaged(study, folder, folder / "done", {WORK / "iterations.log": ways})

    return part


def _alone(act: Callable[[Path], Outcomes]) -> Part:
    """Make a part of what needs no study."""
    return lambda home, folder: act(folder)


PARTS: Final[Mapping[str, Part]] = {
    **{f"workers: {name}": _alone(act) for name, act in WORKERS.items()},
    **{f"{engine}: fates": fates(engine) for engine in ENGINES},
    "files": files("imperative"),
    **{f"traces: {name}": _alone(act) for name, act in TRACES.items()},
    **{f"code: {name}": _alone(act) for name, act in CODE.items()},
    **{f"{MISUSED}{name}": _alone(act) for name, act in MISUSE.items()},
    **{f"{engine}: {name}": make(engine) for engine in ENGINES for name, make in OTHERS.items()},
    "imperative: card": _card("imperative"),
    "declarative: card": _card("declarative"),
    "imperative: log of units": _units("imperative", "disk", {**LOG_WAYS, **UNIT_WAYS}),
    "declarative: log of units": _units("declarative", "hybrid", {**WAYS, **UNIT_WAYS}),
    **{f"{engine}: log of units, torn": _again(engine) for engine in ENGINES},
    "imperative: tree": _tree("imperative", "hybrid", {**WAYS, **TREE_WAYS}),
    "declarative: tree": _tree("declarative", "disk", {**WAYS, **TREE_WAYS}),
}


class Damage(msgspec.Struct, frozen=True, tag=True):
    """A part of it, against what was approved.

    Attributes:
        part: One of `PARTS`.
        home: Folder of the study.
    """

    part: str
    home: str

    def seen(self, folder: Path) -> str | None:
        """Damage, and read back; say what comes otherwise than approved, null when nothing."""
        home = Path(self.home)
        approved = _approved(home).get(self.part, {})
        found = outcomes(self.part, home, folder)
        return next(_differing(approved, found), None)


def outcomes(part: str, home: Path, folder: Path) -> Outcomes:
    """Give what a part comes to, in an empty folder."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {
        name: {
            way: _short(text.replace(str(home.parent), "FIXTURES")) for way, text in told.items()
        }
        for name, told in PARTS[part](home, folder).items()
    }
    gc.collect()
    if left := sorted(_left_open(folder)):
        found["left open"] = dict.fromkeys(left, "not meant: nobody closes it any more")
    return found


def _left_open(folder: Path) -> set[str]:
    """Give the files below a folder that this process still has open, where a system tells."""
    links = Path("/proc/self/fd")
    targets: list[str] = []
    for link in list(links.iterdir()) if links.is_dir() else []:
        with contextlib.suppress(OSError):  # the folder of links itself is closed by now
            targets.append(str(link.readlink()))
    below = f"{folder.resolve()}/"
    return {target.removeprefix(below) for target in targets if target.startswith(below)}


def _short(text: str) -> str:
    """Give a long text by its begin and its digest."""
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]} … {hashlib.sha256(text.encode()).hexdigest()[:16]}"


Approved: TypeAlias = dict[str, dict[str, dict[str, list[str]]]]
"""For each part, file and outcome the ways that lead to it: an outcome stands there once."""


def _shared(part: str) -> str:
    """Give the name under which stands what both engines come to."""
    return part.partition(": ")[2] if part.startswith(ENGINES) else part


def _approved(home: Path) -> dict[str, Outcomes]:
    """Read what was approved of each part."""
    file = home / APPROVED_FILE
    if not file.exists():
        return {}
    parts = msgspec.json.decode(file.read_bytes(), type=Approved)
    found: dict[str, Outcomes] = {}
    for part in PARTS:
        for section in dict.fromkeys((_shared(part), part)):
            for name, by_outcome in parts.get(section, {}).items():
                told = found.setdefault(part, {}).setdefault(name, {})
                told |= {way: outcome for outcome, ways in by_outcome.items() for way in ways}
    return found


def _written(outcomes: Mapping[str, Outcomes]) -> bytes:
    """Write what parts come to: what both engines do once, and what one does apart."""
    parts: Approved = {}
    for part, whole in outcomes.items():
        alike = [other for other in outcomes if _shared(other) == _shared(part)]
        for name, told in whole.items():
            for way, outcome in told.items():
                both = all(outcomes[other].get(name, {}).get(way) == outcome for other in alike)
                ways = parts.setdefault(_shared(part) if both else part, {}).setdefault(name, {})
                if way not in ways.setdefault(outcome, []):
                    ways[outcome].append(way)
    return msgspec.json.format(msgspec.json.encode(parts), indent=1) + b"\n"


def _differing(approved: Outcomes, found: Outcomes) -> Iterator[str]:
    for name in sorted(approved.keys() | found.keys()):
        due, came = approved.get(name, {}), found.get(name, {})
        for way in [*due, *(way for way in came if way not in due)]:
            if due.get(way) != came.get(way):
                yield (
                    f"{name}, {way}: comes to {came.get(way, 'nothing')!r}, and "
                    f"{due.get(way, 'nothing')!r} was approved"
                )


def main(arguments: Sequence[str]) -> int:
    """Show what differs from what was approved, or approve it; answer 1 when something does."""
    parser = argparse.ArgumentParser(prog="python -m parity.damage")
    parser.add_argument("home", type=Path, help="folder of the study, fixtures/damage")
    parser.add_argument("--update", action="store_true", help="approve what is found")
    parser.add_argument("--only", metavar="TEXT", default="", help="parts whose name has this")
    given = parser.parse_args(arguments)
    home = given.home.resolve()
    approved, wrong = _approved(home), []
    for part in PARTS:
        if given.only in part:
            with tempfile.TemporaryDirectory(prefix="parity-damage-") as folder:
                found = outcomes(part, home, Path(folder))
            for line in _differing(approved.get(part, {}), found):
                print(f"{part}: {line}")  # noqa: T201  # what it is for
                wrong.append(line)
            approved[part] = found
    meant = [
        f"{part}: {name}, {way}: {told}"
        for part, files in approved.items()
        for name, ways in files.items()
        for way, told in ways.items()
        if "not meant" in told
    ]
    if given.update and not meant:
        ordered = {part: approved[part] for part in PARTS if part in approved}
        (home / APPROVED_FILE).write_bytes(_written(ordered))
        return 0
    for line in meant:
        print(line)  # noqa: T201  # as above
    return 1 if wrong or meant else 0
