"""What drawn expressions promise: the whole grammar, both answers, and that each part decides."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from declarative.expressions import compile_expression as declarative_expression
from imperative.expressions import compile_expression as imperative_expression
from parity.generation import examples
from parity.generation.boundaries import BOUNDARIES
from parity.generation.estimate import work_of_example
from parity.generation.expression_texts import KINDS, kinds_of, simpler_texts
from parity.generation.expressions import LONGEST, Name, condition, number
from parity.generation.specs import (
    ConfigSpec,
    Example,
    MarketSpec,
    PhaseSpec,
    StreamSpec,
    WorkflowSpec,
)
from tests.parity.generation.drawn import drawn

VALUES: dict[str, Any] = {
    "iteration": 0,
    "config": {
        "random_seed": 3,
        "symbols": [{"symbol": "S0", "timeframes": ["1d"]}],
        "portfolio": {"fractional": False, "initial_capital": 1e5},
        "data": {"start_date": None},
    },
    "results": {"p0": {"status": "succeeded", "metrics": {"bars": 40, "sharpe_ratio": None}}},
    "outputs": {"p0": {"known": {"deep": {"a.b": 2}}}},
}
NAMES = (
    Name("iteration", "number", 0),
    Name("config.random_seed", "number", 3),
    Name("config.symbols[0].symbol", "text", "S0"),
    Name("config.symbols[0].timeframes", "list", ["1d"]),
    Name("config.portfolio", "mapping", ["fractional", "initial_capital"]),
    Name("config.portfolio.fractional", "bool", False),
    Name("config.data.start_date", "null"),
    Name("results.p0.metrics.bars", "number", 40, "results.p0.status == 'succeeded'"),
    Name("results.p0.metrics.sharpe_ratio", "maybe"),
    Name("outputs.p0.known.deep['a.b']", "number", 2),
)
CONDITIONS = [condition(seed % 7 + 1, seed, NAMES) for seed in range(600)]


def test_every_kind_of_node_occurs_often() -> None:
    counts = Counter(kind for text in CONDITIONS for kind in kinds_of(text))
    assert not [kind for kind in KINDS if counts[kind] < 50]


def test_all_can_be_worked_out_and_both_answers_are_common() -> None:
    answers = Counter(imperative_expression(text).decide(VALUES) for text in CONDITIONS)
    assert min(answers[True], answers[False]) > 0.3 * len(CONDITIONS)


def test_the_engines_work_out_the_same() -> None:
    for seed, text in enumerate(CONDITIONS):
        assert imperative_expression(text).evaluate(VALUES) is declarative_expression(
            text
        ).evaluate(VALUES)
        value = number(seed % 4, seed, NAMES[:2])
        ours = imperative_expression(value).evaluate(VALUES)
        theirs = declarative_expression(value).evaluate(VALUES)
        assert repr(ours) == repr(theirs)  # which tells -0.0 from 0.0


def test_the_sign_of_a_zero_is_kept_by_both() -> None:
    for compiled in (imperative_expression, declarative_expression):
        assert [repr(compiled(text).evaluate({})) for text in ("-0.0", "-(0.0)", "-(-0.0)")] == [
            "-0.0",
            "-0.0",
            "0.0",
        ]


def test_limits_are_reached_and_never_passed() -> None:
    texts = [condition(seed % 12 + 1, seed, NAMES) for seed in range(1_000)]
    assert max(map(len, texts)) == LONGEST
    assert max(text.count("(") for text in texts) >= 25


@pytest.mark.parametrize("sign", ["<", "//", "%", "in", "=="])
def test_a_wrong_operation_changes_some_answers(sign: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import declarative.expressions

    right = [declarative_expression(text).evaluate(VALUES) for text in CONDITIONS]
    compared, calculated = declarative.expressions._compared, declarative.expressions._calculated

    def wrongly_compared(given: str, left: Any, other: Any) -> bool:
        if given == "<" == sign:
            return bool(compared("<=", left, other))
        return bool(compared(given, left, other)) is not (given == sign)

    def wrongly_calculated(given: str, left: Any, other: Any) -> Any:
        value = calculated(given, left, other)
        return value + 1 if given == sign else value

    monkeypatch.setattr(declarative.expressions, "_compared", wrongly_compared)
    monkeypatch.setattr(declarative.expressions, "_calculated", wrongly_calculated)
    changed = 0
    for text, due in zip(CONDITIONS, right, strict=True):
        try:
            changed += declarative_expression(text).evaluate(VALUES) is not due
        except declarative.expressions.ExpressionError:
            changed += 1
    assert changed >= 10


def test_shorter_texts_are_parts_of_the_whole() -> None:
    texts = list(simpler_texts("(1 < 2 < 3) != (not iteration + 1 == 3)"))
    assert "1 < 2 < 3" in texts
    assert "(1 < 3) != (not iteration + 1 == 3)" in texts
    assert list(simpler_texts("1 <")) == []


def test_every_boundary_is_drawn_when_asked_for() -> None:
    for name in BOUNDARIES:
        example = drawn(examples(focus={f"boundary:{name}"}), 2, at=1)[-1]
        assert example.boundary == name


def test_windows_end_exactly_where_the_data_do() -> None:
    for example in drawn(examples(focus={"boundary:step_below_test"}), 10, at=1)[1:]:
        section = example.config.written["walk_forward"]
        train, test, step = (section[f"{part}_bars"] for part in ("train", "test", "step"))
        assert step == max(1, test - 1)
        if example.market.bars > train + test:
            assert (example.market.bars - train - test) % step == 0


def test_what_lost_its_sizes_counts_as_much_work() -> None:
    (small, *_) = drawn(examples(focus={"boundary:parts_of_lots"}), 2, at=1)[-1:]
    rows = tuple(small.market.streams[0].rows[:1]) * 20
    stream = StreamSpec("S0", "1d", rows)
    phase = PhaseSpec("p0", sequences=("monte_carlo", "monte_carlo"))

    def sized(section: dict[str, Any]) -> Example:
        written = {"workflow": "w", "strategies": [], "data": {}} | section
        workflow = WorkflowSpec("w", (phase,))
        return Example(MarketSpec((stream,)), ConfigSpec(written), (workflow,))

    assert work_of_example(sized({"monte_carlo": {"iterations": 2}})) == (4, 80)
    assert work_of_example(sized({})) == (10_000, 200_000)
