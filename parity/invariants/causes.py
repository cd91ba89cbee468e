"""Causes: every event has the one that its kind must have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from containers.events import EventKind
from parity.invariants.batch import NO_CAUSE, Batch, Events, Ints, Mask
from parity.invariants.findings import Findings
from parity.invariants.run import Run

__all__ = ["check_answers", "check_causes", "check_changes"]

_K: Final = EventKind


class _Rule(NamedTuple):
    """What the cause of some events of a kind must be.

    Attributes:
        kind: Kind of the cause.
        same: Fields that both have alike: of the event, of the cause.
        same_slice: Whether it is of the same slice; false: of the same or an earlier one.
    """

    kind: EventKind
    same: Sequence[tuple[str, str]]
    same_slice: bool = True


_SYMBOL: Final = (("symbol", "symbol"),)
_STREAM: Final = (("symbol", "symbol"), ("timeframe", "timeframe"))
_OF_ORDER: Final = (
    ("symbol", "symbol"),
    ("portfolio", "portfolio"),
    ("quantity", "quantity"),
)


def check_causes(run: Run, found: Findings) -> None:
    """Hold the cause of every event against the table of events."""
    for batch in run.batches:
        if not batch.keeps(*EventKind).all():
            found.passes_over("the traces of some units do not hold every event")
            continue
        replays = batch.phase.topology == "signal_replay"
        _hold(batch, _K.BAR, None, None, found)
        _hold(batch, _K.FEATURES, None, _Rule(_K.BAR, _STREAM), found)
        _hold(batch, _K.CLASSIFICATION, None, _Rule(_K.FEATURES, _SYMBOL), found)
        heard = _K.BAR if replays else _K.FEATURES
        _hold(batch, _K.SIGNAL, None, _Rule(heard, _SYMBOL), found)
        requests = batch[_K.ORDER_REQUEST]
        stops = requests.is_text("reason", "stop_loss")
        _hold(batch, _K.ORDER_REQUEST, ~stops, _Rule(_K.SIGNAL, _SYMBOL), found)
        _hold(batch, _K.ORDER_REQUEST, stops, _Rule(_K.BAR, _SYMBOL), found)
        asked = (("symbol", "symbol"), ("requested", "quantity"))
        for kind in (_K.ORDER, _K.REJECTION):
            _hold(batch, kind, None, _Rule(_K.ORDER_REQUEST, asked), found)
            _hold_portfolios(batch, kind, found)
        ordered = batch[_K.FILL].is_text("reason", "order")
        _hold(batch, _K.FILL, ordered, _Rule(_K.ORDER, _OF_ORDER, same_slice=False), found)
        _hold(batch, _K.FILL, ~ordered, _Rule(_K.BAR, _SYMBOL, same_slice=False), found)
        _hold(batch, _K.CANCELLATION, None, _Rule(_K.ORDER, _OF_ORDER, same_slice=False), found)
        _hold(batch, _K.PORTFOLIO_UPDATE, None, _Rule(_K.BAR, ()), found)
        _hold_base_bars(batch, stops, ordered, found)
        _hold_last_bars(batch, found)
        _hold_strategies(batch, ~stops, found)


def check_answers(run: Run, found: Findings) -> None:
    """Look for requests without one answer, and for orders without one end."""
    for batch in run.batches:
        asked = batch.keeps(_K.ORDER_REQUEST, _K.ORDER, _K.REJECTION)
        ended = batch.keeps(_K.ORDER, _K.FILL, _K.CANCELLATION)
        fills = batch[_K.FILL]
        by_order = fills.cause[fills.is_text("reason", "order")]
        for kind, known, answers in (
            (_K.ORDER_REQUEST, asked, [batch[_K.ORDER].cause, batch[_K.REJECTION].cause]),
            (_K.ORDER, ended, [by_order, batch[_K.CANCELLATION].cause]),
        ):
            events = batch[kind]
            rows = events.find(np.concatenate(answers))
            counts = np.bincount(rows[rows >= 0], minlength=len(events))
            counts[~known[events.unit]] = 1
            found.compared += int(np.count_nonzero(known[events.unit]))
            for row in np.flatnonzero(counts != 1)[:1].tolist():
                path, unit = batch.place(kind, row)
                found.breaks(path, "1 answer", f"{int(counts[row])} answers", unit=unit)


def check_changes(run: Run, found: Findings) -> None:
    """Look for signals and labels that say what was said before."""
    for batch in run.batches:
        known = batch.keeps(_K.SIGNAL)
        signals = batch[_K.SIGNAL]
        direction, strength = signals.ints("direction"), signals.floats("strength")
        odd = (np.abs(direction) > 1) | ~((strength >= 0.0) & (strength <= 1.0))
        order, first = _said_of_symbols(batch, signals)
        before_direction = np.where(first, 0, np.roll(direction[order], 1))
        before_strength = np.where(first, 1.0, np.roll(strength[order], 1))
        same = (direction[order] == before_direction) & (strength[order] == before_strength)
        # What is replayed is published as it was stored, be it what was said before.
        same &= signals.ints("origin")[order] < 0
        _break_first(
            batch, _K.SIGNAL, np.flatnonzero(odd), "a direction of -1, 0, 1; strength in [0, 1]",
            found,
        )  # fmt: skip
        _break_first(
            batch, _K.SIGNAL, order[same & known[signals.unit[order]]],
            "another direction or strength than before", found,
        )  # fmt: skip
        labels = batch[_K.CLASSIFICATION]
        known = batch.keeps(_K.CLASSIFICATION)
        codes, _ = labels.texts("label")
        order, first = _said_of_symbols(batch, labels)
        same = ~first & (codes[order] == np.roll(codes[order], 1))
        _break_first(
            batch, _K.CLASSIFICATION, order[same & known[labels.unit[order]]],
            "another label than before", found,
        )  # fmt: skip
        found.compared += len(signals) + len(labels)


def _said_of_symbols(batch: Batch, events: Events) -> tuple[Ints, Mask]:
    """Sort events by unit, publisher and symbol; say of each whether it is the first of these."""
    publisher = events.coded("container", batch.containers)
    symbol = events.coded("symbol", batch.symbols)
    key = (events.unit * (len(batch.containers) + 1) + publisher) * (len(batch.symbols) + 1)
    key = key + symbol
    order: Ints = np.argsort(key, kind="stable")
    first = np.ones(len(order), np.bool_)
    first[1:] = key[order][1:] != key[order][:-1]
    return order, first


def _hold(
    batch: Batch, kind: EventKind, which: Mask | None, rule: _Rule | None, found: Findings
) -> None:
    events = batch[kind]
    rows = np.arange(len(events)) if which is None else np.flatnonzero(which)
    if not len(rows):
        return
    found.compared += len(rows)
    cause = events.cause[rows]
    if rule is None:
        _break_first(batch, kind, rows[cause != NO_CAUSE], "no cause", found)
        return
    causes = batch[rule.kind]
    at = causes.find(cause)
    wrong = at < 0
    _break_first(batch, kind, rows[wrong], f"a {rule.kind} of its unit as cause", found)
    if wrong.any():
        return
    wrong = (causes.unit[at] != events.unit[rows]) | (cause >= events.number[rows])
    _break_first(batch, kind, rows[wrong], "a cause of its unit, before it", found)
    if rule.same_slice:
        wrong = causes.time_ns[at] != events.time_ns[rows]
        _break_first(batch, kind, rows[wrong], f"a {rule.kind} of its slice as cause", found)
    for mine, theirs in rule.same:
        wrong = _unlike(events, mine, rows, causes, theirs, at)
        _break_first(batch, kind, rows[wrong], f"the cause's {theirs} as its {mine}", found, mine)


def _unlike(events: Events, mine: str, rows: Ints, causes: Events, theirs: str, at: Ints) -> Mask:
    if mine in ("quantity", "requested"):
        left, right = events.floats(mine)[rows], causes.floats(theirs)[at]
        wrong: Mask = left.view(np.int64) != right.view(np.int64)
        return wrong
    codes, texts = events.texts(mine)
    numbering = {text: number for number, text in enumerate(texts)}
    unlike: Mask = codes[rows] != causes.coded(theirs, numbering)[at]
    return unlike


def _hold_portfolios(batch: Batch, kind: EventKind, found: Findings) -> None:
    """A risk answers the requests of its own portfolio."""
    events, requests = batch[kind], batch[_K.ORDER_REQUEST]
    at = requests.find(events.cause)
    own = batch.portfolio_of(events, "portfolio")
    due = batch.portfolio_of(requests, "container", "portfolio/")[at] if len(requests) else own
    by = batch.portfolio_of(events, "container", "risk/")
    wrong = ((own != due) | (by != own)) & (at >= 0)
    _break_first(batch, kind, np.flatnonzero(wrong), "the portfolio that asked", found, "portfolio")


def _hold_base_bars(batch: Batch, stops: Mask, ordered: Mask, found: Findings) -> None:
    """Stops, and closes without an order, go back to the symbol's last base bar."""
    bars = batch.base_bars
    for kind, which in ((_K.ORDER_REQUEST, stops), (_K.FILL, ~ordered)):
        events = batch[kind]
        rows = np.flatnonzero(which)
        if not len(rows):
            continue
        symbol = events.unit * len(batch.symbols) + events.coded("symbol", batch.symbols)
        last = bars.last(symbol[rows], events.number[rows])
        due = np.where(last < 0, NO_CAUSE, bars.number[last])
        wrong = events.cause[rows] != due
        _break_first(batch, kind, rows[wrong], "the symbol's last base BAR as cause", found)


def _hold_last_bars(batch: Batch, found: Findings) -> None:
    """An update goes back to the last BAR of its slice."""
    updates, bars = batch[_K.PORTFOLIO_UPDATE], batch[_K.BAR]
    if not len(updates) or not len(bars):
        return
    last = bars.number[np.searchsorted(bars.number, updates.number) - 1]
    wrong = np.flatnonzero(updates.cause != last)
    _break_first(batch, _K.PORTFOLIO_UPDATE, wrong, "the last BAR of its slice as cause", found)


def _hold_strategies(batch: Batch, signalled: Mask, found: Findings) -> None:
    """A portfolio asks for what its own strategy says."""
    requests, signals = batch[_K.ORDER_REQUEST], batch[_K.SIGNAL]
    rows = np.flatnonzero(signalled)
    at = signals.find(requests.cause[rows])
    rows, at = rows[at >= 0], at[at >= 0]
    codes, texts = requests.texts("container")
    said, names = signals.texts("container")
    strategies = {
        f"portfolio/{name}": f"strategy/{strategy}" for name, strategy in _strategies(batch).items()
    }
    numbering = {text: number for number, text in enumerate(names)}
    due = np.array([numbering.get(strategies.get(text, ""), -1) for text in texts] or [-1])
    wrong = rows[due[codes[rows]] != said[at]]
    _break_first(batch, _K.ORDER_REQUEST, wrong, "a SIGNAL of its strategy as cause", found)


def _strategies(batch: Batch) -> dict[str, str]:
    """Give the strategy of each portfolio: the name before the profile's."""
    profiles = [profile["name"] for profile in batch.config["risk_profiles"]]
    found: dict[str, str] = {}
    for unit in batch.units:
        names = [
            c["id"].removeprefix("strategy/") for c in unit.containers if c["role"] == "strategy"
        ]
        for name in names:
            for profile in profiles:
                found[f"{name}.{profile}"] = name
    return found


def _break_first(
    batch: Batch, kind: EventKind, rows: Ints, due: str, found: Findings, field: str = "cause"
) -> None:
    if not len(rows):
        return
    row = int(rows.min())
    path, unit = batch.place(kind, row)
    event = batch[kind].values(row)
    shown = {name: getattr(event, name) for name in event.__struct_fields__}
    found.breaks(path, due, shown, (field,), unit)
