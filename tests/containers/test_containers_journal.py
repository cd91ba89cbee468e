"""The journal, and errors as results carry them."""

from __future__ import annotations

import pickle

import msgspec
import pytest

from containers.errors import (
    ConfigurationError,
    ContainerError,
    ContainersError,
    DataError,
    LifecycleError,
    Location,
    Problem,
    StorageError,
    WiringError,
    dotted,
)
from containers.failures import describe_error, path_text
from containers.journal import (
    BarDropped,
    Entry,
    Journal,
    JournalPath,
    LifecycleMoved,
    PhaseFinished,
    PhaseStarted,
    WorkflowFinished,
    WorkflowStarted,
)
from containers.results import ErrorInfo

UNIT: JournalPath = (("iteration", 0), ("phase", "backtest"), ("window", 0), ("unit", 0))


# --- journal ----------------------------------------------------------------------------------


def test_records_are_numbered_by_path() -> None:
    journal = Journal(keeps=True)
    journal.write(WorkflowStarted("simple_backtest"))
    phase = journal.child("iteration", 0).child("phase", "backtest")
    phase.write(PhaseStarted())
    journal.write(BarDropped("AAA_1d.csv", 3, "high", "1", "too low"))
    phase.write(PhaseFinished("succeeded"))
    journal.write(WorkflowFinished(True))
    assert [(entry.path, entry.number) for entry in journal.records()] == [
        ((), 0),
        ((("iteration", 0), ("phase", "backtest")), 0),
        ((("iteration", 0), ("phase", "backtest")), 1),
        ((), 1),
        ((), 2),
    ]


def test_a_child_stands_where_it_was_opened_whenever_it_is_written() -> None:
    journal = Journal(keeps=True)
    first = journal.child("unit", 0)
    journal.write(WorkflowStarted("between"))
    second = journal.child("unit", 1)
    second.write(PhaseFinished("second"))
    journal.write(WorkflowFinished(True))
    first.write(PhaseFinished("first"))
    assert [entry.record for entry in journal.records()] == [
        PhaseFinished("first"), WorkflowStarted("between"), PhaseFinished("second"),
        WorkflowFinished(True),
    ]  # fmt: skip


def test_a_child_gives_its_own_records_alone() -> None:
    journal = Journal(keeps=True)
    journal.write(WorkflowStarted("w"))
    child = journal.child("phase", "backtest")
    child.write(PhaseStarted())
    assert list(child.records()) == [Entry((("phase", "backtest"),), 0, PhaseStarted())]


def test_consumers_hear_of_each_record_at_once_and_in_the_order_of_writing() -> None:
    heard: list[Entry] = []
    again: list[Entry] = []
    journal = Journal([heard.append, again.append], keeps=True)
    child = journal.child("unit", 0)
    assert heard == []
    journal.write(WorkflowStarted("w"))
    assert heard == [Entry((), 0, WorkflowStarted("w"))]
    child.write(PhaseStarted())
    assert heard[-1] == Entry((("unit", 0),), 0, PhaseStarted())
    assert again == heard
    # Written second, but it stands first.
    assert [entry.record for entry in journal.records()] == [PhaseStarted(), WorkflowStarted("w")]


def test_a_journal_can_begin_under_a_path() -> None:
    journal = Journal(path=UNIT, keeps=True)
    journal.child("unit", 1).write(PhaseStarted())
    assert [entry.path for entry in journal.records()] == [(*UNIT, ("unit", 1))]


def test_records_are_frozen_and_carry_their_kind() -> None:
    record = LifecycleMoved("execution", "start", "initialized", "running")
    with pytest.raises(AttributeError, match="immutable"):
        setattr(record, "container", "other")  # noqa: B010  # mypy forbids the plain form
    assert msgspec.to_builtins(record) == {
        "type": "LifecycleMoved", "container": "execution", "trigger": "start",
        "source": "initialized", "target": "running",
    }  # fmt: skip


# --- errors in results ------------------------------------------------------------------------


def chained() -> RuntimeError:
    try:
        try:
            try:
                raise KeyError("a")
            except KeyError:
                raise ValueError("b")  # noqa: B904  # by context alone
        except ValueError as error:
            raise RuntimeError("c") from error
    except RuntimeError as error:
        return error


def test_a_path_is_written_as_in_the_contract() -> None:
    assert path_text(UNIT) == "iteration=0/phase=backtest/window=0/unit=0"
    assert path_text(()) == ""


def test_an_error_is_described_with_what_it_was_raised_from_nearest_first() -> None:
    assert describe_error(chained(), UNIT) == ErrorInfo(
        type="RuntimeError",
        message="c",
        path="iteration=0/phase=backtest/window=0/unit=0",
        container=None,
        activity=None,
        causes=("ValueError: b", "KeyError: 'a'"),
        attached=(),
    )


def test_of_a_container_error_the_cause_is_described_and_the_container_named() -> None:
    cause = chained()
    try:
        raise ContainerError("strategy/fast", "execute", cause) from cause
    except ContainerError as raised:
        error = raised
    assert describe_error(error, UNIT) == ErrorInfo(
        type="RuntimeError",
        message="c",
        path="iteration=0/phase=backtest/window=0/unit=0",
        container="strategy/fast",
        activity="execute",
        causes=("ValueError: b", "KeyError: 'a'"),
    )


def test_a_suppressed_context_is_no_cause() -> None:
    error = ValueError("b")
    error.__context__ = KeyError("a")
    assert describe_error(error, ()).causes == ("KeyError: 'a'",)
    error.__suppress_context__ = True  # raised `from None`
    assert describe_error(error, ()).causes == ()


def test_a_suppressed_context_further_down_ends_the_chain() -> None:
    inner = ValueError("b")
    inner.__context__ = KeyError("a")
    inner.__suppress_context__ = True
    outer = RuntimeError("c")
    outer.__cause__ = inner
    assert describe_error(outer, ()).causes == ("ValueError: b",)


def test_a_chain_that_bites_its_tail_is_told_once() -> None:
    first, second = ValueError("a"), RuntimeError("b")
    first.__cause__, second.__cause__ = second, first
    assert describe_error(first, ()).causes == ("RuntimeError: b",)


def test_later_errors_are_attached_and_do_not_replace_the_first() -> None:
    later = [ContainerError("execution", "stop", OSError("full")), KeyError("x")]
    info = describe_error(ValueError("first"), UNIT, later)
    assert (info.type, info.message, info.container) == ("ValueError", "first", None)
    assert [(a.type, a.message, a.container, a.activity, a.path) for a in info.attached] == [
        ("OSError", "full", "execution", "stop", path_text(UNIT)),
        ("KeyError", "'x'", None, None, path_text(UNIT)),
    ]


# --- the errors themselves --------------------------------------------------------------------


def test_all_errors_have_one_base_and_wrong_data_is_a_wrong_configuration() -> None:
    for cls in (ConfigurationError, WiringError, LifecycleError, ContainerError, StorageError):
        assert issubclass(cls, ContainersError)
    assert issubclass(DataError, ConfigurationError)


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("found 0"), "found 0"),
        (Problem("found 0", ("symbols", 1)), "symbols[1]: found 0"),
        (Problem("found 0", ("a", "b"), Location("c.yaml", 3, 5)), "c.yaml:3:5: a.b: found 0"),
        (Problem("found 0", (), Location("c.csv", 3)), "c.csv:3: found 0"),
        (Problem("found 0", (), Location("c.csv")), "c.csv: found 0"),
        (Problem("found 0", ("a",), None, "use 1"), "a: found 0 (use 1)"),
    ],
)
def test_a_problem_says_where_what_and_what_next(problem: Problem, text: str) -> None:
    assert str(problem) == text


def test_a_path_of_keys_and_indexes_is_written_as_people_do() -> None:
    assert dotted(()) == ""
    assert dotted((0, "a", "b", 1, 2)) == "[0].a.b[1][2]"


@pytest.mark.parametrize("cls", [ConfigurationError, DataError])
def test_a_configuration_error_holds_every_problem_and_survives_a_pickle(
    cls: type[ConfigurationError],
) -> None:
    problems = (Problem("found 0", ("a",)), Problem("found 1", ("b",), Location("c.yaml", 1, 1)))
    error = cls(iter(problems))
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is cls
    assert copy.problems == error.problems == problems
    assert str(copy) == "a: found 0\nc.yaml:1:1: b: found 1"
