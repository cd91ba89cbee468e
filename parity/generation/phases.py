"""Phases of a generated workflow: what each runs, reads of earlier ones, waits for and keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from containers.configuration import METRIC_NAMES
from parity.generation import expressions
from parity.generation.drawing import Drawing
from parity.generation.estimate import Work, combinations, work_of
from parity.generation.expression_texts import kinds_of
from parity.generation.names import KNOWN, known_output, names_for
from parity.generation.phases_made import Made
from parity.generation.settings import draw_override
from parity.generation.specs import ConditionSpec, MarketSpec, OutputSpec, PhaseSpec

__all__ = [
    "SEQUENCES",
    "TOPOLOGIES",
    "Budget",
    "Made",
    "draw_expression",
    "draw_phase",
    "draw_probes",
]

SEQUENCES: Final = (
    "single_pass",
    "train_test",
    "walk_forward",
    "k_fold",
    "parameter_sweep",
    "monte_carlo",
    "in_sample",
    "out_of_sample",
)
TOPOLOGIES: Final = ("backtest", "optimization", "signal_generation", "signal_replay", "analysis")

_LEAST: Final[Mapping[str, int]] = {
    "single_pass": 30,
    "train_test": 14,
    "walk_forward": 14,
    "k_fold": 10,
    "parameter_sweep": 12,
    "monte_carlo": 10,
    "in_sample": 5,
    "out_of_sample": 5,
}
_OPTIMIZING: Final = frozenset({"train_test", "walk_forward", "k_fold", "parameter_sweep"})
_SEEDS: Final = 600_000
_MOST_UNITS: Final = 48
_MOST_STEPS: Final = 5_000
"""How much work a phase at a boundary may be, whatever the others are."""

_SURE: Final = ("num_trades", "total_return", "final_equity", "max_drawdown", "bars")
"""Metrics that are never null where there are any."""


class Budget:
    """What is left of the work that an example may be.

    Attributes:
        units: Units that may still be added.
        steps: Bar-steps that may still be added, over all streams.
    """

    def __init__(self, units: int, steps: int) -> None:
        self.units, self.steps = units, steps

    def takes(self, work: Work, streams: float) -> bool:
        """Say whether some work fits; if so, it is taken."""
        steps = int(work.steps * streams)
        if not work.units or work.units > self.units or steps > self.steps:
            return False
        self.units -= work.units
        self.steps -= steps
        return True


def draw_phase(
    drawing: Drawing,
    name: str,
    earlier: list[Made],
    config: Mapping[str, Any],
    market: MarketSpec,
    budget: Budget,
    *,
    focused: bool,
) -> Made:
    """Draw one phase; ``focused`` says that it is the one to have what the example must have."""
    topology = _topology(drawing, earlier, config, focused=focused)
    chain = _chain(drawing, topology, config, market, budget, focused=focused)
    sources = _sources(topology, earlier)
    source = drawing.pick(sources) if sources else None
    depends = [] if source is None else [source.name]
    others = [made.name for made in earlier if made.name not in depends]
    if others and drawing.chance(60):
        depends += drawing.some(others, 2)
    if focused and drawing.wants("condition") == "metric" and earlier:
        depends = list(dict.fromkeys([*depends, earlier[0].name]))
    reads = [made for made in earlier if made.name in depends]
    settings = _settings(drawing, reads, market) if drawing.chance(40) else {}
    if focused and drawing.forced is not None:
        settings = {**settings, **drawing.forced.config}
    conditions: tuple[ConditionSpec, ...] = ()
    if earlier or drawing.chance(20):  # the first mostly runs, so that something does
        conditions = _conditions(drawing, reads, config, market, focused=focused)
    outputs: dict[str, OutputSpec] = {}
    gives = _gives(topology, chain)
    portfolio = _portfolio(topology, chain, config)
    made = Made(
        PhaseSpec(
            name=name,
            topology=topology,
            sequences=chain,
            config=settings,
            inputs=_inputs(topology, source),
            depends_on=depends[0] if len(depends) == 1 and drawing.chance(60) else tuple(depends),
            when=conditions,
            required=not drawing.chance(12),
        ),
        gives=gives,
        is_sure=not conditions and all(other.is_sure for other in reads) and not settings,
        portfolio=portfolio,
    )
    if drawing.chance(45) or (focused and drawing.wants("output")):
        outputs = _outputs(drawing, made, reads, focused=focused)
    if drawing.chance(30) or drawing.wants("expression") is not None:
        outputs[KNOWN] = known_output()
    return made._replace(phase=_with_outputs(made.phase, outputs))


def _with_outputs(phase: PhaseSpec, outputs: dict[str, OutputSpec]) -> PhaseSpec:
    return msgspec.structs.replace(phase, outputs=outputs)


def _topology(
    drawing: Drawing, earlier: list[Made], config: Mapping[str, Any], *, focused: bool
) -> str:
    if focused and drawing.forced is not None:
        return drawing.forced.topology
    wanted = drawing.wants("topology") if focused else None
    has_signals = any("signals" in made.gives for made in earlier)
    options = [("backtest", 60), ("signal_generation", 12)]
    if combinations(config):
        options.append(("optimization", 12))
    if has_signals:
        options.append(("signal_replay", 25))
    if any("portfolios" in made.gives for made in earlier):
        options.append(("analysis", 16))
    if wanted in dict(options):
        return str(wanted)
    if focused and drawing.wants("sequence") == "parameter_sweep":
        return "backtest"  # of the others some leave it no keys to walk
    if wanted == "signal_replay":
        return "signal_generation"
    return drawing.weighted(options)


def _chain(
    drawing: Drawing,
    topology: str,
    config: Mapping[str, Any],
    market: MarketSpec,
    budget: Budget,
    *,
    focused: bool,
) -> tuple[str, ...]:
    """Draw sequences that have windows here and fit the budget; else one plain pass."""
    streams = market.rows / market.bars
    if focused and drawing.forced is not None:
        due = drawing.forced.chain
        work = work_of(due, topology, {**config, **drawing.forced.config}, market.bars)
        if 0 < work.units <= _MOST_UNITS and (
            work.steps * streams <= _MOST_STEPS or due == ("single_pass",)
        ):
            return due
        return ("single_pass",)
    depth = drawing.weighted(((1, 68), (2, 26), (3, 6)))
    wanted = drawing.wants("sequence") if focused else None
    if wanted == "nested":
        depth, wanted = max(depth, 2), None
    chain: tuple[str, ...] = ()
    for level in range(depth):
        options = [
            (name, weight)
            for name, weight in _LEAST.items()
            if _stands(name, chain, topology, config)
            and (depth == 1 or level == depth - 1 or name != "single_pass")
        ]
        if level == 0 and wanted is not None:
            options = [(wanted, 1)]
        if not options:
            break
        chain = (*chain, drawing.weighted(options))
    while chain:
        if budget.takes(work_of(chain, topology, config, market.bars), streams):
            return chain
        chain = chain[:-1]
    budget.takes(Work(1, market.bars), streams)
    return ("single_pass",)


def _stands(name: str, chain: tuple[str, ...], topology: str, config: Mapping[str, Any]) -> bool:
    """Say whether a sequence can stand there: whether there are keys left for it to walk."""
    if name == "parameter_sweep":
        fits = topology in ("backtest", "signal_generation")
        return fits and combinations(config) > 0 and not _OPTIMIZING & set(chain)
    return True


def _sources(topology: str, earlier: list[Made]) -> list[Made]:
    kind = {"signal_replay": "signals", "analysis": "portfolios"}.get(topology)
    return [] if kind is None else [made for made in earlier if kind in made.gives]


def _inputs(topology: str, source: Made | None) -> dict[str, str]:
    if source is None:
        return {}
    if topology == "signal_replay":
        return {"signals": f"${{{source.name}.signals}}"}
    return {"result": f"${{{source.name}}}"}


def _gives(topology: str, chain: tuple[str, ...]) -> frozenset[str]:
    noisy = "monte_carlo" in chain
    if topology == "signal_generation":
        return frozenset() if noisy else frozenset({"signals"})
    if topology == "analysis":
        return frozenset()
    return frozenset({"metrics"}) if noisy else frozenset({"metrics", "portfolios"})


def _portfolio(topology: str, chain: tuple[str, ...], config: Mapping[str, Any]) -> str | None:
    if topology != "backtest" or "monte_carlo" in chain:
        return None
    strategy, profiles = config["strategies"][0], config.get("risk_profiles")
    profile = profiles[0] if profiles else {"type": "moderate"}
    return ".".join(str(entry.get("name", entry["type"])) for entry in (strategy, profile))


def _settings(drawing: Drawing, reads: list[Made], market: MarketSpec) -> dict[str, Any]:
    """Draw the settings of a phase, some of them taken from earlier ones."""
    settings = draw_override(drawing, market) if drawing.chance(60) else {}
    with_metrics = [made for made in reads if "metrics" in made.gives]
    if with_metrics and drawing.chance(60):
        made = drawing.pick(with_metrics)
        kind = drawing.pick(("strategies", "capital", "seed", "nested"))
        if kind == "strategies":
            settings["strategies"] = f"${{{made.name}.best_strategies}}"
        elif kind == "capital":
            settings["portfolio"] = {"initial_capital": f"${{{made.name}.metrics.final_equity}}"}
        elif kind == "seed":
            settings["random_seed"] = f"${{{made.name}.metrics.bars}}"
        else:
            settings["metrics"] = {"periods_per_year": f"${{{made.name}.metrics.periods_per_year}}"}
    elif drawing.chance(20):
        settings["random_seed"] = "${config.random_seed}"
    return settings


def _conditions(
    drawing: Drawing,
    reads: list[Made],
    config: Mapping[str, Any],
    market: MarketSpec,
    *,
    focused: bool,
) -> tuple[ConditionSpec, ...]:
    wanted = drawing.wants("condition") if focused else None
    conditions: list[ConditionSpec] = []
    with_metrics = [made for made in reads if "metrics" in made.gives]
    if with_metrics and (wanted == "metric" or drawing.chance(40)):
        made = drawing.pick(with_metrics)
        metric = drawing.weighted([(name, 6) for name in _SURE] + [(n, 1) for n in METRIC_NAMES])
        operator = drawing.weighted(((">=", 40), (">", 20), ("<=", 15), ("<", 10), ("!=", 15)))
        value: Any = drawing.pick((0, 0.0, 1, -1.0, 0.5))
        if drawing.chance(15):
            value = f"${{{made.name}.metrics.{drawing.pick(_SURE)}}}"
        conditions.append(ConditionSpec(made.name, metric, operator, value))
    if wanted == "expression" or drawing.chance(20 if reads else 8):
        text = draw_expression(drawing, names_for(config, reads, market))
        conditions.append(ConditionSpec(expression=text))
    return tuple(conditions)


def draw_expression(drawing: Drawing, names: Sequence[expressions.Name]) -> str:
    """Draw an expression that is true or false over some names; it has a few comparisons."""
    size, seed = drawing.weighted(((2, 30), (1, 15), (4, 35), (7, 20))), drawing.whole(0, 9_999)
    wanted = drawing.wants("expression")
    text = expressions.condition(size, seed, names)
    while wanted is not None and wanted not in kinds_of(text) and seed < _SEEDS:
        seed += 10_000
        text = expressions.condition(size, seed, names)
    return text


def draw_probes(
    drawing: Drawing, made: Sequence[Made], config: Mapping[str, Any], market: MarketSpec
) -> list[PhaseSpec]:
    """Draw phases that are there for their conditions alone, and cost next to nothing.

    Nothing waits for them and they are not required, so that conditions that do not hold, or cannot
    be worked out, leave the rest as it is.
    """
    # What waits for a phase that is skipped is skipped too, and its conditions are not asked.
    reads = list(made)
    if not drawing.chance(20):
        reads = [part for part in made if not part.phase.when]
    names = names_for(config, reads, market)
    depends = tuple(part.name for part in reads)
    return [
        PhaseSpec(
            name=f"probe{index}",
            topology="signal_generation",
            config={"trace_level": "none"},
            depends_on=depends,
            when=tuple(
                ConditionSpec(expression=draw_expression(drawing, names))
                for _ in range(drawing.weighted(((1, 70), (2, 30))))
            ),
            required=False,
        )
        for index in range(drawing.weighted(((1, 30), (2, 40), (3, 30))))
    ]


def _outputs(
    drawing: Drawing, made: Made, reads: list[Made], *, focused: bool
) -> dict[str, OutputSpec]:
    """Draw up to three outputs, in every form of file."""
    wanted = drawing.wants("output") if focused else None
    outputs: dict[str, OutputSpec] = {}
    for index in range(drawing.whole(1, 3)):
        name = f"o{index}"
        form = drawing.weighted(
            ((None, 45), ("json", 18), ("yaml", 17), ("csv", 10), ("parquet", 10))
        )
        if index == 0 and wanted is not None:
            form = wanted
        rows = form in ("csv", "parquet")
        value = _rows(drawing, made) if rows else _value(drawing, made, reads, outputs)
        folder = "kept/" if form and drawing.chance(20) else ""
        outputs[name] = OutputSpec(value, f"{folder}{name}.{form}" if form else None)
    return outputs


def _rows(drawing: Drawing, made: Made) -> Any:
    here = made.name
    options: list[Any] = [
        [{"a": 1, "b": "x"}, {"a": 2.5, "c": True}],
        [{"status": f"${{{here}.status}}", "n": "${iteration}"}],
        [],
    ]
    if "metrics" in made.gives:
        options.append([f"${{{here}.metrics}}"])
    if "signals" in made.gives:
        options.append(f"${{{here}.signals}}")
    if made.portfolio is not None:
        options.append(f"${{{here}.portfolios.{made.portfolio}.trades}}")
        options.append(f"${{{here}.portfolios.{made.portfolio}.equity_curve}}")
    return drawing.pick(options)


def _value(
    drawing: Drawing,
    made: Made,
    reads: list[Made],
    before: Mapping[str, OutputSpec],
) -> Any:
    here = made.name
    options: list[Any] = [
        f"${{{here}.status}}",
        "${config.random_seed}",
        "seed ${config.random_seed} in pass ${iteration}",
        {"nested": ["${config.symbols}", 1, None, {"deep": "${iteration}"}]},
        f"${{{here}.best_parameters}}",
        f"${{{here}.aggregate_metrics}}",
        f"${{{here}.iterations.0.window}}",  # all of it would hold what was kept of traces
        f"${{{here}.iterations.0.metrics}}",
        "${config.symbols.0.symbol}",
    ]
    if "metrics" in made.gives:
        options += [
            f"${{{here}.metrics.num_trades}}",
            f"after ${{{here}.metrics.num_trades}} trades: ${{{here}.metrics.total_return}}",
            f"${{{here}.metrics}}",
            f"${{{here}.best_portfolio}}",
            f"${{{here}.best_strategies}}",
        ]
    if made.portfolio is not None:
        options.append(f"${{{here}.portfolios.{made.portfolio}}}")
    for other in reads:
        options += [f"${{{other.name}.status}}", f"${{{other.name}.best_parameters}}"]
        for name in other.phase.outputs:
            options += [f"${{outputs.{other.name}.{name}}}", f"${{{other.name}.outputs.{name}}}"]
    if "signals" in made.gives:
        options.append(f"${{{here}.signals}}")
    for name in before:
        options.append(f"got ${{{here}.outputs.{name}}}")
    return drawing.pick(options)
