"""Whether the conditions of a phase hold, and in words why one does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from containers.errors import ConditionError
from imperative.expressions import compile_expression
from imperative.findings import OPERATORS
from imperative.passes import PassView
from imperative.references import find_references, resolve
from imperative.values import is_number, kind_of
from imperative.workflow import Condition, Expression, MetricThreshold

__all__ = ["condition_text", "unmet"]


def condition_text(condition: Condition) -> str:
    """Write a condition as plans do."""
    if isinstance(condition, MetricThreshold):
        path = next(find_references(condition.value), None)
        value = repr(condition.value) if path is None else f"${{{path}}}"
        return f"{condition.phase}.{condition.name} {condition.operator} {value}"
    if isinstance(condition, Expression):
        return condition.text
    return _name_of(condition)


def unmet(
    condition: Condition,
    view: PassView,
    look_up: Callable[[str], Any],
    own_names: Mapping[str, str] | None,
) -> str | None:
    """Say why a condition does not hold; null when it does.

    Raises:
        ConditionError: It cannot be decided.
        MissingReferenceError: Its value is not there.
        Exception: What a callable raises.
    """
    if isinstance(condition, MetricThreshold):
        return _threshold(condition, view, look_up)
    if isinstance(condition, Expression):
        holds = compile_expression(condition.text).decide(view.expression_names(own_names))
        return None if holds else f"condition not met: {condition.text}"
    held = condition(view.context())
    if not isinstance(held, bool):
        raise ConditionError(
            f"the condition '{_name_of(condition)}' gave {kind_of(held)}, expected true or false"
        )
    return None if held else f"condition not met: {_name_of(condition)}"


def _threshold(
    condition: MetricThreshold, view: PassView, look_up: Callable[[str], Any]
) -> str | None:
    threshold = resolve(condition.value, look_up)
    if not is_number(threshold):
        raise ConditionError(
            f"the threshold of {condition.phase}.{condition.name} is {kind_of(threshold)}, "
            "expected a number"
        )
    metrics = view.results[condition.phase].metrics
    if condition.name not in metrics:
        known = ", ".join(metrics) or "none"
        raise ConditionError(
            f"phase '{condition.phase}' has no metric '{condition.name}'; it has: {known}"
        )
    value = metrics[condition.name]
    if value is not None and OPERATORS[condition.operator](value, threshold):
        return None
    found = "null" if value is None else repr(value)
    return (
        f"condition not met: {condition.phase}.{condition.name} is {found}, "
        f"needed {condition.operator} {threshold!r}"
    )


def _name_of(condition: Callable[..., Any]) -> str:
    return str(getattr(condition, "__name__", type(condition).__name__))
