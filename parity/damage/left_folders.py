"""What a run finds when it is taken up that was ended at a bad moment.

Folders without their names, leftovers of processes that are gone, links and files in the place of
folders, files that somebody removed.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from parity.damage.frames import frames_of
from parity.damage.stored_study import RUN, StoredStudy, copied, logs
from parity.damage.told import Outcomes, Part

__all__ = ["left"]


_Lay = Callable[[Path], None]


def left(engine: str) -> Part:
    """Take up runs whose folders are as a bad moment, or somebody, left them."""

    def part(home: Path, folder: Path) -> Outcomes:
        told: dict[str, dict[str, str]] = {}
        study = logs(engine, home)
        expected = study.observed(folder / "whole")
        study.interrupted(folder / "early", 4)
        study.interrupted(folder / "late", 5)
        full = StoredStudy(engine, home)
        all_of_it = full.observed(folder / "full")
        for base, cases, who, due in (
            ("early", _EARLY, study, expected),
            ("late", _LATE, study, expected),
            ("whole", _WHOLE, study, expected),
            ("full", _FULL, full, all_of_it),
        ):
            for name, lay in cases.items():
                root = copied(folder / base, folder / "run")
                lay(root / RUN)
                told.setdefault(base, {})[name] = who.outcome(root, due)
        return told

    return part


def _part_name(work: Path, number: int) -> tuple[Path, str]:
    """Give the folder of a unit that is kept, and how it was called before."""
    frame = frames_of((work / "units.log").read_bytes())[number]
    keys = [int.from_bytes(frame.key[n : n + 4], "little") for n in range(0, len(frame.key), 4)]
    found = re.search(rb"\.\d+\.\d+-[0-9a-f]{8}\.part", frame.content)
    assert found is not None  # what is stored was written into a hidden folder
    return work.joinpath(*map(str, keys)), found[0].decode()


def _hidden(run: Path, number: int = 1, *, keep: bool = False) -> None:
    """Give a unit its hidden name again, as before its turn had come."""
    place, part = _part_name(run / "0/work", number)
    if keep:
        shutil.copytree(place, place.with_name(part))
    else:
        shutil.move(place, place.with_name(part))


_ATTEMPTS: Final = (
    ".0.1-0.part", ".7.1-0.part", "0/.0.1-0.part", "0/.9.1-00000000.part", "5/.1.2-0.part",
    "0/0/.0.1-0.part", ".x.1.part", ".0.part", "0/.0.1-0.other",
)  # fmt: skip


def _attempts(run: Path) -> None:
    """Lay what attempts of processes that are gone would leave."""
    work = run / "0/work"
    for name in _ATTEMPTS:
        (work / name / "trace").mkdir(parents=True)
    (work / ".3.1-0.part").write_text("a file")


def _linked(place: str) -> _Lay:
    def lay(run: Path) -> None:
        shutil.move(run / place, run.parent / "away")
        (run / place).symlink_to(run.parent / "away")

    return lay


def _instead(place: str, folder: bool) -> _Lay:
    def lay(run: Path) -> None:
        target = run / place
        if target.is_dir():
            shutil.rmtree(target)
        else:
            target.unlink(missing_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        if folder:
            (target / "kept").mkdir(parents=True)
        else:
            target.write_text("kept")

    return lay


def _gone(place: str) -> _Lay:
    return lambda run: (
        shutil.rmtree(run / place) if (run / place).is_dir() else (run / place).unlink()
    )


def _half_replaced(run: Path) -> None:
    """Give a unit both names, and take a part of it away that has the later one."""
    _hidden(run, keep=True)
    shutil.rmtree(_part_name(run / "0/work", 1)[0] / "trace")


def _without_units(run: Path) -> None:
    for place in (run / "0/work").iterdir():
        if place.is_dir():
            shutil.rmtree(place)


def _not_renamed(run: Path) -> None:
    for name in (".result.json.1-2.part", ".x.part", ".y.other"):
        (run / name).write_text("")


def _units_again(run: Path, also: _Lay = lambda run: None) -> None:
    """Leave the log of units beside the tree, as where a run ends between the two."""
    shutil.copy(run / "0/work/iterations.log", run / "0/work/units.log")
    also(run)


_EARLY: Final[Mapping[str, _Lay]] = {
    "as it was": lambda run: None,
    "a unit without its name": _hidden,
    "the second unit without its name": lambda run: _hidden(run, 2),
    "a unit with both names": lambda run: _hidden(run, keep=True),
    "a unit half replaced": _half_replaced,
    "a unit without its folder": lambda run: shutil.rmtree(_part_name(run / "0/work", 1)[0]),
    "all units without folders": _without_units,
    "leftovers": _attempts,
    "a file where a unit goes": _instead("0/work/1/1", folder=False),
    "a folder where a unit goes": _instead("0/work/1/1", folder=True),
    "a file where a phase goes": _instead("0/again", folder=False),
    "a file where an iteration goes": _instead("0/work/1", folder=False),
    "a link to the iteration": _linked("0/work/1"),
    "a link to the phase": _linked("0/work"),
    "a link to the pass": _linked("0"),
    "a folder where the tree goes": _instead("0/work/iterations.log", folder=True),
    "a folder where units are kept": _instead("0/work/units.log", folder=True),
    "a link where units are kept": _linked("0/work/units.log"),
    "a folder where the tree grows": _instead("0/work/.iterations.log.part", folder=True),
    "something where the tree grows": _instead("0/work/.iterations.log.part", folder=False),
    "no log of units": _gone("0/work/units.log"),
    "no phase": _gone("0/work"),
    "no card": _gone("run.json"),
    "an output is there": _instead("0/work/best.json", folder=False),
    "a folder where an output goes": _instead("0/work/best.json", folder=True),
    "a file where the folder of an output goes": _instead("0/work/deep", folder=False),
    "a result is there": _instead("result.json", folder=False),
    "files that were not renamed": _not_renamed,
}  # fmt: skip
"""Of a run with three units of its first phase."""

_LATE: Final[Mapping[str, _Lay]] = {
    "as it was": lambda run: None,
    "units are kept as well": _units_again,
    "units are kept as well, and leftovers": lambda run: _units_again(run, _attempts),
    "leftovers of a finished phase": _attempts,
    "no traces": _gone("0/work/0/0/trace"),
    "no output": _gone("0/work/best.json"),
    "the tree is a folder": _instead("0/work/iterations.log", folder=True),
}  # fmt: skip
"""Of a run whose first phase is finished."""

_WHOLE: Final[Mapping[str, _Lay]] = {
    "as it was": lambda run: None,
    "no result": _gone("result.json"),
    "no manifest": _gone("manifest.json"),
    "a folder where the result goes": _instead("result.json", folder=True),
    "a folder where the manifest goes": _instead("manifest.json", folder=True),
    "a file more": _instead("0/again/more.txt", folder=False),
    "a hidden file more": _instead("0/again/.more.txt", folder=False),
    "a tree is gone": _gone("0/again/iterations.log"),
}
"""Of a run that came to its end."""

_FULL: Final[Mapping[str, _Lay]] = {
    "as it was": lambda run: None,
    "no curve of a unit": _gone("0/work/0/0/portfolios"),
    "no portfolios": _gone("0/work/portfolios"),
    "signals are gone": _gone("0/heard/0/signals.parquet"),
    "trades are gone": _gone("0/replayed/0/portfolios/momentum.aggressive/trades.parquet"),
}
"""Of one with files of every kind."""
