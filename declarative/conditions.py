"""Conditions of phases, branches and loops: what they say, whether they hold, and why not.

`check_condition` finds what the definition shows to be wrong; `decide` gives null when a condition
holds and else the reason. A null metric makes a threshold false. What cannot be decided raises.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from containers.errors import ConditionError, Problem
from containers.nearest import did_you_mean
from declarative.definitions import ConditionDefinition, MetricCondition
from declarative.expressions import ExpressionError, compile_expression
from declarative.reading import Readable, check, resolve_value
from declarative.references import Node
from declarative.statistics import OPERATORS
from declarative.views import PhaseView

__all__ = ["check_condition", "conditions_of", "decide", "text_of_condition"]

NAMES: Final = ("results", "config", "outputs", "iteration")
"""What expressions may name."""


def conditions_of(node: Node, key: str) -> list[Node]:
    """Give the nodes of the conditions under a key: of a list, of one alone, or none."""
    if node.value.get(key) is None:
        return []
    below = node.at(key)
    return (
        [below.at(i) for i in range(len(below.value))] if isinstance(below.value, list) else [below]
    )


def text_of_condition(condition: ConditionDefinition, names: Mapping[str, str]) -> str:
    """Write a condition as plans do; ``names`` gives the full names of phases."""
    if condition.metric is None:
        return str(condition.expression)
    metric = condition.metric
    value = metric.value if isinstance(metric.value, str) else repr(metric.value)
    phase = names.get(metric.phase, metric.phase)
    return f"{phase}.{metric.name} {metric.operator} {value}"


def check_condition(
    condition: ConditionDefinition, node: Node, readable: Readable
) -> list[Problem]:
    """Say what the definition shows to be wrong with a condition."""
    if condition.metric is not None:
        metric, below = condition.metric, node.at("metric")
        problems: list[Problem] = []
        if metric.phase not in readable.outputs:
            message = f"there is no phase '{metric.phase}'"
            hint = did_you_mean(metric.phase, readable.outputs)
            problems += below.at("phase").error(message, hint).problems
        elif wrong := readable.unreachable(metric.phase):
            problems += below.at("phase").error(*wrong).problems
        return problems + check(below.at("value"), readable)
    return check_expression(node.at("expression"), readable)


def check_expression(node: Node, readable: Readable) -> list[Problem]:
    """Say which names of an expression are known to be wrong."""
    problems: list[Problem] = []
    for lookup in compile_expression(node.value).lookups:
        root, *rest = lookup
        wrong: tuple[str, str | None] | None = None
        if root not in NAMES:
            wrong = f"there is no '{root}'", did_you_mean(str(root), NAMES)
        elif root == "results":
            if rest and rest[0] not in readable.outputs:
                hint = did_you_mean(str(rest[0]), readable.outputs)
                wrong = f"there is no phase '{rest[0]}'", hint
            elif rest:
                wrong = readable.problem(tuple(rest))
        else:
            wrong = readable.problem(lookup)
        if wrong is not None:
            problems += node.error(f"'{node.value}': {wrong[0]}", wrong[1]).problems
    return problems


def decide(
    condition: ConditionDefinition,
    node: Node,
    scope: Mapping[str, Any],
    names: Mapping[str, str],
    phases: Mapping[str, PhaseView],
) -> str | None:
    """Say why a condition does not hold; null when it does.

    Args:
        condition: The condition.
        node: Where it stands.
        scope: What references and expressions may name.
        names: Full names of phases, by those used here.
        phases: Results so far, by the names used here.

    Raises:
        ConditionError: It cannot be decided.
        MissingReferenceError: A reference leads to nothing.
    """
    if condition.metric is not None:
        return _threshold(condition.metric, node.at("metric"), scope, names, phases)
    text = str(condition.expression)
    try:
        value = compile_expression(text).evaluate(
            {
                "results": phases,
                "config": scope["config"],
                "outputs": scope["outputs"],
                "iteration": scope["iteration"],
            }
        )
    except ExpressionError as error:
        raise ConditionError(f"'{text}' cannot be decided: {error}") from None
    if not isinstance(value, bool):
        raise ConditionError(f"'{text}' gives {value!r}, expected true or false")
    return None if value else f"condition not met: {text}"


def _threshold(
    metric: MetricCondition,
    node: Node,
    scope: Mapping[str, Any],
    names: Mapping[str, str],
    phases: Mapping[str, PhaseView],
) -> str | None:
    needed = resolve_value(node.at("value"), scope)
    if isinstance(needed, bool) or not isinstance(needed, int | float):
        raise ConditionError(f"'{metric.value}' gives {needed!r}, expected a number")
    view = phases.get(metric.phase)
    value = None
    if view is not None and view.result.status == "succeeded":
        if metric.name not in view.result.metrics:
            raise ConditionError(f"the phase '{metric.phase}' has no metric '{metric.name}'")
        value = view.result.metrics[metric.name]
    what = f"{names.get(metric.phase, metric.phase)}.{metric.name}"
    if value is None:
        return f"condition not met: {what} is null, needed {metric.operator} {needed!r}"
    if OPERATORS[metric.operator](value, needed):
        return None
    return f"condition not met: {what} is {value!r}, needed {metric.operator} {needed!r}"


def all_of(
    conditions: Sequence[ConditionDefinition],
    nodes: Sequence[Node],
    scope: Mapping[str, Any],
    names: Mapping[str, str],
    phases: Mapping[str, PhaseView],
) -> str | None:
    """Give the reason of the first condition that does not hold; null when all do."""
    for condition, node in zip(conditions, nodes, strict=True):
        reason = decide(condition, node, scope, names, phases)
        if reason is not None:
            return reason
    return None
