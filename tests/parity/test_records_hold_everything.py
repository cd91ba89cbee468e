"""Whatever a result or a journal can say lands in a channel: every field, one by one."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from containers.events import Bar, Event
from containers.journal import (
    BarDropped,
    ConfigResolved,
    ContainerBuilt,
    Entry,
    ErrorRaised,
    HookCalled,
    IterationStarted,
    JournalPath,
    LifecycleMoved,
    OutputWritten,
    PhaseFinished,
    PhaseSkipped,
    PhaseStarted,
    PlanMade,
    PlannedPhase,
    Record,
    Route,
    TopologyBuilt,
    UnitExecuted,
    WorkflowFinished,
    WorkflowStarted,
)
from containers.results import (
    EquityCurve,
    ErrorInfo,
    IterationResult,
    LoopIterationResult,
    PhaseResult,
    PortfolioResult,
    Signals,
    StoredSignal,
    TraceSummary,
    Trade,
    Window,
    WorkflowResult,
)
from containers.trace import Trace
from parity.comparison.records import compare_records
from parity.record import record_of_run
from parity.recording.journal import CHANNEL_OF

LEFT_OUT = {
    ("WorkflowResult", "workflow_id"): "the id of a run means nothing",
    ("WorkflowResult", "engine"): "what an engine calls itself",
    ("ErrorInfo", "message"): "worded by the engine, unless a container said it",
    ("ErrorInfo", "causes"): "likewise",
}
CONTAINERS_ERROR = ErrorInfo("E", "m", "p", "execution", "start", ("C: c",), ())
PLAIN_ERROR = ErrorInfo("E", "m", "p")

WINDOW = Window("test", 3, 5, 1, 10, 20)
TRADE = Trade("a.b", "A", 1, 1.0, 1, 2, 3.0, 4.0, 1, 0.0, 1.0)
SUMMARY = TraceSummary(5, 4, 1, {"BAR": 4}, {"data/A/1d": 4}, 1, 2, "d", "p")
SIGNALS = Signals(("s",), (StoredSignal(1, "s", "A", 1, 1.0, 7),))


def curve(last: float = 2.0) -> EquityCurve:
    return EquityCurve(time_ns=np.array([1, 2]), equity=np.array([1.0, last]))


def bar(close: float = 1.0) -> Event:
    return Bar(0, 1, "data/A/1d", None, "A", "1d", 1.0, 1.0, 1.0, close, None)


def portfolio() -> PortfolioResult:
    return PortfolioResult("a", "b", {"n": 1}, {"sharpe_ratio": 1.0}, (TRADE,), curve())


def iteration(*below: IterationResult) -> IterationResult:
    return IterationResult(
        window=WINDOW,
        parameters={"a.n": 2},
        seed=1,
        spawn_key=(1,),
        metrics={"sharpe_ratio": 1.0},
        best_portfolio="a.b",
        portfolios={"a.b": portfolio()},
        aggregate_metrics={"portfolios": 1},
        best_parameters={"a.n": 2},
        signals=SIGNALS,
        iterations=below,
        trace_summary=None if below else SUMMARY,
        trace=None if below else Trace.from_events([bar()]),
    )


def phase(error: ErrorInfo | None = None) -> PhaseResult:
    return PhaseResult(
        status="succeeded",
        sequence="walk_forward",
        topology="backtest",
        reason="r",
        iterations=(iteration(iteration()),),
        metrics={"sharpe_ratio": 1.0},
        best_portfolio="a.b",
        portfolios={"a.b": portfolio()},
        aggregate_metrics={"iterations": 1},
        best_parameters={"a.n": 2},
        signals=SIGNALS,
        outputs={"o": 1},
        results_path="0/p",
        error=error,
    )


def result(error: ErrorInfo | None = None, *, with_branch: bool = True) -> WorkflowResult:
    phases = {"p": phase(error)} if with_branch else {}
    branches = {"b": result(with_branch=False)} if with_branch else {}
    return WorkflowResult(
        workflow="w",
        workflow_id="w-1",
        engine="imperative",
        success=True,
        error=error,
        phase_results=phases,
        iterations=(LoopIterationResult(0, True, phases, branches),),
        branches={f"0/{name}": branch for name, branch in branches.items()},
        aggregated_results={"best_phase": "p"},
        outputs={"o": 2},
        trace_summary=SUMMARY,
        metadata={"random_seed": 1},
    )


RECORDS: tuple[Record, ...] = (
    WorkflowStarted("w"),
    BarDropped("f", 2, "open", "x", "bad"),
    ConfigResolved({"a": 1}, "d"),
    PlanMade((PlannedPhase("p", "t", "s", ("d",), True, ("c",), {"i": "r"}, 3),)),
    PhaseStarted(),
    PhaseSkipped("r"),
    PhaseFinished("succeeded"),
    IterationStarted(WINDOW, {"a.n": 1}, 1, (2,)),
    TopologyBuilt((ContainerBuilt("c", "data", {"a": 1}),), (Route("BAR", "a", "b", "t"),)),
    LifecycleMoved("c", "start", "initialized", "running"),
    UnitExecuted(1, 2),
    HookCalled("h", {"index": 0}, True),
    OutputWritten("result.json"),
    ErrorRaised(CONTAINERS_ERROR),
    WorkflowFinished(True),
)


OTHERS: dict[str, Any] = {
    "error": ErrorInfo("other", "m", "p"),
    "attached": (PLAIN_ERROR,),
    "trace": Trace.from_events([bar(2.0)]),
    "trace_summary": msgspec.structs.replace(SUMMARY, events=6),
    "iterations": (IterationResult(WINDOW, {}, 1),),
    "phase_results": {"x": PhaseResult("skipped", "s", "t")},
    "branches": {"x": WorkflowResult("w", "i", "e", True, None, {}, (), {}, {}, {}, None, {})},
}
"""Other values for fields that are null or empty in the result above."""


def changed(value: Any, field: str = "") -> Any:
    """Give another value of the same kind."""
    if field in OTHERS and (value is None or value in ((), {})):
        return OTHERS[field]
    match value:
        case None:
            return "was null"
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return value + "x"
        case np.ndarray():
            return value + 1
        case Trace():
            return OTHERS["trace"]
        case tuple():
            return (*value, value[0]) if value else ("was empty",)
        case dict():
            return {f"{key}x": item for key, item in value.items()} or {"was": "empty"}
    if isinstance(value, msgspec.Struct):
        name = value.__struct_fields__[0]
        return msgspec.structs.replace(value, **{name: changed(getattr(value, name))})
    raise AssertionError(f"no other {value!r}")


def variants(value: Any, path: str = "") -> Iterator[tuple[str, str, str, Any]]:
    """Give (path, struct, field, whole) for each field below ``value`` changed alone."""
    if isinstance(value, msgspec.Struct):
        for field in value.__struct_fields__:
            item, here = getattr(value, field), f"{path}.{field}"
            other = changed(item, field)
            yield (
                here,
                type(value).__name__,
                field,
                msgspec.structs.replace(value, **{field: other}),
            )
            for where, struct, name, below in variants(item, here):
                yield where, struct, name, msgspec.structs.replace(value, **{field: below})
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            for where, struct, name, below in variants(item, f"{path}[{index}]"):
                yield where, struct, name, (*value[:index], below, *value[index + 1 :])
    elif isinstance(value, dict):
        for key, item in value.items():
            for where, struct, name, below in variants(item, f"{path}[{key!r}]"):
                yield where, struct, name, {**value, key: below}


def is_seen(left: WorkflowResult, right: WorkflowResult) -> bool:
    return differ(record_of_run("s", left, (), 0.0), record_of_run("s", right, (), 0.0))


def differ(left: Any, right: Any) -> bool:
    return any(outcome.verdict.is_difference for outcome in compare_records(left, right).values())


def test_the_same_result_twice_has_no_difference() -> None:
    assert not is_seen(result(CONTAINERS_ERROR), result(CONTAINERS_ERROR))


@pytest.mark.parametrize("error", [None, CONTAINERS_ERROR, PLAIN_ERROR], ids=["none", "c", "plain"])
def test_every_field_of_a_result_lands_in_a_channel(error: ErrorInfo | None) -> None:
    base = result(error)
    found: set[tuple[str, str]] = set()
    for where, struct, field, variant in variants(base):
        found.add((struct, field))
        left_out = (struct, field) in LEFT_OUT and error is not CONTAINERS_ERROR
        if left_out or field in ("workflow_id", "engine"):
            # Below phases and branches the variant would part from their second copy, and be seen.
            assert where.count("[") or not is_seen(base, variant), where
        else:
            assert is_seen(base, variant), where
    structs: list[type[msgspec.Struct]] = [
        WorkflowResult, LoopIterationResult, PhaseResult, IterationResult, Window, PortfolioResult,
        Trade, EquityCurve, TraceSummary, Signals, StoredSignal,
    ]  # fmt: skip
    for cls in structs:
        assert {(cls.__name__, name) for name in cls.__struct_fields__} <= found


def test_a_field_that_is_left_out_has_its_reason_and_exists() -> None:
    for (struct, field), reason in LEFT_OUT.items():
        cls = {"WorkflowResult": WorkflowResult, "ErrorInfo": ErrorInfo}[struct]
        assert field in cls.__struct_fields__
        assert reason


def entries(record: Record) -> list[Entry]:
    path: JournalPath = (("iteration", 0), ("phase", "p"))
    return [Entry(path=path, number=0, record=record)]


def test_every_kind_of_record_has_a_channel_and_a_case_here() -> None:
    kinds = set(typing.get_args(Record))
    assert set(CHANNEL_OF) == kinds == {type(record) for record in RECORDS}


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_every_field_of_a_record_lands_in_a_channel(record: Record) -> None:
    base = result()
    config = {"trace_level": "detailed", "trace": {"containers": {}, "max_events": None}}
    if isinstance(record, ConfigResolved):
        record = msgspec.structs.replace(record, config=config)
    left = record_of_run("s", base, entries(record), 0.0)
    assert not differ(left, record_of_run("s", base, entries(record), 0.0))
    assert differ(left, record_of_run("s", base, (), 0.0))
    for where, _, field, variant in variants(record):
        if field == "config":
            variant = msgspec.structs.replace(variant, config={**config, "more": 1})  # noqa: PLW2901
        assert differ(left, record_of_run("s", base, entries(variant), 0.0)), where


def test_the_order_of_unlike_records_of_a_path_is_kept() -> None:
    path: JournalPath = (("iteration", 0),)
    ordered: list[Record] = [PhaseStarted(), WorkflowStarted("w")]
    left, right = (
        record_of_run("s", result(), [Entry(path, n, r) for n, r in enumerate(records)], 0.0)
        for records in (ordered, ordered[::-1])
    )
    assert differ(left, right)


@pytest.mark.parametrize("numbers", [(0, 0), (1, 2), (0, 2), (1, 0)])
def test_numbers_that_do_not_count_the_records_of_a_path_are_kept(numbers: tuple[int, ...]) -> None:
    path: JournalPath = (("iteration", 0),)
    left, right = (
        record_of_run("s", result(), [Entry(path, n, PhaseStarted()) for n in each], 0.0)
        for each in ((0, 1), numbers)
    )
    assert differ(left, right)


def test_the_order_in_which_paths_are_heard_is_kept() -> None:
    first: JournalPath = (("iteration", 0), ("phase", "p"))
    second: JournalPath = (("iteration", 0), ("phase", "q"))
    ordered = [Entry(path, 0, PhaseStarted()) for path in (first, second)]
    left, right = (record_of_run("s", result(), e, 0.0) for e in (ordered, ordered[::-1]))
    assert differ(left, right)


def test_every_file_of_a_run_is_recorded(tmp_path: Path) -> None:
    base = result()
    for side in ("left", "right"):
        (tmp_path / side / "0").mkdir(parents=True)
        (tmp_path / side / "0" / "best.json").write_text("1", encoding="utf-8")

    def both() -> bool:
        left, right = (
            record_of_run("s", base, (), 0.0, folder=tmp_path / side) for side in ("left", "right")
        )
        return differ(left, right)

    assert not both()
    (tmp_path / "right" / "0" / "best.json").write_text("2", encoding="utf-8")
    assert both()
    (tmp_path / "right" / "0" / "best.json").write_text("1", encoding="utf-8")
    (tmp_path / "right" / "more.csv").write_text("", encoding="utf-8")
    assert both()


def test_a_result_file_that_holds_another_result_and_a_lying_manifest_are_seen(
    tmp_path: Path,
) -> None:
    base = result()
    document = msgspec.json.encode(base.to_document())
    listed = b'{"files": [{"path": "result.json", "bytes": 1, "digest": "0"}]}'
    cases = {"good": (document, b""), "other": (b"{}", b""), "lying": (document, listed)}
    records = {}
    for name, (content, manifest) in cases.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "result.json").write_bytes(content)
        if manifest:
            (tmp_path / name / "manifest.json").write_bytes(manifest)
        records[name] = record_of_run("s", base, (), 0.0, folder=tmp_path / name)
    assert differ(records["good"], records["other"])
    assert differ(records["good"], records["lying"])
