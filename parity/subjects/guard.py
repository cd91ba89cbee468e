"""Running a subject that may do anything.

A subject is foreign code: it may raise, try to leave the process, change what it is handed, or
answer with something that is no record. Each of these is a verdict on the subject, never on the
harness.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, get_args

import msgspec

from parity.channels import Channel
from parity.contents import problem_of_content
from parity.errors import SubjectError
from parity.record import OVERRIDABLE, Record, Status, record_of_crash
from parity.subjects.specification import Subject

__all__ = ["record_of"]

_STATUSES: Final = get_args(Status)


def record_of(subject: Subject, config: Mapping[str, Any] | Path, root: Path) -> Record:
    """Run ``subject`` on its own copy of ``config``; whatever it does, answer a sound record.

    The record has the name that reports call the subject by, whatever the subject calls itself.
    """
    began = time.perf_counter()
    own = config if isinstance(config, Path) else copy.deepcopy(dict(config))
    try:
        record = subject.run(own, root)
    except (Exception, SystemExit) as error:  # noqa: BLE001  # its verdict, see above
        return record_of_crash(subject.name, error, time.perf_counter() - began)
    problem = _problem(record)
    if problem is not None:
        mistake = SubjectError(f"the subject answered with {problem}")
        return record_of_crash(subject.name, mistake, time.perf_counter() - began)
    return msgspec.structs.replace(record, subject=subject.name)


def _problem(record: object) -> str | None:
    """Say what keeps ``record`` from being a record; null when nothing does."""
    if not isinstance(record, Record):
        return f"{type(record).__name__}, expected a Record"
    if record.status not in _STATUSES:
        return f"the status {record.status!r}, expected one of {', '.join(_STATUSES)}"
    for channel, content in record.channels.items():
        if channel not in Channel.__members__.values():
            return f"the channel {channel!r}, which does not exist"
        problem = problem_of_content(channel, content)
        if problem is not None:
            return problem
    if record.beyond is not None and record.status != "refused":
        return f"the status {record.status!r}, and that it cannot express the workflow"
    for field in ("covers", "figures"):
        names = getattr(record, field)
        if not (names is None or isinstance(names, frozenset)):
            return f"{type(names).__name__} as {field}, expected a frozenset or null"
    hidden = set(record.told) - OVERRIDABLE
    if hidden:
        return f"settings it says it was told and that no one can tell it: {sorted(hidden)}"
    return None
