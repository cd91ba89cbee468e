"""What an example has: the features that a search counts and sees to.

A feature is written ``kind:name``, for example ``sequence:k_fold``. What an example asks for shows
in the spec; whether a phase ran, and so its sequence did, only a run shows, so `features` takes the
names of the phases that did.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from containers.components import default_components
from parity.generation.boundaries import BOUNDARIES
from parity.generation.expression_texts import KINDS as EXPRESSION_KINDS
from parity.generation.expression_texts import kinds_of
from parity.generation.mistakes import MISTAKES
from parity.generation.phases import SEQUENCES, TOPOLOGIES
from parity.generation.specs import ConditionSpec, Example, PhaseSpec, WorkflowSpec
from parity.generation.workflows import SHIPPED

__all__ = ["FEATURES", "features", "needed_for"]

_RULES: Final = (
    "max_leverage",
    "max_drawdown",
    "stop_loss",
    "drawdown_cooldown_bars",
    "fixed_quantity",
)

FEATURES: Final[Mapping[str, tuple[str, ...]]] = {
    "sequence": (*SEQUENCES, "nested"),
    "topology": TOPOLOGIES,
    "condition": ("metric", "expression"),
    "expression": EXPRESSION_KINDS,
    "boundary": tuple(BOUNDARIES),
    "storage": ("memory", "disk", "hybrid"),
    "trace": ("none", "minimal", "standard", "detailed"),
    "monte_carlo": ("parameter_noise", "block_bootstrap"),
    "sweep": ("product", "random"),
    "loop": ("metric", "expression"),
    "branch": ("branch",),
    "module": ("module",),
    "output": ("json", "yaml", "csv", "parquet"),
    "workflow": SHIPPED,
    "strategy": tuple(default_components().strategies),
    "classifier": tuple(default_components().classifiers),
    "risk": _RULES,
    "fill": ("next_open", "same_close"),
    "mistake": tuple(MISTAKES),
}
"""All kinds of features with the names of each."""


_NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "workflow:adaptive_ensemble": ("strategy:ensemble", "sweep:product"),
    "workflow:adaptive_strategy_search": ("sweep:product",),
    "workflow:research_pipeline": ("sweep:product",),
    "sweep:product": ("sequence:parameter_sweep",),
    "sweep:random": ("sequence:parameter_sweep",),
    "monte_carlo:parameter_noise": ("sequence:monte_carlo",),
    "monte_carlo:block_bootstrap": ("sequence:monte_carlo",),
}


def needed_for(feature: str) -> frozenset[str]:
    """Give a feature with all that an example must have so that it shows."""
    needed = {feature, *_NEEDED.get(feature, ())}
    if feature.startswith("workflow:"):
        return frozenset(needed)
    return frozenset(needed.union(*(_NEEDED.get(other, ()) for other in needed)))


def features(example: Example, ran: Collection[tuple[str, str]]) -> set[str]:
    """Give the features of an example that has been run, as ``kind:name``.

    Args:
        example: What was run.
        ran: Topology and sequence, as records write them (``monte_carlo(walk_forward)``), of every
            phase that succeeded; none for an example that was refused.
    """
    if example.mistake is not None:
        return {f"mistake:{example.mistake}"}
    found = set(_executed(example.config.written, ran))
    if ran:
        found.update(_configured(example))
        if example.boundary is not None:
            found.add(f"boundary:{example.boundary}")
    return found


def _executed(config: Mapping[str, Any], ran: Collection[tuple[str, str]]) -> Iterator[str]:
    for topology, text in ran:
        chain = text.rstrip(")").split("(")
        yield f"topology:{topology}"
        yield from (f"sequence:{name}" for name in chain)
        if len(chain) > 1:
            yield "sequence:nested"
        if "monte_carlo" in chain:
            method = config.get("monte_carlo", {}).get("method", "parameter_noise")
            yield f"monte_carlo:{method}"
        if "parameter_sweep" in chain or topology == "optimization":
            sampled = config.get("parameter_sweep", {}).get("random")
            yield "sweep:random" if sampled else "sweep:product"


def _configured(example: Example) -> Iterator[str]:
    config = example.config.written
    yield f"storage:{config.get('results', {}).get('storage', 'memory')}"
    yield f"trace:{example.trace}"
    yield f"fill:{config.get('execution', {}).get('fill', 'next_open')}"
    yield from (f"strategy:{entry['type']}" for entry in config["strategies"])
    yield from (f"classifier:{entry['type']}" for entry in config.get("classifiers", ()))
    for profile in config.get("risk_profiles", ()):
        yield from (f"risk:{rule}" for rule in _RULES if profile.get(rule) is not None)
    workflow = example.workflow
    if workflow is None:
        yield f"workflow:{config['workflow']}"
        return
    for text in _expressions(workflow):
        yield from (f"expression:{kind}" for kind in kinds_of(text))
    if workflow.loop is not None:
        yield f"loop:{_kind(workflow.loop.condition)}"
    if workflow.branches:
        yield "branch:branch"
    if workflow.imports:
        yield "module:module"
    for phase in workflow.phases:
        yield from _of_phase(phase)


def _expressions(workflow: WorkflowSpec) -> Iterator[str]:
    """Give the texts of all expressions of a workflow."""
    conditions = [condition for phase in workflow.phases for condition in phase.when]
    conditions += [b.condition for b in workflow.branches if b.condition is not None]
    if workflow.loop is not None:
        conditions.append(workflow.loop.condition)
        yield from (c.expression for c in workflow.loop.changes if c.expression is not None)
    yield from (c.expression for c in conditions if c.expression is not None)


def _of_phase(phase: PhaseSpec) -> Iterator[str]:
    yield from (f"condition:{_kind(condition)}" for condition in phase.when)
    for output in phase.outputs.values():
        if output.file is not None:
            yield f"output:{output.file.rpartition('.')[2]}"


def _kind(condition: ConditionSpec) -> str:
    return "metric" if condition.expression is None else "expression"
