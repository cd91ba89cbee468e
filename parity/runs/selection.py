"""Choosing among stored runs: by name, by what became of them, by age."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Final

from containers.nearest import did_you_mean
from containers.storage import CARD_FILE
from parity.errors import UsageError
from parity.runs.inventory import STATUSES, StoredRun, stored_run

__all__ = ["named_run", "parse_age", "select"]

_UNITS_S: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_AGE: Final = re.compile(r"(\d{1,9})([smhdw])")


def parse_age(text: str) -> int:
    """Give the seconds of a text like ``30d``, ``12h`` or ``90m`` (minutes).

    >>> parse_age("90m")
    5400

    Raises:
        UsageError: It is not of that form.
    """
    found = _AGE.fullmatch(text.strip())
    if found is None:
        units = ", ".join(_UNITS_S)
        raise UsageError(f"found the age '{text}', expected a number and one of {units}, like 30d")
    return int(found[1]) * _UNITS_S[found[2]]


def named_run(name: str, directory: Path) -> StoredRun:
    """Give the run of a name: its id, looked for in ``directory``, or the path of its folder.

    Raises:
        UsageError: There is no such run, or only a link to one.
    """
    path = _path_of(name, directory)
    if path.is_symlink():
        raise UsageError(f"{path} is a link; name the folder that it leads to")
    run = stored_run(path)
    if run is not None:
        return run
    if path.is_dir():
        raise UsageError(f"{path} is not the folder of a run")
    known = [card.parent.name for card in path.parent.glob(f"*/{CARD_FILE}")]
    hint = did_you_mean(path.name, known) if known else "there is none at all"
    raise UsageError(f"there is no run '{path.name}' in {path.parent} ({hint})")


def select(
    runs: Iterable[StoredRun],
    *,
    statuses: Collection[str] = STATUSES,
    older_than_s: float = 0.0,
    now_s: float,
) -> list[StoredRun]:
    """Give those that fit, newest first; of equal ones in the order of their ids.

    Args:
        runs: To choose from.
        statuses: Only these.
        older_than_s: Only those of which nothing has come for so many seconds.
        now_s: The time, in seconds since 1970.
    """
    chosen = (
        run for run in runs if run.status in statuses and now_s - run.changed_s >= older_than_s
    )
    return sorted(chosen, key=lambda run: (-run.changed_s, run.id))


def _path_of(name: str, directory: Path) -> Path:
    path = Path(name)
    if os.sep in name or name in (".", ".."):
        return path if path.name not in ("", "..") else path.resolve()
    return directory / name
