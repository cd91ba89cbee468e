"""Whole examples: a market, a configuration, and a workflow, small enough to be run often."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final, Literal

from hypothesis import strategies as st

from parity.generation.boundaries import BOUNDARIES, FOCUS, draw_boundary_market, set_boundary
from parity.generation.drawing import Drawing
from parity.generation.estimate import combinations, work_of
from parity.generation.market import draw_market
from parity.generation.phases import Budget
from parity.generation.settings import (
    draw_classifiers,
    draw_override,
    draw_profiles,
    draw_section,
    draw_space,
    draw_strategies,
)
from parity.generation.specs import ConfigSpec, Example, MarketSpec
from parity.generation.workflows import SHIPPED, Written, draw_workflow

__all__ = ["BAR_STEPS", "draw_example", "examples", "workflows"]

BAR_STEPS: Final = 5_000
"""The most bars that an example's units have together, over all streams."""

_UNITS: Final = (4, 8, 12, 20)
_MOST_UNITS: Final = 36


@st.composite
def examples(draw: st.DrawFn, *, focus: Collection[str] = ()) -> Example:
    """Draw an example: a workflow of one user on his market, with nothing wrong.

    Nearly all of them run; of what a run alone can show (a condition on a null metric, a window
    that a phase's own settings leave without bars) some fail or are refused, and then both engines
    must do it alike.

    Args:
        draw: Hypothesis's own.
        focus: Features that it is to have, as ``kind:name``; what there is lists
            `parity.generation.FEATURES`.
    """
    return draw_example(Drawing(draw, frozenset(focus)))


workflows = examples
"""What `examples` draws: a workflow is nothing without the market it fits."""


def draw_example(drawing: Drawing) -> Example:
    """Draw as `examples` does."""
    boundary = _boundary(drawing)
    if boundary is not None:
        drawing = Drawing(drawing.draw, drawing.focus | FOCUS.get(boundary, frozenset()))
    own_market = None if boundary is None else draw_boundary_market(boundary, drawing)
    market = own_market or draw_market(drawing, _sizes(drawing), _aligned(drawing))
    config = _configuration(drawing, market)
    if boundary is not None:
        drawing.forced = set_boundary(boundary, drawing, config, market)
    budget = Budget(_MOST_UNITS if drawing.focus else drawing.pick(_UNITS), BAR_STEPS)
    written = Written(())
    shipped = drawing.wants("workflow")
    own = (
        "topology",
        "condition",
        "expression",
        "sequence",
        "output",
        "loop",
        "branch",
        "module",
    )
    needs_own = boundary is not None or any(drawing.wants(kind) for kind in own)
    if (shipped is not None) or (not needs_own and drawing.chance(22)):
        config["workflow"] = _shipped(drawing, shipped, config, market)
    else:
        written = draw_workflow(drawing, config, market, budget)
        config["workflow"] = written.workflows[0].name
        if written.passes > 1:
            config["max_iterations"] = written.passes
        if not drawing.chance(20):
            _leave_out_what_nobody_reads(config, written)
        if drawing.chance(18):
            phase = drawing.pick(written.workflows[0].phases).name
            config["phases"] = {phase: draw_override(drawing, market)}
    form: Literal["yaml", "python"] = "yaml" if drawing.chance(30) else "python"
    levels = (("detailed", 70), ("standard", 12), ("minimal", 10), ("none", 8))
    trace = drawing.wants("trace") or drawing.weighted(levels)
    return Example(
        market=market,
        config=ConfigSpec(config, form),
        workflows=written.workflows,
        modules=written.modules,
        trace=trace,  # type: ignore[arg-type]  # one of the four
        boundary=boundary,
    )


def _boundary(drawing: Drawing) -> str | None:
    """Choose an edge, or none; those that take long are rare."""
    if drawing.focus:
        return drawing.wants("boundary")
    if not drawing.chance(40):
        return None
    weights = [(name, 1 if name in _RARE else 12) for name in BOUNDARIES]
    return drawing.weighted(weights)


_RARE: Final = frozenset({"long_run"})

_READ_BY: Final[Mapping[str, frozenset[str]]] = {
    "walk_forward": frozenset({"walk_forward"}),
    "train_test": frozenset({"train_test", "in_sample", "out_of_sample"}),
    "k_fold": frozenset({"k_fold"}),
    "monte_carlo": frozenset({"monte_carlo"}),
}
"""Which sequences read a section."""


def _leave_out_what_nobody_reads(config: dict[str, Any], written: Written) -> None:
    phases = [phase for workflow in written.workflows for phase in workflow.phases]
    used = {name for phase in phases for name in phase.sequences}
    for section, readers in _READ_BY.items():
        if not readers & used:
            config.pop(section, None)


def _sizes(drawing: Drawing) -> tuple[str, ...]:
    if drawing.wants("workflow") == "adaptive_ensemble":
        return ("many",)
    windowed = {"walk_forward", "k_fold", "train_test", "nested"}
    return (
        ("some", "many")
        if drawing.wants("sequence") in windowed
        else ("one", "few", "some", "many")
    )


def _aligned(drawing: Drawing) -> bool | None:
    return True if drawing.wants("monte_carlo") == "block_bootstrap" else None


def _configuration(drawing: Drawing, market: MarketSpec) -> dict[str, Any]:
    data: dict[str, Any] = {}
    if market.timestamp != "start" or drawing.chance(10):
        data["timestamp"] = market.timestamp
    if market.bars > 4 and drawing.chance(8):
        data |= _range(drawing, market)
    if drawing.chance(6):
        data["on_bad_bar"] = "drop" if drawing.chance(50) else "error"
    strategies = draw_strategies(drawing, market)
    config: dict[str, Any] = {
        "data": data,
        "symbols": _symbols(drawing, market),
        "strategies": strategies,
    }
    if drawing.wants("classifier") is not None or drawing.chance(30):
        config["classifiers"] = draw_classifiers(drawing, market)
    if drawing.wants("risk") is not None or drawing.chance(60):
        config["risk_profiles"] = draw_profiles(drawing)
    for section, percent in (("execution", 60), ("portfolio", 60), ("objective", 35)):
        wanted = section == "execution" and drawing.wants("fill") is not None
        if wanted or drawing.chance(percent):
            config[section] = draw_section(drawing, section, market)
    for section, percent in (("metrics", 12), ("trace", 14)):
        if drawing.chance(percent):
            config[section] = draw_section(drawing, section, market)
    for section in ("walk_forward", "train_test", "k_fold", "monte_carlo"):
        config[section] = draw_section(drawing, section, market)
    if drawing.chance(45):
        config["random_seed"] = drawing.whole(0, 1_000)
    if _needs_space(drawing) or drawing.chance(60):
        sweep = drawing.wants("sweep")
        sampled = sweep == "random" or (sweep is None and drawing.chance(25))
        space = draw_space(drawing, strategies, ranges=sampled)
        if space:
            config["parameter_space"] = space
            if sampled:
                config["parameter_sweep"] = {"random": {"count": drawing.whole(1, 4)}}
    if combinations(config) > 6:
        config["parameter_sweep"] = {"random": {"count": 4}}
    storage = drawing.wants("storage") or drawing.weighted(
        (("memory", 84), ("disk", 8), ("hybrid", 8))
    )
    results: dict[str, Any] = {"storage": storage}
    if drawing.chance(20):
        results["store_full_results"] = True
    if len(results) > 1 or storage != "memory":
        config["results"] = results
    return config


def _needs_space(drawing: Drawing) -> bool:
    return (
        drawing.wants("topology") == "optimization"
        or drawing.wants("sequence") == "parameter_sweep"
        or drawing.wants("sweep") is not None
    )


def _range(drawing: Drawing, market: MarketSpec) -> dict[str, Any]:
    """Draw a range that leaves most bars of the first symbol."""
    import datetime

    rows = market.streams[0].rows
    first = rows[drawing.whole(0, len(rows) // 4)].label_s
    last = rows[-1 - drawing.whole(0, len(rows) // 4)].label_s
    start, end = (datetime.datetime.fromtimestamp(s, datetime.UTC) for s in (first, last))
    written = {"start_date": start.date().isoformat()}
    if drawing.chance(60):
        written["end_date"] = end.strftime("%Y-%m-%dT%H:%M:%S")
    return written


def _symbols(drawing: Drawing, market: MarketSpec) -> list[Any]:
    symbols: list[Any] = []
    for symbol in market.symbols:
        frames = list(market.timeframes(symbol))
        if frames == ["1d"] and not drawing.chance(25):
            symbols.append(symbol)
        else:
            symbols.append({"symbol": symbol, "timeframes": frames})
    return symbols


def _shipped(
    drawing: Drawing, wanted: str | None, config: dict[str, Any], market: MarketSpec
) -> str:
    """Choose a shipped workflow that can run on this; where none can, the simplest."""
    name = wanted or drawing.pick(SHIPPED)
    if name == "adaptive_ensemble" and not _for_ensembles(drawing, config, market):
        return "simple_backtest"
    if name in ("research_pipeline", "adaptive_strategy_search") and not combinations(config):
        return "simple_backtest"
    if name == "adaptive_strategy_search":
        config["max_iterations"] = 2
    bars, streams = market.bars, market.rows / market.bars
    chains: Mapping[str, tuple[tuple[str, ...], ...]] = {
        "train_test_optimization": (("train_test",),),
        "walk_forward_validation": (("walk_forward",),),
        "research_pipeline": (("parameter_sweep",), ("monte_carlo",), ("walk_forward",)),
        "adaptive_ensemble": (("in_sample", "walk_forward"), ("in_sample", "parameter_sweep")),
        "adaptive_strategy_search": (("parameter_sweep",), ("parameter_sweep",), ("walk_forward",)),
    }
    works = [work_of(chain, "backtest", config, bars) for chain in chains.get(name, ((),))]
    units, steps = sum(work.units for work in works), sum(work.steps for work in works)
    if not all(work.units for work in works) or units > 40:
        return "simple_backtest"
    return name if steps * streams <= BAR_STEPS else "simple_backtest"


def _for_ensembles(drawing: Drawing, config: dict[str, Any], market: MarketSpec) -> bool:
    """Give a configuration what `adaptive_ensemble` asks for: keys of both kinds, small windows."""
    ensemble = next((e for e in config["strategies"] if e["type"] == "ensemble"), None)
    if ensemble is None or market.bars < 12:
        return False
    others = [e for e in config["strategies"] if e["type"] != "ensemble"]
    space = draw_space(drawing, others, ranges=False)
    if not space:
        return False
    key, values = next(iter(space.items()))
    name = str(ensemble.get("name", "ensemble"))
    member = next(iter(ensemble["parameters"]["members"]))
    config["parameter_space"] = {
        key: values,
        f"{name}.members.{member}": [1, 0.5],
    }
    config.pop("parameter_sweep", None)
    bars = market.bars // 8
    config["walk_forward"] = {"train_bars": bars, "test_bars": bars, "step_bars": 2 * bars}
    config["train_test"] = {"train_ratio": 0.7}
    return True
