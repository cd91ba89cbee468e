"""What a first divergence in a trace looks like: fields, neighbours, causes."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

import msgspec

from containers.events import Event
from containers.trace import Trace, side_by_side
from parity.comparison.values import ulp_distance

__all__ = ["FieldDifference", "Neighbour", "field_differences", "neighbours", "shared_causes"]

Plain: TypeAlias = Mapping[str, Any]

_AROUND: Final = 60
"""How many events before and after the one of interest are looked at, so that slices are whole."""
_MOST: Final = 10_000
"""A foreign trace may have any number of events in a slice; no more chunks are read beyond this."""


class FieldDifference(msgspec.Struct, frozen=True):
    """A field that differs.

    Attributes:
        name: Of the field; of a feature with its name behind it, ``values.sma_10``.
        control: Its value on the control's side.
        candidate: Its value on the candidate's.
        absolute: Their distance; null when they are not two numbers.
        ulp: The doubles between them; null when they are not two finite floats.
    """

    name: str
    control: Any
    candidate: Any
    absolute: float | None = None
    ulp: int | None = None


class Neighbour(msgspec.Struct, frozen=True):
    """A row of the two traces, side by side.

    Attributes:
        mark: ``equal``, ``different``, ``missing`` (the control's alone) or ``extra``.
        here: Whether it is the one where the traces part.
        control: The event on the control's side.
        candidate: Its counterpart.
    """

    mark: Literal["equal", "different", "missing", "extra"]
    here: bool
    control: Plain | None
    candidate: Plain | None


def field_differences(left: Any, right: Any, fields: Sequence[str]) -> tuple[FieldDifference, ...]:
    """Tell how far apart the fields are that differ; of two single values, how far these are."""
    if not fields:
        plain = (Mapping, list, tuple, type(None))
        if isinstance(left, plain) or isinstance(right, plain):
            return ()
        return (_difference("", left, right),)
    found = []
    for name in fields:
        a, b = (side.get(name) if isinstance(side, Mapping) else None for side in (left, right))
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            found += [
                _difference(f"{name}.{key}", a.get(key), b.get(key))
                for key in {**a, **b}
                if key not in a or key not in b or repr(a[key]) != repr(b[key])
            ]
            if [*a] != [*b] and {*a} == {*b}:
                found.append(FieldDifference(f"{name} (order)", [*a], [*b]))
        else:
            found.append(_difference(name, a, b))
    return tuple(found)


def _difference(name: str, left: Any, right: Any) -> FieldDifference:
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in (left, right))
    floats = isinstance(left, float) and isinstance(right, float)
    return FieldDifference(
        name=name,
        control=left,
        candidate=right,
        absolute=abs(left - right) if numbers else None,
        ulp=ulp_distance(left, right) if floats else None,
    )


def shared_causes(
    control: Sequence[Plain], candidate: Sequence[Plain]
) -> tuple[Sequence[Plain], Sequence[Plain], Sequence[Plain]]:
    """Split two chains of causes, nearest first, into what each has alone and the end they share.

    Events are the same when all but their numbers is.
    """
    shared = 0
    while shared < min(len(control), len(candidate)):
        if _said(control[-1 - shared]) != _said(candidate[-1 - shared]):
            break
        shared += 1
    ours, theirs = len(control) - shared, len(candidate) - shared
    return control[:ours], candidate[:theirs], control[ours:]


def _said(event: Plain) -> str:
    return repr({name: value for name, value in event.items() if name not in ("seq", "cause")})


def neighbours(
    left: Trace, right: Trace, control: Plain | None, candidate: Plain | None, around: int
) -> tuple[Neighbour, ...]:
    """Show what stands around the first difference, each event beside its counterpart.

    Args:
        left: The control's trace of the unit.
        right: The candidate's.
        control: The event at the difference on the control's side; null when it has none.
        candidate: That on the candidate's.
        around: How many rows before and after.
    """
    anchor = control if control is not None else candidate
    if anchor is None:
        return ()
    trace, seq = (left, anchor["seq"]) if control is not None else (right, anchor["seq"])
    times = _times_around(trace, seq)
    if times is None:
        return ()
    rows = side_by_side(_events(left, *times), _events(right, *times))
    seqs = tuple(None if side is None else side["seq"] for side in (control, candidate))
    at = next((i for i, (a, b) in enumerate(rows) if (_seq(a), _seq(b)) == seqs), None)
    if at is None:
        side = 0 if control is not None else 1
        at = next((i for i, row in enumerate(rows) if _seq(row[side]) == seq), 0)
    shown = range(max(0, at - around), min(len(rows), at + around + 1))
    return tuple(_neighbour(*rows[i], here=i == at) for i in shown)


def _neighbour(left: Event | None, right: Event | None, *, here: bool) -> Neighbour:
    a, b = (
        None if e is None else {"kind": e.kind.value, **msgspec.to_builtins(e)}
        for e in (left, right)
    )
    if a is None or b is None:
        mark: Literal["equal", "different", "missing", "extra"] = (
            "missing" if b is None else "extra"
        )
    else:
        mark = "equal" if not here and _said(a) == _said(b) else "different"
    return Neighbour(mark, here, a, b)


def _seq(event: Event | None) -> int | None:
    return None if event is None else event.seq


def _times_around(trace: Trace, seq: int) -> tuple[int, int] | None:
    """Give the first and the last time of the slices around an event; null when it is not there."""
    number = bisect_left(trace.infos, seq, key=lambda info: info.last_seq)
    if number == len(trace.infos):
        return None
    row = trace.chunks[number].row_of(seq)
    if row is None:
        return None
    before = trace.infos[number - 1].prefix.events if number else 0
    position = before + row
    first = trace.event(max(0, position - _AROUND)).time_ns
    last = trace.event(min(len(trace) - 1, position + _AROUND)).time_ns
    return min(first, last), max(first, last)


def _events(trace: Trace, first_ns: int, last_ns: int) -> list[Event]:
    """Give the events of some slices."""
    infos = trace.infos
    start = bisect_left(infos, first_ns, key=lambda info: info.last_ns)
    stop = bisect_right(infos, last_ns, key=lambda info: info.first_ns)
    found: list[Event] = []
    for number in range(start, stop):
        if len(found) < _MOST:
            found += [e for e in trace.chunks[number].events() if first_ns <= e.time_ns <= last_ns]
    return found
