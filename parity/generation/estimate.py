"""How much work a phase is, before it runs: units and bar-steps.

An example must stay small enough for ten pairs a second; this says what a chain of sequences comes
to, roughly (windows that do not fit are not counted), and whether it can run at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from parity.generation.specs import Example, PhaseSpec, WorkflowSpec

__all__ = ["Work", "combinations", "work_of", "work_of_example"]

_SHIPPED: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "simple_backtest": ((),),
    "train_test_optimization": (("train_test",),),
    "walk_forward_validation": (("walk_forward",),),
    "signal_generation_and_replay": ((), ()),
    "research_pipeline": (("parameter_sweep",), ("monte_carlo",), ("walk_forward",), ()),
    "adaptive_ensemble": (
        ("in_sample", "walk_forward"),
        ("in_sample", "parameter_sweep"),
        ("in_sample",),
        ("in_sample",),
        ("out_of_sample",),
    ),
    "adaptive_strategy_search": (("parameter_sweep",), ("walk_forward",)),
}
"""Sequences of the phases of shipped workflows, those of branches among them."""


class Work(NamedTuple):
    """What a phase comes to.

    Attributes:
        units: How many units it runs; 0: it has no window, and is refused.
        steps: Bars over all units.
    """

    units: int
    steps: int

    def __add__(self, other: object) -> Work:
        assert isinstance(other, Work)
        return Work(self.units + other.units, self.steps + other.steps)

    def times(self, count: int) -> Work:
        """Give the work of so many alike."""
        return Work(self.units * count, self.steps * count)


NONE = Work(0, 0)


def combinations(config: Mapping[str, Any]) -> int:
    """Count the combinations of the parameter space; 0 where there is none."""
    space = config.get("parameter_space") or {}
    if not space:
        return 0
    drawn = (config.get("parameter_sweep") or {}).get("random")
    if drawn:
        return int(drawn["count"])
    count = 1
    for values in space.values():
        count *= len(values)
    return count


def work_of(
    chain: Sequence[str], topology: str, config: Mapping[str, Any], bars: int, *, space: bool = True
) -> Work:
    """Estimate a phase.

    Args:
        chain: Its sequences, outermost first.
        topology: Name of its topology.
        config: The user's configuration, as it is for the phase.
        bars: Base bars of the first symbol.
        space: Whether the parameter space is still to be walked.
    """
    if bars < 1:
        return NONE
    walked = combinations(config) if space else 0
    if not chain:
        many = max(1, walked) if topology == "optimization" else 1
        return Work(1, bars * many)
    head, rest = chain[0], chain[1:]

    def body(count: int, *, space: bool = space) -> Work:
        return work_of(rest, topology, config, count, space=space)

    def trained(count: int) -> Work:
        if topology == "optimization" and walked:
            return work_of(rest, topology, config, count, space=True)
        return body(count, space=False).times(max(1, walked))

    if head == "parameter_sweep":
        return body(bars, space=False).times(walked)
    if head == "monte_carlo":
        return body(bars).times(int(config.get("monte_carlo", {}).get("iterations", 100)))
    ratio = float(config.get("train_test", {}).get("train_ratio", 0.7))
    split = int(bars * ratio)
    if head in ("train_test", "in_sample", "out_of_sample") and not 0 < split < bars:
        return NONE
    if head == "in_sample":
        return body(split)
    if head == "out_of_sample":
        return body(bars - split)
    if head == "train_test":
        return _both(trained(split), body(bars - split, space=False))
    if head == "walk_forward":
        return _walk(config.get("walk_forward", {}), bars, trained, body)
    if head == "k_fold":
        section = config.get("k_fold", {})
        folds = int(section.get("folds", 5))
        if folds > bars:
            return NONE
        pieces = trained(max(1, bars // 2)).times(2)
        return _both(pieces, body(max(1, bars // folds), space=False)).times(folds)
    return body(bars)


def _walk(section: Mapping[str, Any], bars: int, trained: Any, body: Any) -> Work:
    train, test = int(section.get("train_bars", 252)), int(section.get("test_bars", 63))
    step = int(section.get("step_bars") or test)
    windows = (bars - train - test) // step + 1 if train + test <= bars else 0
    return _both(trained(train), body(test, space=False)).times(windows)


def _both(train: Work, test: Work) -> Work:
    """Add the two parts of a window; where one cannot run, the whole is refused."""
    return train + test if train.units and test.units else NONE


def work_of_example(example: Example) -> Work:
    """Estimate a whole example: all passes, phases and branches, over all streams.

    What is left out of a configuration has its default here as in a run, so an example that lost
    ``iterations: 2`` counts as what it has become.
    """
    written = example.config.written
    if not example.market.bars or not isinstance(written, Mapping):
        return NONE
    bars = max(len(stream.rows) for stream in example.market.streams)
    streams = example.market.rows / max(1, bars)
    total = NONE
    workflow = example.workflow
    if workflow is None:
        for chain in _SHIPPED.get(str(written.get("workflow")), ()):
            total += work_of(chain, "backtest", written, bars)
        looping = written.get("workflow") == "adaptive_strategy_search"
    else:
        looping = workflow.loop is not None
        total = _work_of_workflow(workflow, example, bars)
        for branch in workflow.branches:
            inner = next((w for w in example.workflows if w.name == branch.workflow), None)
            if inner is not None and inner is not workflow:
                total += _work_of_workflow(inner, example, bars)
            for chain in () if inner is not None else _SHIPPED.get(branch.workflow, ()):
                total += work_of(chain, "backtest", written, bars)
    passes = written.get("max_iterations", 10) if looping else 1
    times = passes if isinstance(passes, int) else 1
    return Work(total.units * times, int(total.steps * streams) * times)


def _work_of_workflow(workflow: WorkflowSpec, example: Example, bars: int) -> Work:
    total = NONE
    for phase in workflow.phases:
        config = _merged(workflow, phase, example.config.written)
        chain = tuple(name for name in phase.sequences if name != "single_pass")
        try:
            total += work_of(chain, phase.topology, config, bars)
        except (AttributeError, TypeError, ValueError, KeyError, ZeroDivisionError):
            continue  # it has something wrong, and is refused
    return total


def _merged(workflow: WorkflowSpec, phase: PhaseSpec, written: Mapping[str, Any]) -> dict[str, Any]:
    """Lay the settings that a phase has over one another, as far as they decide how much it is."""
    merged: dict[str, Any] = {}
    own = (written.get("phases") or {}).get(phase.name) or {}
    for layer in (workflow.defaults, phase.config, written, own):
        for key, value in layer.items():
            before = merged.get(key)
            if isinstance(value, Mapping) and isinstance(before, Mapping):
                merged[key] = {**before, **value}
            else:
                merged[key] = value
    return merged
