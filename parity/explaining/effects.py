"""What came of a divergence: other trades, other figures, another equity at the end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

import msgspec

from parity.channels import Channel
from parity.explaining.events import FieldDifference, field_differences
from parity.places import phase_name, phase_of, unit_of
from parity.record import Record

__all__ = ["Effects", "FigureChange", "TradeChange", "effects_of"]

Scope: TypeAlias = Literal["unit", "phase", "run"]

_SHOWN_TRADES: Final = 5
_SHOWN_FIGURES: Final = 20
_FINAL: Final = "final_equity"


class TradeChange(msgspec.Struct, frozen=True):
    """A trade that is not the same on both sides.

    Attributes:
        place: Where it was recorded, its portfolio last.
        control: The control's; null when it has none with this symbol and entry.
        candidate: The candidate's.
        fields: What differs, when both have one.
    """

    place: str
    control: Mapping[str, Any] | None
    candidate: Mapping[str, Any] | None
    fields: tuple[FieldDifference, ...]


class FigureChange(msgspec.Struct, frozen=True):
    """A figure that is not the same on both sides.

    Attributes:
        place: Where it was recorded.
        figure: It, with how far apart both sides are.
    """

    place: str
    figure: FieldDifference


class Effects(msgspec.Struct, frozen=True):
    """What differs after the divergence, as near to it as it was recorded.

    Attributes:
        trades_of: Whose trades are told: the unit's, where they were kept, else its phase's, else
            the run's.
        trades: Changed, missing and extra trades, the first of them.
        trades_changed: How many there are.
        figures_of: Whose figures are told.
        figures: Figures that differ, the first of them.
        figures_changed: How many there are.
        final_equity: Of each portfolio whose equity ends otherwise; ``name`` is the place.
    """

    trades_of: Scope
    trades: tuple[TradeChange, ...]
    trades_changed: int
    figures_of: Scope
    figures: tuple[FigureChange, ...]
    figures_changed: int
    final_equity: tuple[FieldDifference, ...]


def effects_of(control: Record, candidate: Record, place: str) -> Effects:
    """Compare trades, figures and the ends of equity curves, bit by bit.

    Args:
        control: The control's record.
        candidate: The candidate's.
        place: Where they part first.
    """
    trades: list[TradeChange] = []
    trades_of, lists = _shared(Channel.TRADES, control, candidate, place)
    for where, ours, theirs in lists:
        trades += _trades(where, ours, theirs)
    figures: list[FigureChange] = []
    figures_of, mappings = _shared(Channel.METRICS, control, candidate, place)
    for where, ours, theirs in mappings:
        names = [name for name in {**ours, **theirs} if _differ(ours, theirs, name)]
        figures += [FigureChange(where, f) for f in field_differences(ours, theirs, names)]
    ends = {
        change.place: msgspec.structs.replace(change.figure, name=change.place)
        for change in figures
        if change.figure.name == _FINAL and "/portfolio=" in change.place
    }
    told = {_portfolio(where) for where in ends}  # by its unit, where its phase may say it again
    for where, ours, theirs in _shared(Channel.EQUITY, control, candidate, place)[1]:
        a, b = (_end(curve) for curve in (ours, theirs))
        if _portfolio(where) not in told and repr(a) != repr(b):
            found = field_differences({where: a}, {where: b}, (where,))
            ends |= {difference.name: difference for difference in found}
    return Effects(
        trades_of=trades_of,
        trades=tuple(trades[:_SHOWN_TRADES]),
        trades_changed=len(trades),
        figures_of=figures_of,
        figures=tuple(figures[:_SHOWN_FIGURES]),
        figures_changed=len(figures),
        final_equity=tuple(ends.values()),
    )


def _shared(
    channel: Channel, control: Record, candidate: Record, place: str
) -> tuple[Scope, list[tuple[str, Any, Any]]]:
    """Give what both sides recorded nearest to a place."""
    ours, theirs = (record.channels.get(channel, {}) for record in (control, candidate))
    shared = [where for where in ours if where in theirs]
    unit, phase = unit_of(place), phase_of(place)
    scope: Scope = "unit"
    found = [where for where in shared if unit is not None and unit_of(where) == unit]
    if not found and phase_name(place) is not None:
        scope = "phase"
        found = [where for where in shared if phase_of(where) == phase]
        found = [where for where in found if "/window=" not in where] or found
    if not found:
        scope, found = "run", shared
    return scope, [(where, ours[where], theirs[where]) for where in found]


def _portfolio(place: str) -> str:
    return place.rpartition("/portfolio=")[2]


def _differ(left: Mapping[str, Any], right: Mapping[str, Any], name: str) -> bool:
    return name not in left or name not in right or repr(left[name]) != repr(right[name])


def _trades(
    place: str, left: Sequence[msgspec.Struct], right: Sequence[msgspec.Struct]
) -> list[TradeChange]:
    """Pair trades by symbol and entry; of those entered at once, the k-th are the same."""
    ours, theirs = _by_entry(left), _by_entry(right)
    changes = []
    for key in [*ours, *(key for key in theirs if key not in ours)]:
        a, b = ours.get(key), theirs.get(key)
        if a is None or b is None:
            changes.append(TradeChange(place, a, b, ()))
            continue
        names = [name for name in {**a, **b} if _differ(a, b, name)]
        if names:
            changes.append(TradeChange(place, a, b, field_differences(a, b, names)))
    changes.sort(key=_entered)
    return changes


def _by_entry(rows: Sequence[msgspec.Struct]) -> dict[tuple[Any, ...], Mapping[str, Any]]:
    found: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    seen: defaultdict[str, int] = defaultdict(int)
    for row in rows:
        trade = msgspec.structs.asdict(row)
        key = repr((trade.get("symbol"), trade.get("entry_time")))
        found[key, seen[key]] = trade
        seen[key] += 1
    return found


def _entered(change: TradeChange) -> tuple[bool, Any]:
    entry = (change.control or change.candidate or {}).get("entry_time")
    return (not isinstance(entry, int), entry if isinstance(entry, int) else 0)


def _end(curve: Any) -> float | None:
    return float(curve.equity[-1]) if len(curve.equity) else None
