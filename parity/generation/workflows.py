"""Workflows of phases, with loops, branches, modules and outputs; and the shipped ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from parity.generation import expressions
from parity.generation.drawing import Drawing
from parity.generation.names import names_for
from parity.generation.phases import Budget, draw_expression, draw_phase, draw_probes
from parity.generation.phases_made import Made
from parity.generation.settings import draw_override
from parity.generation.specs import (
    BranchSpec,
    ChangeSpec,
    ConditionSpec,
    ImportSpec,
    LoopSpec,
    MarketSpec,
    ModuleSpec,
    OutputSpec,
    PhaseSpec,
    WorkflowSpec,
)

__all__ = ["SHIPPED", "Written", "draw_workflow"]

SHIPPED: Final = (
    "simple_backtest",
    "train_test_optimization",
    "walk_forward_validation",
    "signal_generation_and_replay",
    "research_pipeline",
    "adaptive_ensemble",
    "adaptive_strategy_search",
)


class Written(NamedTuple):
    """Definitions of a user's own; the first workflow is the one that runs.

    Attributes:
        workflows: The workflow, and those that its branches name.
        modules: What it imports.
        passes: How many passes its loop may make.
    """

    workflows: tuple[WorkflowSpec, ...]
    modules: tuple[ModuleSpec, ...] = ()
    passes: int = 1


def draw_workflow(
    drawing: Drawing, config: Mapping[str, Any], market: MarketSpec, budget: Budget
) -> Written:
    """Draw a workflow that fits a configuration and its market."""
    looping = drawing.wants("loop") is not None or drawing.chance(14)
    passes = drawing.whole(2, 3) if looping else 1
    share = Budget(budget.units // passes, budget.steps // passes)
    branching = drawing.wants("branch") is not None or drawing.chance(12)
    if branching:
        share = Budget(share.units // 2, share.steps // 2)
    needs = _needed(drawing)
    count = max(needs, drawing.weighted(((1, 45), (2, 32), (3, 15), (4, 8))))
    made: list[Made] = []
    for index in range(count):
        last = index == count - 1
        made.append(draw_phase(drawing, f"p{index}", made, config, market, share, focused=last))
        if index == 0 and not last:
            made[0] = _read_from(drawing, made[0], config)
    modules: tuple[ModuleSpec, ...] = ()
    imports: tuple[ImportSpec, ...] = ()
    if drawing.wants("module") is not None or drawing.chance(10):
        modules, imports = _module(drawing)
    phases = [part.phase for part in made]
    if drawing.wants("expression") is not None or drawing.chance(40):
        phases += draw_probes(drawing, made, config, market)
    if len(phases) > 1 and drawing.chance(25):  # declared in another order than they run
        phases.insert(0, phases.pop())
    workflows = [
        WorkflowSpec(
            name="drawn",
            phases=tuple(phases),
            defaults=draw_override(drawing, market) if drawing.chance(25) else {},
            fail_fast=drawing.chance(12),
            imports=imports,
            loop=_loop(drawing, made, config, market) if looping else None,
            outputs=_outputs(drawing, made) if drawing.chance(20) else {},
        )
    ]
    if branching:
        branches, others = _branches(drawing, made, config, market, share)
        workflows[0] = msgspec.structs.replace(workflows[0], branches=branches)
        workflows += others
    return Written(tuple(workflows), modules, passes)


def _needed(drawing: Drawing) -> int:
    """Say how many phases it takes to have what the example must have."""
    pairs = {
        ("topology", "signal_replay"),
        ("topology", "analysis"),
        ("condition", "metric"),
        ("condition", "expression"),
    }
    return 2 if any(drawing.wants(kind) == name for kind, name in pairs) else 1


def _read_from(drawing: Drawing, made: Made, config: Mapping[str, Any]) -> Made:
    """Let the first phase give what a later one must be able to read."""
    plain = msgspec.structs.replace(made.phase, sequences=("single_pass",), outputs={}, when=())
    if drawing.wants("topology") == "signal_replay":
        phase = msgspec.structs.replace(plain, topology="signal_generation")
        return Made(phase, frozenset({"signals"}), made.is_sure, None)
    reads = drawing.wants("topology") == "analysis" or drawing.wants("condition") == "metric"
    if reads and "portfolios" not in made.gives:
        phase = msgspec.structs.replace(plain, topology="backtest")
        return Made(phase, frozenset({"metrics", "portfolios"}), made.is_sure, None)
    return made


def _module(drawing: Drawing) -> tuple[tuple[ModuleSpec, ...], tuple[ImportSpec, ...]]:
    """Draw a module of two phases, imported once or twice."""
    probe = PhaseSpec(
        name="probe",
        config={"portfolio": {"initial_capital": "${parameters.capital}"}},
        outputs={"said": OutputSpec("with ${parameters.capital}")},
    )
    again = PhaseSpec(
        name="again",
        depends_on="probe",
        when=(
            ConditionSpec("probe", "bars", ">=", "${parameters.bars}"),
            ConditionSpec(expression="results.probe.metrics.bars >= 1"),
        ),
        outputs={"bars": OutputSpec("${probe.metrics.bars}")},
    )
    phases = (probe, again) if drawing.chance(60) else (probe,)
    module = ModuleSpec("shared", phases, {"capital": 5_000, "bars": 1})
    imports = [ImportSpec("shared", "a", {"capital": drawing.pick((9_000, 700.5))})]
    if drawing.chance(30):
        imports.append(ImportSpec("shared", "b"))
    return (module,), tuple(imports)


def _loop(
    drawing: Drawing, made: list[Made], config: Mapping[str, Any], market: MarketSpec
) -> LoopSpec:
    kind = drawing.wants("loop") or drawing.pick(("expression", "metric"))
    with_metrics = [part for part in made if "metrics" in part.gives]
    condition = ConditionSpec(expression="iteration < 1", python="index < 1")
    if kind == "metric" and with_metrics:
        part = drawing.pick(with_metrics)
        metric = drawing.pick(("num_trades", "sharpe_ratio", "total_return", "win_rate"))
        condition = ConditionSpec(
            part.name, metric, drawing.pick((">=", "<", "!=")), drawing.pick((0, 1, 0.25))
        )
    elif drawing.chance(50):
        sure = [part for part in with_metrics if part.is_sure]
        if sure:
            name = drawing.pick(sure).name
            condition = ConditionSpec(
                expression=f"results.{name}.metrics.num_trades >= 0 and iteration < 2",
                python=f'result.phase_results["{name}"].metrics["num_trades"] >= 0 and index < 2',
            )
        else:
            condition = ConditionSpec(
                expression="config.random_seed < 3", python='config["random_seed"] < 3'
            )
    names = names_for(config, made, market)
    if condition.expression is not None and drawing.chance(40):
        # Most go on, so that there is a pass whose configuration has the changes.
        text = draw_expression(drawing, names)
        text = f"iteration < 1 or {text}" if drawing.chance(75) else text
        if len(text) <= expressions.LONGEST:
            condition = ConditionSpec(expression=text)
    changes = [
        ChangeSpec(
            ("portfolio", "initial_capital"),
            kind="expression",
            expression="config.portfolio.initial_capital * 2",
            python='config["portfolio"]["initial_capital"] * 2',
        ),
        ChangeSpec(
            ("random_seed",), kind="expression", expression="iteration + 1", python="index + 1"
        ),
        ChangeSpec(("execution", "slippage_bps"), 7.5),
        ChangeSpec(("portfolio", "allow_short"), True),
    ]
    if config.get("parameter_space") and not _has_ranges(config):
        changes.append(ChangeSpec(("parameter_space",), drawing.pick((1.5, 2)), kind="widen"))
    chosen = drawing.some(changes, 2)
    if drawing.chance(70):
        chosen += _changed_by_value(drawing, names, chosen)
    return LoopSpec(condition, tuple(chosen))


_NUMBERS: Final = (
    (("portfolio", "lot_size"), "({}) % 3 + 1"),
    (("execution", "slippage_bps"), "({}) % 100"),
    (("execution", "commission_bps"), "({}) % 7.5"),
    (("metrics", "periods_per_year"), "({}) % 300 + 0.5"),
    (("phases", "p0", "execution", "commission_fixed"), "2.5 - ({}) % 2"),
)
_FLAGS: Final = (
    ("portfolio", "fractional"),
    ("portfolio", "allow_short"),
    ("execution", "close_at_end"),
    ("walk_forward", "anchored"),
    ("walk_forward", "close_at_end"),
    ("train_test", "close_at_end"),
)
_TEXTS: Final = (
    (("objective", "direction"), ("min", "max")),
    (("execution", "fill"), ("same_close", "next_open")),
    (("trace_level",), ("detailed", "minimal", "standard")),
)


def _changed_by_value(
    drawing: Drawing, names: Sequence[expressions.Name], others: Sequence[ChangeSpec]
) -> list[ChangeSpec]:
    """Draw changes whose values show what expressions come to, and not only their outcome."""
    taken = {change.path for change in others}
    changes = [
        ChangeSpec(
            path,
            kind="expression",
            expression=shape.format(
                expressions.number(drawing.whole(1, 3), drawing.whole(0, 9_999), names)
            ),
        )
        for path, shape in drawing.some(_NUMBERS, 3)
    ]
    changes += [
        ChangeSpec(path, kind="expression", expression=draw_expression(drawing, names))
        for path in drawing.some(_FLAGS, 3)
    ]
    for path, values in drawing.some(_TEXTS, 1):
        index = drawing.whole(0, 1)
        text = f"[{', '.join(map(repr, values))}][(iteration + {index}) % {len(values)}]"
        changes.append(ChangeSpec(path, kind="expression", expression=text))
    return [change for change in changes if change.path not in taken]


def _has_ranges(config: Mapping[str, Any]) -> bool:
    return any(isinstance(values, dict) for values in config["parameter_space"].values())


def _branches(
    drawing: Drawing,
    made: list[Made],
    config: Mapping[str, Any],
    market: MarketSpec,
    budget: Budget,
) -> tuple[tuple[BranchSpec, ...], list[WorkflowSpec]]:
    branches: list[BranchSpec] = []
    others: list[WorkflowSpec] = []
    for index in range(drawing.weighted(((1, 75), (2, 25)))):
        condition: ConditionSpec | None = None
        strategies_of: str | None = None
        with_metrics = [part for part in made if "metrics" in part.gives]
        if with_metrics and drawing.chance(50):
            name = drawing.pick(with_metrics).name
            condition = ConditionSpec(name, "total_return", drawing.pick((">=", "<")), 0.0)
        elif drawing.chance(40):
            condition = ConditionSpec(expression="iteration == 0", python="index == 0")
            if drawing.chance(60):
                names = names_for(config, made, market)
                condition = ConditionSpec(expression=draw_expression(drawing, names))
        sure = [part.name for part in with_metrics if part.is_sure]
        if sure and drawing.chance(35):
            strategies_of = drawing.pick(sure)
        workflow = "simple_backtest"
        if not others and drawing.chance(50):
            workflow = "other"
            inner = draw_phase(drawing, "q0", [], config, market, budget, focused=False)
            others.append(WorkflowSpec(name="other", phases=(inner.phase,)))
        changes = draw_override(drawing, market) if drawing.chance(50) else {}
        changes.pop("risk_profiles", None)
        branches.append(BranchSpec(f"b{index}", workflow, changes, condition, strategies_of))
    return tuple(branches), others


def _outputs(drawing: Drawing, made: list[Made]) -> dict[str, OutputSpec]:
    """Draw outputs of the workflow itself."""
    last = made[-1]
    options: list[Any] = ["${config.random_seed}", f"${{{last.name}.status}}", "pass ${iteration}"]
    file = drawing.pick((None, "whole.json", "whole.yaml"))
    return {"whole": OutputSpec(drawing.pick(options), file)}
