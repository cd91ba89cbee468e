from __future__ import annotations

import xxhash

from containers.results import (
    IterationResult,
    LoopIterationResult,
    PhaseResult,
    TraceSummary,
    Window,
    WorkflowResult,
    units,
)
from containers.trace import combine_summaries, summaries_of

WINDOW = Window("full", 0, 1, 0, 5, 6)


def summary(digest: str, first: int | None = 1, last: int | None = 2) -> TraceSummary:
    return TraceSummary(
        events=10,
        kept=3,
        dropped=1,
        by_kind={"FILL": 2, "SIGNAL": 1},
        by_container={"strategy/b": 1, "execution": 2},
        first_ns=first,
        last_ns=last,
        digest=digest,
        path=f"0/{digest}",
    )


def leaf(digest: str | None) -> IterationResult:
    return IterationResult(WINDOW, {}, 0, trace_summary=None if digest is None else summary(digest))


def above(*iterations: IterationResult) -> IterationResult:
    return IterationResult(WINDOW, {}, 0, iterations=iterations)


def phase(*iterations: IterationResult) -> PhaseResult:
    return PhaseResult("succeeded", "walk_forward", "backtest", iterations=iterations)


def workflow(*passes: LoopIterationResult) -> WorkflowResult:
    return WorkflowResult("w", "i", "e", True, None, {}, passes, {}, {}, {}, None, {})


TREE = (above(above(leaf("a"), leaf("b")), leaf("c")), leaf("d"))


def test_leaves_come_in_order_with_the_indexes_that_lead_to_them() -> None:
    found = [(path, unit.trace_summary) for path, unit in units(TREE)]
    assert found == [
        ((0, 0, 0), summary("a")),
        ((0, 0, 1), summary("b")),
        ((0, 1), summary("c")),
        ((1,), summary("d")),
    ]
    assert [path for path, _ in units(TREE[:1], (7,))] == [(7, 0, 0, 0), (7, 0, 0, 1), (7, 0, 1)]


def test_all_units_of_a_run_in_order_branches_after_the_phases_of_their_pass() -> None:
    inner = workflow(LoopIterationResult(0, True, {"x": phase(leaf("f"))}))
    passes = (
        LoopIterationResult(
            0, True, {"p": phase(*TREE), "q": phase(leaf("e"), leaf(None))}, {"wide": inner}
        ),
        LoopIterationResult(1, True, {"p": phase(leaf("g"))}),
    )
    assert "".join(one.digest for one in summaries_of(passes)) == "abcdefg"


def test_several_are_added_and_their_digests_chained() -> None:
    total = combine_summaries([summary("aa", 7, 9), summary("bb", None, None), summary("cc", 3, 4)])
    assert total == TraceSummary(
        events=30,
        kept=9,
        dropped=3,
        by_kind={"FILL": 6, "SIGNAL": 3},
        by_container={"execution": 6, "strategy/b": 3},
        first_ns=3,
        last_ns=9,
        digest=xxhash.xxh3_128(b"aabbcc").hexdigest(),
        path=None,
    )


def test_one_is_its_own_total_and_none_is_null() -> None:
    assert combine_summaries([summary("aa")]) == summary("aa")
    assert combine_summaries([]) is None
