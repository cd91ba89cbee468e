"""Of a true record one thing is changed: the invariant that speaks of it breaks.

`seen_by` is everything that breaks: mostly the one invariant alone. Where what was changed is what
others go by (an update's equity is a sample of the curve, and the figures are made of it), they
break as well, and are named.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from containers.events import EventKind
from containers.trace import Trace
from parity.channels import Channel
from parity.invariants import INVARIANTS, check_invariants
from parity.record import Record, TraceSettings
from parity.verdicts import Verdict
from tests.parity.invariants.tampering import (
    Tamper,
    curve_of,
    edited,
    edited_trace,
    only_unit,
    with_channel,
    with_events,
)

_PHASE = "iteration=0/phase=backtest"
_UNIT = f"{_PHASE}/window=0/unit=0"
_PORTFOLIO = "portfolio=momentum.aggressive"
_K = EventKind


@dataclass(frozen=True)
class Tampering:
    """A change of one thing in a true record, and every invariant that it breaks."""

    what: str
    record: str
    tamper: Tamper
    seen_by: frozenset[str] = field(default_factory=frozenset)


def _of(what: str, record: str, tamper: Tamper, *seen_by: str) -> Tampering:
    return Tampering(what, record, tamper, frozenset(seen_by))


def _about(symbol: str) -> Callable[[Any], bool]:
    return lambda event: bool(event.symbol == symbol)


def _next_bar(record: Record) -> Record:
    """Move a fill of the first order to the next slice, where its price and cost stay."""
    unit = only_unit(record)
    events = list(record.channels[Channel.TRACE][unit])
    times = sorted({event.time_ns for event in events})
    at = next(i for i, e in enumerate(events) if e.kind is _K.FILL and e.reason == "order")
    later = times[times.index(events[at].time_ns) + 1]
    place = next(i for i, e in enumerate(events) if e.time_ns == later and e.kind is not _K.BAR)
    fill = msgspec.structs.replace(events.pop(at), time_ns=later)
    events.insert(place - 1, fill)
    return _renumbered(record, unit, events)


def _renumbered(record: Record, unit: str, events: list[Any]) -> Record:
    new = {event.seq: seq for seq, event in enumerate(events)}
    events = [
        msgspec.structs.replace(
            event, seq=seq, cause=None if event.cause is None else new.get(event.cause, 0)
        )
        for seq, event in enumerate(events)
    ]
    return with_events(record, unit, events)


def _left_out(kind: EventKind, at: int) -> Tamper:
    """Leave out one event, and number the others as if it had never been."""

    def tamper(record: Record) -> Record:
        unit = only_unit(record)
        events = list(record.channels[Channel.TRACE][unit])
        rows = [row for row, event in enumerate(events) if event.kind is kind]
        del events[rows[at]]
        return _renumbered(record, unit, events)

    return tamper


def _swapped(first: Callable[[Any], bool], second: Callable[[Any], bool]) -> Tamper:
    """Let two events of one slice change places and numbers, causes going with them."""

    def tamper(record: Record) -> Record:
        unit = only_unit(record)
        events = list(record.channels[Channel.TRACE][unit])
        for a, event in enumerate(events):
            if not first(event):
                continue
            for b in range(a + 1, len(events)):
                if events[b].time_ns == event.time_ns and second(events[b]):
                    events[a], events[b] = events[b], events[a]
                    return _renumbered(record, unit, events)
        raise AssertionError("there are no two such events")

    return tamper


def _lost_unit(record: Record) -> Record:
    unit = only_unit(record)
    traces = {k: v for k, v in record.channels[Channel.TRACE].items() if k != unit}
    return with_channel(record, Channel.TRACE, traces)


def _gap(record: Record) -> Record:
    unit = only_unit(record)
    events = list(record.channels[Channel.TRACE][unit])
    shifted = [msgspec.structs.replace(e, seq=e.seq + (e.seq > 0)) for e in events]
    trace = Trace.from_events(shifted, len(shifted) + 1)
    traces = {**record.channels[Channel.TRACE], unit: trace}
    return with_channel(record, Channel.TRACE, traces)


def _kept_too_much(record: Record) -> Record:
    settings = {unit: TraceSettings("standard") for unit in record.channels[Channel.TRACE]}
    return msgspec.structs.replace(record, trace_settings=settings)


def _curve(record: Record) -> Record:
    place = f"{_UNIT}/{_PORTFOLIO}"
    curves = dict(record.channels[Channel.EQUITY])
    curves[place] = curve_of(curves[place], 5, 1.001)
    return with_channel(record, Channel.EQUITY, curves)


def _trade(record: Record) -> Record:
    place = f"{_UNIT}/{_PORTFOLIO}"
    trades = dict(record.channels[Channel.TRADES])
    first, *rest = trades[place]
    trades[place] = (msgspec.structs.replace(first, bars_held=first.bars_held + 1), *rest)
    return with_channel(record, Channel.TRADES, trades)


def _window(record: Record) -> Record:
    place = "iteration=0/phase=validate/window=1/window=1"
    return edited(Channel.WINDOWS, place, 0, "window", "first_bar", to=lambda v: v - 1)(record)


def _reordered(channel: Channel, place: str, first: int, second: int) -> Tamper:
    def tamper(record: Record) -> Record:
        entries = list(record.channels[channel][place])
        entries[first], entries[second] = entries[second], entries[first]
        return with_channel(record, channel, {**record.channels[channel], place: entries})

    return tamper


def _dropped(channel: Channel, place: str, at: int) -> Tamper:
    def tamper(record: Record) -> Record:
        entries = list(record.channels[channel][place])
        del entries[at]
        return with_channel(record, channel, {**record.channels[channel], place: entries})

    return tamper


_WALK = "iteration=0/phase=validate"

TAMPERINGS = (
    # What a run decided
    _of(
        "two strategies of one name",
        "stops",
        edited(Channel.CONFIG, _PHASE, 0, "config", "strategies", to=lambda s: [*s, s[0]]),
        "configurations",
        "digests",
    ),
    _of(
        "a digest of something else",
        "stops",
        edited(Channel.CONFIG, _PHASE, 0, "digest", to=lambda d: d[::-1]),
        "digests",
    ),
    _of(
        "the hash of a run is another's",
        "stops",
        edited(Channel.OUTPUTS, "", "metadata", "config_digest", to="0" * 32),
        "digests",
    ),
    _of(
        "a dependent that is planned first",
        "piped",
        edited(Channel.PLAN, "iteration=0", 0, "phases", to=lambda p: [p[1], p[0], *p[2:]]),
        "statuses",
        "summaries",
    ),
    _of(
        "a phase that finished otherwise than it says",
        "piped",
        edited(Channel.PLAN, "iteration=0/phase=sweep", 1, "status", to="failed"),
        "statuses",
    ),
    _of(
        "a phase that ran against its condition",
        "piped",
        edited(
            Channel.PLAN,
            "iteration=0",
            0,
            "phases",
            1,
            "conditions",
            to=["sweep.num_trades >= 100000"],
        ),
        "conditions",
    ),
    _of(
        "a success in spite of a pass that failed",
        "searched",
        edited(Channel.STATUS, "iteration=0", "success", to=False),
        "success",
        "passes",
    ),
    _of(
        "a required phase that failed in a run that succeeded",
        "fragile",
        edited(Channel.PLAN, "iteration=0", 0, "phases", 1, "required", to=True),
        "success",
    ),
    _of(
        "a pass too many",
        "searched",
        edited(Channel.CONFIG, "", 0, "config", "max_iterations", to=1),
        "passes",
        "digests",
    ),
    _of(
        "a pass after a hook said no",
        "searched",
        edited(Channel.HOOKS, "iteration=0", 1, "result", to=False),
        "passes",
    ),
    _of(
        "a branch that was named and did not run",
        "searched",
        edited(Channel.HOOKS, "iteration=0", 0, "result", to=lambda n: [*n, "other"]),
        "branches",
    ),
    _of(
        "a branch that runs its parent again",
        "searched",
        edited(
            Channel.PLAN,
            "iteration=1/branch=confirmed",
            0,
            "workflow",
            to="adaptive_strategy_search",
        ),
        "branches",
    ),
    _of(
        "a best phase that is not the best",
        "piped",
        edited(Channel.OUTPUTS, "", "aggregated_results", "best_phase", to="nobody"),
        "aggregated_results",
    ),
    _of(
        "a phase that finished before it started",
        "piped",
        edited(
            Channel.STATUS,
            "iteration=0/phase=sweep",
            "journal",
            to=["ConfigResolved", "PhaseFinished", "PhaseStarted"],
        ),
        "journal",
    ),
    _of(
        "a part that is heard of in two pieces",
        "piped",
        edited(Channel.STATUS, "", "heard", to=lambda h: [*h, "iteration=0/phase=sweep"]),
        "journal",
    ),
    _of(
        "a record whose number is out of turn",
        "piped",
        edited(Channel.PLAN, "iteration=0", 0, "number", to=4),
        "journal",
    ),
    # Containers
    _of(
        "containers that are stopped in their order",
        "closed",
        _reordered(Channel.LIFECYCLE, _UNIT, -1, -2),
        "lifecycle",
    ),
    _of(
        "a container that is not cleaned up",
        "closed",
        _dropped(Channel.LIFECYCLE, _UNIT, -1),
        "lifecycle",
    ),
    _of(
        "a move that no container can make",
        "closed",
        edited(Channel.LIFECYCLE, _UNIT, 0, "source", to="running"),
        "lifecycle",
    ),
    _of("a unit that ran and left no event", "walked", _lost_unit, "units", "summaries"),
    _of(
        "an error that lies elsewhere",
        "fragile",
        edited(
            Channel.ERRORS,
            "iteration=0/phase=breaks/window=1/unit=0",
            0,
            "error",
            "path",
            to="iteration=0/phase=breaks/window=0/unit=0",
        ),
        "errors",
    ),
    _of(
        "a later error that is lost",
        "fragile",
        edited(
            Channel.LIFECYCLE,
            "iteration=0/phase=breaks/window=1/unit=0",
            -1,
            to=lambda e: {**e, "trigger": "fail", "target": "faulted"},
        ),
        "errors",
    ),
    _of(
        "a unit with another parameter than was announced",
        "walked",
        edited(
            Channel.TOPOLOGY,
            f"{_WALK}/window=0/window=0/window=1/unit=0",
            0,
            "containers",
            2,
            "settings",
            "parameters",
            "lookback",
            to=7,
        ),
        "settings",
    ),
    # Windows
    _of("a test that overlaps its train", "walked", _window, "warm_up", "windows"),
    _of(
        "a combination that nobody asked for",
        "walked",
        edited(
            Channel.WINDOWS,
            f"{_WALK}/window=0/window=0/window=1",
            0,
            "parameters",
            to={"breakout.lookback": 11},
        ),
        "settings",
        "windows",
    ),
    _of(
        "a seed that is taken for none",
        "piped",
        edited(Channel.WINDOWS, "iteration=0/phase=monte_carlo/window=0", 0, "seed", to=0),
        "windows",
    ),
    _of(
        "noise upon noise",
        "piped",
        edited(
            Channel.WINDOWS,
            "iteration=0/phase=monte_carlo/window=1",
            0,
            "parameters",
            "momentum.slow_period",
            to=lambda v: v + 3,
        ),
        "settings",
        "windows",
    ),
    _of(
        "a warm-up that is too short",
        "walked",
        edited(
            Channel.WINDOWS,
            f"{_WALK}/window=1/window=1",
            0,
            "window",
            "warmup_bars",
            to=lambda v: v - 1,
        ),
        "windows",
        "warm_up",
    ),
    # Events
    _of("a number that is left out", "closed", _gap, "answers", "causes", "numbers", "summaries"),
    _of(
        "a slice that is earlier than the one before it",
        "closed",
        edited_trace(_K.FEATURES, 3, time_ns=lambda t: t - 5 * 86_400 * 10**9),
        "time_order",
        "causes",
    ),
    _of(
        "a signal before its features",
        "stops",
        _swapped(
            lambda e: e.kind is _K.FEATURES and e.symbol == "MSFT",
            lambda e: e.kind is _K.SIGNAL and e.symbol == "MSFT",
        ),
        "step_order",
        "causes",
    ),
    _of(
        "features of the second symbol first",
        "stops",
        _swapped(
            lambda e: e.kind is _K.FEATURES and e.symbol == "AAPL",
            lambda e: e.kind is _K.FEATURES and e.symbol == "MSFT",
        ),
        "container_order",
    ),
    _of(
        "a bar that is left out",
        "closed",
        _left_out(_K.BAR, 40),
        "aggregation",
        "causes",
        "positions_value",
        "slices",
        "updates",
        "warm_up",
    ),
    _of(
        "a strategy that trades in the warm-up",
        "walked",
        edited(
            Channel.WINDOWS,
            f"{_WALK}/window=0/window=0/window=0",
            0,
            "window",
            "start_ns",
            to=lambda t: t + 86_400 * 10**9 * 200,
        ),
        "updates",
        "warm_up",
        "windows",
    ),
    _of(
        "a cause of another symbol",
        "stops",
        edited_trace(_K.SIGNAL, _about("MSFT"), symbol="AAPL"),
        "causes",
        "changes",
    ),
    _of(
        "an order without an end",
        "closed",
        _left_out(_K.FILL, 0),
        "aggregation",
        "answers",
        "cash",
        "ends",
        "metrics",
        "positions_value",
    ),
    _of(
        "a signal that says what was said",
        "closed",
        edited_trace(_K.SIGNAL, 0, direction=0),
        "changes",
    ),
    _of("a strength beyond 1", "closed", edited_trace(_K.SIGNAL, 0, strength=1.5), "changes"),
    _of(
        "a signal that a study of none keeps",
        "stops",
        edited(Channel.OUTPUTS, _UNIT, "signals", to={"strategies": [], "rows": []}),
        "aggregation",
        "signals",
    ),
    _of(
        "a signal that is kept otherwise",
        "replayed",
        edited(
            Channel.OUTPUTS,
            "iteration=0/phase=generate/window=0/unit=0",
            "signals",
            "rows",
            0,
            "direction",
            to=lambda d: -d,
        ),
        "signals",
        "aggregation",
    ),
    _of(
        "a stored signal that was not replayed",
        "replayed",
        edited(
            Channel.OUTPUTS,
            "iteration=0/phase=generate",
            "signals",
            "rows",
            3,
            "direction",
            to=lambda d: 1 if d == 0 else 0,
        ),
        "replay",
        "aggregation",
    ),
    # Money
    _of(
        "an equity of its own",
        "stops",
        edited_trace(_K.PORTFOLIO_UPDATE, 9, equity=lambda v: v + 1.0),
        "equity",
        "curves",
        "metrics",
    ),
    _of(
        "cash from nowhere",
        "closed",
        edited_trace(_K.PORTFOLIO_UPDATE, -1, cash=lambda v: v + 1.0, equity=lambda v: v + 1.0),
        "aggregation",
        "cash",
        "metrics",
    ),
    _of(
        "a price that nobody quoted",
        "closed",
        edited_trace(_K.FILL, 0, price=lambda v: v * 1.25),
        "aggregation",
        "cash",
        "metrics",
        "prices",
    ),
    _of(
        "a commission of its own",
        "closed",
        edited_trace(_K.FILL, 0, commission=7.0),
        "aggregation",
        "cash",
        "commissions",
        "metrics",
    ),
    _of(
        "an order that fills a day late",
        "stops",
        _next_bar,
        "cash",
        "fill_bars",
        "positions_value",
        "prices",
        "trades",
    ),
    _of(
        "an end that leaves a position",
        "closed",
        edited_trace(_K.FILL, -1, quantity=lambda v: v / 2),
        "aggregation",
        "cash",
        "ends",
        "metrics",
        "positions_value",
    ),
    _of(
        "a position that is marked at another price",
        "closed",
        edited_trace(
            _K.PORTFOLIO_UPDATE, 30, positions_value=lambda v: v + 1.0, equity=lambda v: v + 1.0
        ),
        "aggregation",
        "metrics",
        "positions_value",
    ),
    _of(
        "an update that is left out",
        "closed",
        _left_out(_K.PORTFOLIO_UPDATE, 3),
        "aggregation",
        "metrics",
        "updates",
    ),
    _of("a sample of its own", "stops", _curve, "aggregation", "curves"),
    _of("a trade of its own", "stops", _trade, "aggregation", "trades"),
    _of(
        "a figure of its own",
        "stops",
        edited(Channel.METRICS, f"{_UNIT}/{_PORTFOLIO}", "sharpe_ratio", to=lambda v: v * 1.01),
        "metrics",
        "aggregation",
    ),
    _of(
        "an undefined figure that is zero",
        "closed",
        edited(Channel.METRICS, f"{_UNIT}/portfolio=buy_and_hold.moderate", "ruined_at", to=0),
        "metrics",
        "aggregation",
        "updates",
    ),
    # Above units
    _of(
        "a statistic of its own",
        "walked",
        edited(
            Channel.OUTPUTS,
            _WALK,
            "aggregate_metrics",
            "statistics",
            "total_return",
            "std",
            to=lambda v: v * 1.1,
        ),
        "aggregation",
    ),
    _of(
        "a best combination that is not the best",
        "walked",
        edited(
            Channel.OUTPUTS,
            f"{_WALK}/window=0/window=0",
            "best_parameters",
            to=lambda p: {key: 5 if value != 5 else 10 for key, value in p.items()},
        ),
        "aggregation",
        "windows",
    ),
    _of(
        "a chain that takes a window whole",
        "walked",
        edited(
            Channel.METRICS, f"{_WALK}/portfolio=breakout.moderate", "bars", to=lambda v: v + 20
        ),
        "aggregation",
    ),
    # Traces and files
    _of(
        "a summary that counts otherwise",
        "closed",
        edited(Channel.OUTPUTS, _UNIT, "trace_summary", "by_kind", "FILL", to=99),
        "summaries",
    ),
    _of(
        "a total that is not the sum",
        "walked",
        edited(Channel.OUTPUTS, "", "trace_summary", "events", to=lambda v: v + 1),
        "summaries",
    ),
    _of("an event that the level leaves out", "closed", _kept_too_much, "levels"),
    _of(
        "NaN where null is due",
        "closed",
        edited(Channel.OUTPUTS, "", "metadata", "random_seed", to=float("nan")),
        "finite",
        "digests",
    ),
    _of(
        "a count that is a float",
        "closed",
        edited(
            Channel.METRICS,
            f"{_UNIT}/portfolio=buy_and_hold.moderate",
            "num_trades",
            to=lambda v: float(v),
        ),
        "types",
        "metrics",
        "aggregation",
    ),
    _of(
        "a file that nobody listed",
        "stored",
        edited(Channel.FILES, "folder", "result.json", "listed", to=False),
        "files",
    ),
    _of(
        "a file that is listed and not there",
        "stored",
        edited(
            Channel.FILES, "folder", "manifest.json", "lists_what_is_not_there", to=["lost.json"]
        ),
        "files",
    ),
    _of(
        "a file that is written and gone",
        "stored",
        edited(Channel.FILES, "iteration=0/phase=sweep", 0, "path", to="0/sweep/other.json"),
        "files",
    ),
    _of(
        "a result that the file does not hold",
        "stored",
        edited(Channel.FILES, "folder", "result.json", "is_the_result", to=False),
        "files",
    ),
    _of(
        "an output that the file does not hold",
        "stored",
        edited(Channel.FILES, "folder", "0/sweep/best.json", "holds_an_output", to=False),
        "output_files",
    ),
)


@pytest.mark.parametrize("tampering", TAMPERINGS, ids=lambda t: t.what)
def test_a_tampered_record_is_seen(
    tampering: Tampering, true_record: Callable[[str], Record]
) -> None:
    record = tampering.tamper(true_record(tampering.record))
    outcomes = check_invariants(record, tampering.record)
    broken = {o.name: o for o in outcomes if o.verdict is Verdict.DIFFERENT}
    assert set(broken) == tampering.seen_by
    for outcome in broken.values():
        assert outcome.first is not None
        assert repr(outcome.first.control) != repr(outcome.first.candidate)
        assert outcome.reason is not None
        assert outcome.reason.startswith(INVARIANTS[outcome.name].rule)


def test_every_invariant_has_a_tampered_record() -> None:
    assert {name for t in TAMPERINGS for name in t.seen_by} == set(INVARIANTS)
