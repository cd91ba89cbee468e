"""Whatever of a record changes, holding it against its baseline sees it, in its own channel."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

import msgspec
import numpy as np
import pytest

from containers.results import EquityCurve
from containers.trace import Trace
from parity.baselines.holding import hold
from parity.baselines.layout import Baseline, parse, render
from parity.baselines.sketch import Sketch, sketch_of
from parity.channels import ALL, Channel
from parity.comparison.records import overall
from parity.record import Record
from parity.verdicts import Verdict
from tests.parity.baselines.recorded import FIXTURES, file_of, record


@cache
def approved(name: str) -> Sketch:
    """Give what is kept of a fixture's run, as it is read back from its file."""
    baseline = Baseline("x.yaml", ("imperative",), sketch_of(record(name), file_of(name)))
    return parse(render(baseline), "x.json").sketch


@pytest.mark.parametrize("name", FIXTURES)
def test_a_run_is_as_its_own_baseline_says(name: str) -> None:
    held = hold(approved(name), record(name), file_of(name))
    assert overall(held.outcomes) in (Verdict.EQUAL, Verdict.NOT_COMPARABLE)
    assert not any(outcome.verdict.is_difference for outcome in held.outcomes.values())


@pytest.mark.parametrize("name", FIXTURES)
def test_the_other_engine_is_as_the_baseline_of_the_one_says(name: str) -> None:
    held = hold(approved(name), record(name, "declarative"), file_of(name))
    assert not any(outcome.verdict.is_difference for outcome in held.outcomes.values())


def test_the_fixtures_fill_every_channel() -> None:
    filled = {c for name in FIXTURES for c, content in record(name).channels.items() if content}
    assert filled == ALL


def leaf_paths(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(tree, dict) and tree:
        return [p for key, value in tree.items() for p in leaf_paths(value, (*path, key))]
    if isinstance(tree, list | tuple) and tree:
        return [p for at, value in enumerate(tree) for p in leaf_paths(value, (*path, at))]
    return [path]


def plain_copy(tree: Any) -> Any:
    """Copy a tree with lists in place of tuples, so that items can be changed."""
    if isinstance(tree, dict):
        return {key: plain_copy(value) for key, value in tree.items()}
    return [plain_copy(item) for item in tree] if isinstance(tree, list | tuple) else tree


def other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return float(np.nextafter(value, np.inf))
    return "another" if value is None or not value else f"{value}x"


def changed_at(content: dict[str, Any], place: str, path: tuple[Any, ...]) -> dict[str, Any]:
    tree = {key: plain_copy(value) if key == place else value for key, value in content.items()}
    node: Any = tree
    for step in (place, *path)[:-1]:
        node = node[step]
    last = (place, *path)[-1]
    node[last] = other(node[last])
    return tree


TREES = sorted(ALL - {Channel.TRACE, Channel.TRADES, Channel.EQUITY})


@pytest.mark.parametrize("channel", TREES)
def test_no_leaf_of_a_channel_can_change_unseen(channel: Channel) -> None:
    """Of each place that has the channel a few leaves are changed, one at a time."""
    seen = 0
    for name in FIXTURES:
        sound, sketch = record(name), approved(name)
        content = dict(sound.channels.get(channel, {}))
        for place in list(content)[:3] + list(content)[-2:]:
            paths = [p for p in leaf_paths(content[place]) if counts(channel, place, p, content)]
            for path in paths[:: max(1, len(paths) // 7)]:
                tampered = changed_at(content, place, path)
                outcome = held_outcome(sound, sketch, channel, tampered, name)
                assert outcome.verdict.is_difference, (name, place, path)
                assert outcome.first is not None
                assert outcome.first.path.startswith(place), (name, place, path)
                seen += 1
    assert seen >= 8


def counts(channel: Channel, place: str, path: tuple[Any, ...], content: dict[str, Any]) -> bool:
    """Leave out what subjects are told, and bytes that depend on the version of a library."""
    if channel is Channel.CONFIG:
        return path[-1] not in ("trace_level", "directory")
    if channel is Channel.FILES and place == "folder":
        ours = str(path[0]).endswith((".parquet", ".log", "/trace.json"))
        return not (ours and path[-1] in ("bytes", "digest"))
    return True


def held_outcome(
    sound: Record, sketch: Sketch, channel: Channel, content: dict[str, Any], name: str
) -> Any:
    """Hold one channel alone: reducing all of them each time would take minutes."""
    tampered = msgspec.structs.replace(sound, channels={channel: content})
    approved_alone = msgspec.structs.replace(sketch, channels={channel: sketch.channels[channel]})
    return hold(approved_alone, tampered, file_of(name)).outcomes[channel]


@pytest.mark.parametrize("channel", sorted(ALL))
def test_a_place_that_is_gone_or_new_is_seen(channel: Channel) -> None:
    for name in FIXTURES:
        sound, sketch = record(name), approved(name)
        content = dict(sound.channels.get(channel, {}))
        if not content:
            continue
        first = next(iter(content))
        less = {place: value for place, value in content.items() if place != first}
        more = {**content, "somewhere/else": copy.copy(content[first])}
        gone = held_outcome(sound, sketch, channel, less, name)
        assert gone.verdict is Verdict.MISSING, name
        assert held_outcome(sound, sketch, channel, more, name).verdict is Verdict.EXTRA, name


def test_a_trade_a_sample_and_an_event_more_less_or_other_are_seen() -> None:
    name = FIXTURES[0]
    sound, sketch = record(name), approved(name)
    trades = dict(sound.channels[Channel.TRADES])
    place = next(place for place, rows in trades.items() if len(rows) > 2)
    rows = list(trades[place])
    swapped = [rows[1], rows[0], *rows[2:]]
    for tampered in (rows[:-1], [*rows, rows[-1]], swapped):
        outcome = held_outcome(
            sound, sketch, Channel.TRADES, {**trades, place: tuple(tampered)}, name
        )
        assert outcome.verdict is Verdict.DIFFERENT
    curves = dict(sound.channels[Channel.EQUITY])
    place = next(place for place, curve in curves.items() if len(curve.equity) > 2)
    curve = curves[place]
    shorter = EquityCurve(time_ns=curve.time_ns[:-1], equity=curve.equity[:-1])
    equity = curve.equity.copy()
    equity[1] = np.nextafter(equity[1], 0)
    for tampered_curve in (shorter, EquityCurve(time_ns=curve.time_ns, equity=equity)):
        outcome = held_outcome(
            sound, sketch, Channel.EQUITY, {**curves, place: tampered_curve}, name
        )
        assert outcome.verdict is Verdict.DIFFERENT


def test_an_event_is_looked_for_in_the_range_in_which_it_differs() -> None:
    name = "workflows/symbol_ibm"
    sound = record(name)
    sketch = approved(name)
    (unit, trace), *_ = sound.channels[Channel.TRACE].items()
    events = list(trace.events())
    position = 5_000
    events[position] = msgspec.structs.replace(events[position], container="somebody")
    outcome = held_outcome(sound, sketch, Channel.TRACE, {unit: Trace.from_events(events)}, name)
    assert outcome.verdict is Verdict.DIFFERENT
    assert outcome.first.position <= position
    assert outcome.first.path == f"{unit}: rows 3867 to 5155"
    assert outcome.first.fields == (events[position].kind.value,)


def test_a_trace_of_several_chunks_is_bisected_by_its_prefixes() -> None:
    from tests.parity.comparing.building import events as few

    bar = few()[0]
    many = [msgspec.structs.replace(bar, seq=number, cause=None) for number in range(140_000)]
    before = Trace.from_events(many)
    many[131_100] = msgspec.structs.replace(many[131_100], time_ns=bar.time_ns + 1)
    after = Trace.from_events(many)
    unit = "iteration=0/phase=x/window=0/unit=0"

    def of(trace: Trace) -> Record:
        return Record(
            subject="s", workflow="w", status="succeeded", declared=frozenset({Channel.TRACE}),
            channels={Channel.TRACE: {unit: trace}}, duration_s=0.0,
        )  # fmt: skip

    sketch = sketch_of(of(before), file_of("x"))
    assert len(sketch.channels[Channel.TRACE][unit]["prefixes"]) == 3
    first = hold(sketch, of(after), file_of("x")).outcomes[Channel.TRACE].first
    assert first is not None
    assert first.path == f"{unit}: rows 131072 to 132187"
    longer = Trace.from_events([*before.events(), msgspec.structs.replace(bar, seq=150_000)])
    more = hold(sketch, of(longer), file_of("x")).outcomes[Channel.TRACE]
    assert more.extra == 1
    assert more.first is not None
    assert more.first.path == f"{unit}: rows 140000 to 140000"


def test_a_nan_is_never_equal_to_what_was_approved() -> None:
    name = "handmade/drawdown"
    sound = record(name)
    metrics = dict(sound.channels[Channel.METRICS])
    place = next(iter(metrics))
    metrics[place] = {**metrics[place], "sharpe_ratio": float("nan")}
    broken = msgspec.structs.replace(sound, channels={**sound.channels, Channel.METRICS: metrics})
    sketch = sketch_of(broken, file_of(name))
    again = parse(render(Baseline("x.yaml", (), sketch)), "x.json").sketch
    outcome = hold(again, broken, file_of(name)).outcomes[Channel.METRICS]
    assert outcome.verdict is Verdict.DIFFERENT
