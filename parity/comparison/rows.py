"""Comparing lists of rows: trade by trade, field by field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from parity.comparison.outcome import Difference, Tally
from parity.comparison.values import same, ulp_distance

__all__ = ["compare_rows"]


def compare_rows(
    control: Mapping[str, Sequence[msgspec.Struct]],
    candidate: Mapping[str, Sequence[msgspec.Struct]],
) -> Tally:
    """Compare rows at equal positions; counts are of rows."""
    tally = Tally()
    for place in [*control, *(key for key in candidate if key not in control)]:
        left, right = control.get(place, ()), candidate.get(place, ())
        for number in range(max(len(left), len(right))):
            a = left[number] if number < len(left) else None
            b = right[number] if number < len(right) else None
            _compare_row(tally, f"{place}: row {number}", number, a, b)
    return tally


def _compare_row(
    tally: Tally,
    place: str,
    number: int,
    left: msgspec.Struct | None,
    right: msgspec.Struct | None,
) -> None:
    a = None if left is None else msgspec.structs.asdict(left)
    b = None if right is None else msgspec.structs.asdict(right)
    fields: tuple[str, ...] = ()
    if a is None or b is None:
        tally.missing += b is None
        tally.extra += a is None
    else:
        tally.compared += 1
        names = [*a, *(name for name in b if name not in a)]
        fields = tuple(
            name for name in names if name not in a or name not in b or not same(a[name], b[name])
        )
        if not fields:
            return
        tally.different += 1
        for name in fields:
            x, y = a.get(name), b.get(name)
            if isinstance(x, float) and isinstance(y, float):
                tally.widen(abs(x - y), ulp_distance(x, y))
    tally.note(Difference(path=place, control=a, candidate=b, fields=fields, position=number))
