"""What of two records is compared at all: declared, covered, and not what they were told apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from containers.trace import Trace
from parity.channels import ALL, ORACLE, REQUIRED, Channel
from parity.comparison.outcome import ChannelOutcome
from parity.comparison.records import compare_records, overall
from parity.record import Record, TraceSettings
from parity.verdicts import Verdict
from tests.parity.comparing.building import PLACE, UNIT, contents, curve, events, record, trace

DISK: dict[Any, str] = {("results", "storage"): "disk"}
MINIMAL: dict[Any, str] = {("trace_level",): "minimal"}


def told(made: Record, what: Mapping[Any, str]) -> Record:
    return msgspec.structs.replace(made, told=what)


def holding(channel: Channel, content: Any) -> Record:
    return record({**contents(), channel: content})


def pair(channel: Channel, left: Record, right: Record) -> ChannelOutcome:
    found = compare_records(left, right)[channel]
    turned = compare_records(right, left)[channel]
    assert (found.verdict.is_difference, found.required, found.compared) == (
        turned.verdict.is_difference,
        turned.required,
        turned.compared,
    )
    return found


@pytest.mark.parametrize("channel", Channel)
def test_what_a_subject_does_not_declare_is_not_compared_and_fails_nothing(
    channel: Channel,
) -> None:
    silent = msgspec.structs.replace(record(), subject="other", declared=ALL - {channel})
    found = pair(channel, record(), silent)
    assert (found.verdict, found.required) == (Verdict.NOT_COMPARABLE, False)
    assert found.reason == "other does not fill it"
    assert overall(compare_records(record(), silent)) is Verdict.EQUAL


@pytest.mark.parametrize("channel", Channel)
def test_what_neither_fills_counts_where_every_run_must(channel: Channel) -> None:
    rest = record({c: content for c, content in contents().items() if c is not channel})
    found = pair(channel, rest, rest)
    assert (found.verdict, found.required) == (Verdict.NOT_COMPARABLE, channel in REQUIRED)
    assert found.reason == "neither side filled it"
    assert (found.compared, found.different, found.tolerated, found.ignored) == (0, 0, 0, 0)
    assert (found.missing, found.extra, found.first, found.rules) == (0, 0, None, ())
    expected = Verdict.NOT_COMPARABLE if channel in REQUIRED else Verdict.EQUAL
    assert overall(compare_records(rest, rest)) is expected
    empty = holding(channel, {})
    assert pair(channel, empty, rest).verdict is Verdict.NOT_COMPARABLE


def test_what_both_filled_with_nothing_is_equal() -> None:
    nothing = holding(Channel.TRADES, {PLACE: ()})
    found = pair(Channel.TRADES, nothing, nothing)
    assert (found.verdict, found.required, found.compared) == (Verdict.EQUAL, True, 0)
    other = holding(Channel.TRADES, {"elsewhere": ()})
    assert pair(Channel.TRADES, nothing, other).verdict.is_difference


# --- told to store in another place ------------------------------------------------------------


def test_files_are_compared_where_both_store_alike() -> None:
    left, right = record(), holding(Channel.FILES, {"folder": {}})
    assert pair(Channel.FILES, left, right).verdict.is_difference
    assert pair(Channel.FILES, told(left, DISK), told(right, DISK)).verdict.is_difference
    disk = {
        key: "".join(list(value)) for key, value in DISK.items()
    }  # an equal text, not the same one
    assert pair(Channel.FILES, told(left, DISK), told(right, disk)).verdict.is_difference
    found = pair(Channel.FILES, told(left, DISK), right)
    assert (found.verdict, found.required) == (Verdict.NOT_COMPARABLE, False)
    assert found.reason == "the sides were told to store in different places"
    for channel in Channel:
        if channel is not Channel.FILES:
            assert pair(channel, told(left, DISK), record()).verdict is Verdict.EQUAL


def journal(*names: str, **more: Any) -> Record:
    return holding(Channel.STATUS, {"p": {"journal": list(names), **more}, "q": {"success": True}})


def test_that_files_were_written_is_left_out_of_the_order_where_storage_differs() -> None:
    left = journal("PhaseStarted", "OutputWritten", "PhaseFinished", "OutputWritten")
    right = journal("PhaseStarted", "PhaseFinished")
    assert pair(Channel.STATUS, left, right).verdict.is_difference
    assert pair(Channel.STATUS, told(left, DISK), right).verdict is Verdict.EQUAL
    # What stood on both sides of it is one run of records, as it is where nothing was written.
    left = journal("HookCalled", "OutputWritten", "HookCalled", "PhaseFinished")
    right = journal("HookCalled", "PhaseFinished")
    assert pair(Channel.STATUS, told(left, DISK), right).verdict is Verdict.EQUAL
    for other in (
        journal("PhaseFinished", "HookCalled"),
        journal("HookCalled"),
        journal("HookCalled", "PhaseFinished", status="failed"),
        journal("OutputWritten"),
    ):
        assert pair(Channel.STATUS, told(left, DISK), other).verdict.is_difference
    # Each record counts, whether its name comes before or after that of the one before it.
    for first, second in (("HookCalled", "PhaseStarted"), ("PhaseStarted", "HookCalled")):
        left = journal(first, "OutputWritten", second)
        assert pair(Channel.STATUS, told(left, DISK), journal(first)).verdict.is_difference
        left = journal(first, "OutputWritten", second, first)
        assert pair(Channel.STATUS, told(left, DISK), journal(first)).verdict.is_difference
        rest = journal(second, first)
        assert pair(Channel.STATUS, told(left, DISK), rest).verdict.is_difference
    # Names are compared by their letters, wherever they were read from.
    twice = journal("HookCalled", "".join(["Hook", "Called"]), "PhaseFinished")
    assert pair(Channel.STATUS, told(twice, DISK), right).verdict is Verdict.EQUAL


SUMMARY = {"events": 10, "kept": 4, "digest": "d", "path": "a/trace"}


def summarised(**changes: Any) -> Record:
    return holding(
        Channel.OUTPUTS,
        {
            UNIT: {"trace_summary": {**SUMMARY, **changes}, "seed": 1},
            "phase": {"trace_summary": None, "best": "a.b"},
            "": [1],
        },
    )


@pytest.mark.parametrize(
    ("told_apart", "hidden", "shown"),
    [
        ({}, (), ("events", "kept", "digest", "path")),
        (DISK, ("path",), ("events", "kept", "digest")),
        (MINIMAL, ("kept", "digest", "path"), ("events",)),
        ({**DISK, **MINIMAL}, ("kept", "digest", "path"), ("events",)),
    ],
)
def test_of_summaries_is_left_out_what_the_sides_were_told_apart(
    told_apart: Mapping[Any, str], hidden: tuple[str, ...], shown: tuple[str, ...]
) -> None:
    left = told(summarised(), told_apart)
    assert pair(Channel.OUTPUTS, left, summarised()).verdict is Verdict.EQUAL
    for key in hidden:
        assert pair(Channel.OUTPUTS, left, summarised(**{key: "x"})).verdict is Verdict.EQUAL
    for key in shown:
        assert pair(Channel.OUTPUTS, left, summarised(**{key: "x"})).different == 1
    found = pair(Channel.OUTPUTS, left, told(summarised(kept=5), told_apart))
    assert found.different == 1  # told alike, all of it counts
    other = summarised()
    other.channels[Channel.OUTPUTS]["phase"]["best"] = "c.d"
    assert pair(Channel.OUTPUTS, left, other).different == 1


def test_files_of_traces_are_left_out_where_levels_differ() -> None:
    def files(**entries: int) -> Record:
        named = {name.replace("_", "/"): size for name, size in entries.items()}
        return holding(Channel.FILES, {"folder": named, "p": [1]})

    left, right = files(a_trace_bar=1, a_best=2), files(a_trace_fill=3, a_best=2)
    assert pair(Channel.FILES, left, right).verdict.is_difference
    assert pair(Channel.FILES, told(left, MINIMAL), right).verdict is Verdict.EQUAL
    content = {"folder": {"a/best": {"bytes": 2, "digest": "x"}}, "p": [1]}
    other = {"folder": {"a/best": {"bytes": 2, "digest": "y"}}, "p": [1]}
    one, two = holding(Channel.FILES, content), holding(Channel.FILES, other)
    assert pair(Channel.FILES, told(one, MINIMAL), two).different == 1
    worse = files(a_trace_fill=3, a_best=5)
    assert pair(Channel.FILES, told(left, MINIMAL), worse).different == 1
    assert pair(Channel.FILES, told(left, MINIMAL), told(right, MINIMAL)).verdict.is_difference


def configured(**config: Any) -> Record:
    return holding(Channel.CONFIG, {"": [{"config": config, "digest": "d"}, {"dropped": 1}]})


def test_what_a_side_was_told_is_left_out_of_its_configuration() -> None:
    left = configured(trace_level="minimal", results={"storage": "disk", "directory": "d"}, x=1)
    right = configured(trace_level="detailed", results={"storage": "memory", "directory": "d"}, x=1)
    assert pair(Channel.CONFIG, left, right).different == 2
    assert pair(Channel.CONFIG, told(left, DISK), right).different == 1
    assert pair(Channel.CONFIG, told(left, {**DISK, **MINIMAL}), right).verdict is Verdict.EQUAL
    # Either side's word hides it on both.
    assert pair(Channel.CONFIG, told(left, DISK), told(right, MINIMAL)).verdict is Verdict.EQUAL
    for other in (configured(x=2), configured(x=1, results={"storage": "disk", "directory": "e"})):
        assert pair(Channel.CONFIG, told(left, {**DISK, **MINIMAL}), other).verdict.is_difference
    nested = configured(y={"trace_level": "a"}), configured(y={"trace_level": "b"})
    assert pair(Channel.CONFIG, told(nested[0], MINIMAL), nested[1]).different == 1


# --- traces at the level both kept -------------------------------------------------------------


def traced(made: Trace, level: str = "detailed", **settings: Any) -> Record:
    return msgspec.structs.replace(
        holding(Channel.TRACE, {UNIT: made}),
        trace_settings={UNIT: TraceSettings(level, **settings)},
    )


def only(*kinds: str) -> Trace:
    return Trace.from_events([event for event in events() if event.kind in kinds])


def test_traces_are_reduced_to_what_both_levels_keep() -> None:
    from containers.trace import KINDS, TraceLevel

    kept = only(*KINDS[TraceLevel.MINIMAL])
    assert 0 < len(kept) < 6
    left, right = traced(trace()), traced(kept, "minimal")
    found = pair(Channel.TRACE, left, right)
    assert (found.verdict, found.compared) == (Verdict.EQUAL, len(kept))
    assert pair(Channel.TRACE, left, traced(kept)).verdict.is_difference
    assert pair(Channel.TRACE, traced(trace(FILL__price=9.0)), right).different == 1
    assert pair(Channel.TRACE, traced(trace(BAR__open=9.0)), right).verdict is Verdict.EQUAL


def test_levels_of_single_containers_count() -> None:
    from containers.trace import KINDS, TraceLevel

    bars = {"data/*": "none"}
    right = traced(Trace.from_events(events()[1:]), overrides=bars)
    assert pair(Channel.TRACE, traced(trace()), right).compared == 5
    assert pair(Channel.TRACE, traced(trace()), right).verdict is Verdict.EQUAL
    assert pair(Channel.TRACE, traced(trace(BAR__open=1.0)), right).verdict is Verdict.EQUAL
    assert pair(Channel.TRACE, traced(trace(), overrides=bars), right).verdict.is_difference
    assert KINDS[TraceLevel.NONE] == frozenset()


def test_traces_with_a_limit_are_compared_by_their_newest_events() -> None:
    left = traced(trace(), "standard")
    for limit in (2, 3):
        right = traced(trace().newest(limit), limit=limit)
        found = pair(Channel.TRACE, left, right)
        assert found.verdict is Verdict.EQUAL
        assert 0 < found.compared <= limit
    assert pair(Channel.TRACE, left, traced(trace().newest(2))).verdict.is_difference
    wrong = traced(trace(FILL__price=9.0).newest(2), limit=2)
    assert pair(Channel.TRACE, left, wrong).verdict.is_difference


def test_a_side_that_keeps_no_events_has_none_to_compare() -> None:
    nothing = traced(Trace.from_events([]), "none")
    for other in (record(), nothing):
        found = pair(Channel.TRACE, nothing, other)
        assert (found.verdict, found.required) == (Verdict.NOT_COMPARABLE, False)
        assert found.reason == "a side keeps no events at its trace level"
    some = traced(Trace.from_events([]), "none", overrides={"portfolio/*": "detailed"})
    assert pair(Channel.TRACE, some, record()).verdict.is_difference
    two = msgspec.structs.replace(
        nothing, trace_settings={UNIT: TraceSettings("none"), "other": TraceSettings("minimal")}
    )
    assert pair(Channel.TRACE, two, record()).reason is None


# --- covering some units alone -----------------------------------------------------------------


def test_of_one_that_covers_some_units_only_what_belongs_to_them_is_compared() -> None:
    above, beside = "iteration=0/phase=backtest", UNIT.replace("unit=0", "unit=1")
    full = record(
        {
            Channel.TRACE: {UNIT: trace(), beside: trace()},
            Channel.METRICS: {PLACE: {"x": 1.0}, UNIT: {"y": 1.0}, above: {"z": 1.0}},
            Channel.EQUITY: {PLACE: curve(), f"{beside}/portfolio=a.b": curve()},
        }
    )
    part = msgspec.structs.replace(
        record(
            {
                Channel.TRACE: {UNIT: trace()},
                Channel.METRICS: {PLACE: {"x": 1.0}},
                Channel.EQUITY: {PLACE: curve()},
            }
        ),
        declared=ORACLE,
        covers=frozenset({UNIT}),
    )
    for channel, compared in ((Channel.TRACE, 6), (Channel.METRICS, 1), (Channel.EQUITY, 3)):
        found = pair(channel, full, part)
        assert (found.verdict, found.compared) == (Verdict.EQUAL, compared)
        everywhere = msgspec.structs.replace(part, covers=None)
        assert pair(channel, full, everywhere).verdict.is_difference
    more = msgspec.structs.replace(part, covers=frozenset({UNIT, beside}))
    assert pair(Channel.TRACE, full, more).verdict.is_difference
    assert pair(Channel.EQUITY, full, more).verdict.is_difference


def test_of_one_that_has_some_figures_only_these_are_compared() -> None:
    full = holding(Channel.METRICS, {PLACE: {"x": 1.0, "y": 2.0}, UNIT: {"y": 3.0}})
    part = msgspec.structs.replace(
        holding(Channel.METRICS, {PLACE: {"x": 1.0}, UNIT: {}}), figures=frozenset({"x"})
    )
    found = pair(Channel.METRICS, full, part)
    assert (found.verdict, found.compared) == (Verdict.EQUAL, 1)
    everything = msgspec.structs.replace(part, figures=None)
    assert pair(Channel.METRICS, full, everything).verdict.is_difference
    other = msgspec.structs.replace(part, figures=frozenset({"x", "y"}))
    assert pair(Channel.METRICS, full, other).verdict.is_difference
    wrong = msgspec.structs.replace(
        holding(Channel.METRICS, {PLACE: {"x": 9.0}, UNIT: {}}), figures=frozenset({"x"})
    )
    assert pair(Channel.METRICS, full, wrong).different == 1
    for channel in Channel:
        if channel is not Channel.METRICS:
            assert pair(channel, full, part).verdict is Verdict.EQUAL
