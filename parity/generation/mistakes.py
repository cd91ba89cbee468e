"""Examples with one thing wrong, which both engines must refuse, or fail at, alike.

A mistake takes a good example and changes one thing of it. Each is certain: an engine that runs the
example all the same has a fault, whatever the other does.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

import msgspec
from hypothesis import strategies as st

from parity.generation.drawing import Drawing
from parity.generation.examples import draw_example
from parity.generation.specs import (
    ConditionSpec,
    Example,
    ImportSpec,
    MarketSpec,
    OutputSpec,
    PhaseSpec,
    WorkflowSpec,
)

__all__ = ["MISTAKES", "draw_invalid", "invalid_examples"]


@st.composite
def invalid_examples(
    draw: st.DrawFn, *, mistake: str | None = None, focus: Collection[str] = ()
) -> Example:
    """Draw an example with one thing wrong.

    Args:
        draw: Hypothesis's own.
        mistake: Which, of `MISTAKES`; null: any.
        focus: As for `examples`.
    """
    return draw_invalid(Drawing(draw, frozenset(focus)), mistake)


def draw_invalid(drawing: Drawing, mistake: str | None = None) -> Example:
    """Draw as `invalid_examples` does."""
    name = mistake or drawing.pick(tuple(MISTAKES))
    own = frozenset({"topology:backtest"}) if name in _OF_WORKFLOWS else frozenset[str]()
    example = draw_example(Drawing(drawing.draw, drawing.focus | own))
    return msgspec.structs.replace(MISTAKES[name](drawing, example), mistake=name)


def _config(example: Example, **changes: Any) -> Example:
    written = copy.deepcopy(example.config.written) | changes
    return msgspec.structs.replace(
        example, config=msgspec.structs.replace(example.config, written=written)
    )


def _at(example: Example, path: tuple[str | int, ...], value: Any) -> Example:
    """Write a value at a path of the configuration."""
    changed = _config(example)
    node: Any = changed.config.written
    for step in path[:-1]:
        node = node.setdefault(step, {}) if isinstance(node, dict) else node[step]
    node[path[-1]] = value
    return changed


def _unknown_key(drawing: Drawing, example: Example) -> Example:
    path: tuple[str | int, ...] = drawing.pick(
        (
            ("colour",),
            ("strategy",),
            ("portfolio", "inital_capital"),
            ("execution", "slippage"),
            ("walk_forward", "train_bar"),
            ("strategies", 0, "parameter"),
            ("strategies", 0, "parameters", "fast_perid"),
            ("data", "data_dirs"),
            ("trace", "level"),
            ("results", "storge"),
        )
    )
    return _at(example, path, drawing.pick((1, {}, "x")))


def _wrong_type(drawing: Drawing, example: Example) -> Example:
    path, value = drawing.pick(
        (
            (("portfolio", "initial_capital"), "100000"),
            (("portfolio", "fractional"), "no"),
            (("random_seed",), 1.5),
            (("random_seed",), True),
            (("execution",), [5]),
            (("execution", "slippage_bps"), None),
            (("strategies",), {"type": "momentum"}),
            (("strategies", 0), "momentum"),
            (("symbols",), "S0"),
            (("symbols", 0), 5),
            (("walk_forward", "train_bars"), 10.0),
            (("classifiers",), None),
            (("objective", "constraints"), {"metric": "bars"}),
            (("parameter_space",), [1, 2]),
            (("trace", "max_events"), "all"),
            (("workflow",), 3),
        )
    )
    return _at(example, path, value)


def _out_of_range(drawing: Drawing, example: Example) -> Example:
    path, value = drawing.pick(
        (
            (("portfolio", "initial_capital"), 0),
            (("portfolio", "lot_size"), -1),
            (("execution", "slippage_bps"), 10_000),
            (("execution", "commission_fixed"), -0.01),
            (("random_seed",), -1),
            (("max_iterations",), 0),
            (("train_test", "train_ratio"), 1),
            (("k_fold", "folds"), 1),
            (("monte_carlo", "iterations"), 0),
            (("walk_forward", "test_bars"), 0),
            (("risk_profiles",), [{"type": "moderate", "stop_loss": 1.0}]),
            (("risk_profiles",), []),
            (("symbols",), []),
            (("strategies",), []),
            (("metrics", "periods_per_year"), 0),
            (("trace", "max_events"), -1),
        )
    )
    return _at(example, path, value)


def _missing_key(drawing: Drawing, example: Example) -> Example:
    changed = _config(example)
    written = changed.config.written
    kind = drawing.pick(("strategies", "symbols", "workflow", "type", "size", "constraint"))
    if kind == "type":
        written["strategies"][0].pop("type")
    elif kind == "size":
        written["risk_profiles"] = [{"type": "custom"}]
    elif kind == "constraint":
        written["objective"] = {"constraints": [{"metric": "bars", "operator": ">"}]}
    else:
        written.pop(kind)
    return changed


def _unknown_name(drawing: Drawing, example: Example) -> Example:
    symbols = example.config.written["symbols"]
    path, value = drawing.pick(
        (
            (("strategies", 0, "type"), "momentun"),
            (("classifiers",), [{"type": "trends"}]),
            (("risk_profiles",), [{"type": "moderat"}]),
            (("workflow",), "simple_backtes"),
            (("objective", "metric"), "sharp_ratio"),
            (("objective", "direction"), "maximum"),
            (("symbols",), [*symbols, "S9"]),
            (("strategies", 0, "symbols"), ["S9"]),
            (("strategies", 0, "timeframe"), "7m"),
            (("execution", "fill"), "next_close"),
            (("results", "storage"), "disc"),
            (("phases",), {"nowhere": {}}),
            (("monte_carlo", "method"), "bootstrap"),
            (("trace", "containers"), {"*": "full"}),
        )
    )
    return _at(example, path, value)


def _duplicate_name(drawing: Drawing, example: Example) -> Example:
    written = example.config.written
    kind = drawing.pick(("strategy", "symbol", "profile", "classifier", "timeframe", "phase"))
    if kind == "strategy":
        return _config(example, strategies=[*written["strategies"], written["strategies"][0]])
    if kind == "symbol":
        return _config(example, symbols=[*written["symbols"], written["symbols"][0]])
    if kind == "profile":
        return _config(example, risk_profiles=[{"type": "moderate"}, {"type": "moderate"}])
    if kind == "classifier":
        return _config(example, classifiers=[{"type": "trend"}, {"type": "trend"}])
    if kind == "timeframe":
        return _config(example, symbols=[{"symbol": "S0", "timeframes": ["60m", "1h"]}])
    return _workflow(example, lambda w: {"phases": (*w.phases, w.phases[0])})


def _bad_bar(drawing: Drawing, example: Example) -> Example:
    streams = list(example.market.streams)
    rows = list(streams[0].rows)
    at = drawing.whole(0, len(rows) - 1)
    row = rows[at]
    replace = msgspec.structs.replace
    kind = drawing.pick(("price", "missing", "negative", "high", "low", "time", "volume"))
    if kind == "time":
        rows.append(row)  # not after the last
    else:
        rows[at] = {
            "price": lambda: replace(row, open=0.0),
            "missing": lambda: replace(row, close=None),
            "negative": lambda: replace(row, low=-1.0),
            "high": lambda: replace(row, high=(row.close or 1.0) / 2),
            "low": lambda: replace(row, low=(row.high or 1.0) * 2),
            "volume": lambda: replace(row, volume=-5.0),
        }[kind]()
    volume = streams[0].has_volume or kind == "volume"
    streams[0] = replace(streams[0], rows=tuple(rows), has_volume=volume)
    changed = replace(example, market=MarketSpec(tuple(streams), example.market.timestamp))
    return _at(changed, ("data", "on_bad_bar"), "error")


def _bad_date(drawing: Drawing, example: Example) -> Example:
    key, value = drawing.pick(
        (
            ("start_date", "2024-02-30"),
            ("end_date", "yesterday"),
            ("start_date", "2090-01-01"),
            ("end_date", "1990-01-01"),
            ("start_date", 20240101),
            ("timestamp", "middle"),
        )
    )
    return _at(example, ("data", key), value)


def _bad_space(drawing: Drawing, example: Example) -> Example:
    name = _first_strategy(example)
    space: Mapping[str, Any] = drawing.pick(
        (
            {"nobody.lookback": [1, 2]},
            {f"{name}.lookbak": [1]},
            {f"{name}.": [1]},
            {"lookback": [3]},
            {f"{name}.nothing": []},
            {f"{name}.nothing": {"low": 1, "high": 5}},
        )
    )
    return _config(example, parameter_space=dict(space))


def _first_strategy(example: Example) -> str:
    entry = example.config.written["strategies"][0]
    return str(entry.get("name", entry["type"]))


def _bad_ensemble(drawing: Drawing, example: Example) -> Example:
    name = _first_strategy(example)
    members: Any = drawing.pick(({"nobody": 1}, {}, {name: 0}, {"mix": 1}, {name: "1"}, [name]))
    entry = {"type": "ensemble", "name": "mix", "parameters": {"members": members}}
    return _config(example, strategies=[*example.config.written["strategies"], entry])


def _no_window(drawing: Drawing, example: Example) -> Example:
    section, settings = drawing.pick(
        (
            ("walk_forward", {"train_bars": 10_000}),
            ("k_fold", {"folds": 10_000}),
            ("k_fold", {"folds": 2, "embargo_bars": 10_000}),
            ("train_test", {"train_ratio": 0.0001}),
        )
    )
    changed = _phase(example, lambda phase: {"sequences": (section,), "config": {}})
    return _config(changed, **{section: settings, "phases": {}})


def _cycle(drawing: Drawing, example: Example) -> Example:
    def changed(workflow: WorkflowSpec) -> dict[str, Any]:
        first = workflow.phases[0]
        last = PhaseSpec(name="late", depends_on=first.name)
        own = (first.depends_on,) if isinstance(first.depends_on, str) else first.depends_on
        closed = msgspec.structs.replace(first, depends_on=(*filter(None, own), "late"))
        itself = msgspec.structs.replace(first, depends_on=first.name)
        if drawing.chance(30):
            return {"phases": (itself, *workflow.phases[1:])}
        return {"phases": (closed, *workflow.phases[1:], last)}

    return _workflow(example, changed)


def _unknown_dependency(drawing: Drawing, example: Example) -> Example:
    return _phase(example, lambda phase: {"depends_on": drawing.pick(("nobody", ("p00",)))})


def _unknown_part(drawing: Drawing, example: Example) -> Example:
    change: dict[str, Any] = drawing.pick(
        (
            {"sequences": ("walk_foward",)},
            {"sequences": ("monte_carlo", "single_pas")},
            {"topology": "backtests"},
        )
    )
    return _phase(example, lambda phase: change)


def _bad_condition(drawing: Drawing, example: Example) -> Example:
    first = "p0"
    condition = drawing.pick(
        (
            ConditionSpec(expression="iteration >"),
            ConditionSpec(expression="open('x')"),
            ConditionSpec(expression="results.nobody.metrics.bars > 1"),
            ConditionSpec(expression="nothing == 1"),
            ConditionSpec(expression="2 ** 3 > 1"),
            ConditionSpec(first, "bars", "=>", 1),
            ConditionSpec(first, "bar", ">", 1),
            ConditionSpec("nobody", "bars", ">", 1),
            ConditionSpec(first, "bars", ">", "1"),
            ConditionSpec(first, "bars", ">", True),
            ConditionSpec(expression=""),
        )
    )
    return _added(example, PhaseSpec(name="late", depends_on=first, when=(condition,)))


def _bad_reference(drawing: Drawing, example: Example) -> Example:
    value = drawing.pick(
        (
            "${nobody.metrics.bars}",
            "${p0.metrics.bar}",
            "${p0.metric.bars}",
            "${config.portfolio.capital}",
            "${outputs.p0.nothing}",
            "${inputs.nothing}",
            "${parameters.x}",
            "x ${late.statu} y",
            "${}",
        )
    )
    kind = drawing.pick(("output", "config", "nested"))
    late = PhaseSpec(name="late", depends_on="p0", outputs={"o": OutputSpec(value)})
    if kind == "config":
        late = PhaseSpec(name="late", depends_on="p0", config={"random_seed": value})
    elif kind == "nested":
        late = PhaseSpec(name="late", depends_on="p0", outputs={"o": OutputSpec({"a": [1, value]})})
    return _added(example, late)


def _unread(drawing: Drawing, example: Example) -> Example:
    """Read a phase on which the reader does not depend."""
    kind = drawing.pick(("output", "metric", "expression"))
    late = PhaseSpec(name="late", outputs={"o": OutputSpec("${p0.status}")})
    if kind == "metric":
        late = PhaseSpec(name="late", when=(ConditionSpec("p0", "bars", ">", 1),))
    elif kind == "expression":
        condition = ConditionSpec(expression="results.p0.status == 'succeeded'")
        late = PhaseSpec(name="late", when=(condition,))
    return _added(example, late)


def _bad_output(drawing: Drawing, example: Example) -> Example:
    file = drawing.pick(("../out.json", "/tmp/out.json", "out.txt", "out", "", "a//b.json"))
    late = PhaseSpec(name="late", outputs={"o": OutputSpec(1, file)})
    return _added(example, late)


def _missing_input(drawing: Drawing, example: Example) -> Example:
    late: PhaseSpec = drawing.pick(
        (
            PhaseSpec(name="late", topology="signal_replay"),
            PhaseSpec(name="late", topology="analysis"),
            PhaseSpec(
                name="late", topology="analysis", inputs={"results": "${p0}"}, depends_on="p0"
            ),
            PhaseSpec(name="late", topology="signal_replay", inputs={"signals": "signals"}),
        )
    )
    return _added(example, late)


def _bad_import(drawing: Drawing, example: Example) -> Example:
    item = drawing.pick(
        (
            ImportSpec("nobody", "a"),
            ImportSpec("shared", "a", {"capitel": 1}),
        )
    )
    return _workflow(example, lambda workflow: {"imports": (*workflow.imports, item)})


def _fails(drawing: Drawing, example: Example) -> Example:
    """Do what only a run shows to be wrong."""
    late: PhaseSpec = drawing.pick(
        (
            PhaseSpec(name="late", when=(ConditionSpec(expression="1 / (iteration * 0) > 1"),)),
            PhaseSpec(name="late", when=(ConditionSpec(expression="config.random_seed + 1"),)),
            PhaseSpec(name="late", when=(ConditionSpec(expression="'a' < 1"),)),
            PhaseSpec(name="late", when=(ConditionSpec(expression="config.symbols[99] == 1"),)),
            PhaseSpec(name="late", outputs={"o": OutputSpec("${late.metrics}", "o.csv")}),
            PhaseSpec(name="late", outputs={"o": OutputSpec([1, 2], "o.parquet")}),
            PhaseSpec(
                name="late",
                outputs={"o": OutputSpec(1, "same.json"), "p": OutputSpec(2, "same.json")},
            ),
            PhaseSpec(name="late", config={"random_seed": "${late0.metrics.total_return}"}),
            PhaseSpec(name="late", outputs={"o": OutputSpec("${late.portfolios.nobody}")}),
        )
    )
    if late.config:  # a seed that is no whole number
        early = PhaseSpec(name="late0")
        late = msgspec.structs.replace(late, depends_on="late0")
        return _workflow(example, lambda w: {"phases": (*w.phases, early, late), "loop": None})
    return _added(example, late)


def _workflow(example: Example, change: Callable[[WorkflowSpec], Mapping[str, Any]]) -> Example:
    """Change the workflow that runs; of a shipped one, write one of a single phase in its place."""
    if not example.workflows:
        plain = WorkflowSpec(name="drawn", phases=(PhaseSpec(name="p0"),))
        example = _config(msgspec.structs.replace(example, workflows=(plain,)), workflow="drawn")
        example.config.written.pop("phases", None)
    first, *others = example.workflows
    changed = msgspec.structs.replace(first, **change(first))
    return msgspec.structs.replace(example, workflows=(changed, *others))


def _phase(example: Example, change: Callable[[PhaseSpec], Mapping[str, Any]]) -> Example:
    """Change the first phase that is declared."""

    def changed(workflow: WorkflowSpec) -> dict[str, Any]:
        first, *others = workflow.phases
        return {"phases": (msgspec.structs.replace(first, **change(first)), *others)}

    return _workflow(example, changed)


def _added(example: Example, phase: PhaseSpec) -> Example:
    """Add a phase, which is required."""
    return _workflow(example, lambda workflow: {"phases": (*workflow.phases, phase)})


MISTAKES: Final[Mapping[str, Callable[[Drawing, Example], Example]]] = {
    "unknown_key": _unknown_key,
    "wrong_type": _wrong_type,
    "out_of_range": _out_of_range,
    "missing_key": _missing_key,
    "unknown_name": _unknown_name,
    "duplicate_name": _duplicate_name,
    "bad_bar": _bad_bar,
    "bad_date": _bad_date,
    "bad_space": _bad_space,
    "bad_ensemble": _bad_ensemble,
    "no_window": _no_window,
    "cycle": _cycle,
    "unknown_dependency": _unknown_dependency,
    "unknown_part": _unknown_part,
    "bad_condition": _bad_condition,
    "bad_reference": _bad_reference,
    "unread": _unread,
    "bad_output": _bad_output,
    "missing_input": _missing_input,
    "bad_import": _bad_import,
    "fails_while_running": _fails,
}
"""What can be wrong, by class."""

_OF_WORKFLOWS: Final = frozenset(list(MISTAKES)[list(MISTAKES).index("no_window") :])
