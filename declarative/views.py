"""How results are looked into, by references and expressions: as mappings and lists.

A result's fields are looked up like keys. Of a phase only those that workflows may read are there
(`PHASE_FIELDS`); a workflow's own bookkeeping stays out of reach. Nothing is ever looked up as an
attribute of anything else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from copy import deepcopy
from typing import Any, Final, TypeGuard

import msgspec
import numpy as np

from containers.results import IterationResult, PhaseResult

__all__ = ["PHASE_FIELDS", "PhaseView", "is_list", "keys_of", "look_up", "same", "walk"]

PHASE_FIELDS: Final = (
    "status",
    "metrics",
    "best_portfolio",
    "best_parameters",
    "best_strategies",
    "portfolios",
    "aggregate_metrics",
    "outputs",
    "signals",
    "iterations",
)
"""What references and expressions may read of a phase, in the order of docs/semantics.md."""


class PhaseView:
    """A phase's result with the strategies it ran, as references see it.

    Attributes:
        result: The result itself.
        strategies: The phase's strategies as plain data, before its best parameters.
    """

    __slots__ = ("result", "strategies")

    def __init__(self, result: PhaseResult, strategies: Sequence[Mapping[str, Any]]) -> None:
        self.result: Final = result
        self.strategies: Final = strategies

    def field(self, name: str) -> Any:
        """Give one of `PHASE_FIELDS`; `KeyError` for another name."""
        if name == "best_strategies":
            return with_parameters(self.strategies, self.result.best_parameters)
        if name in PHASE_FIELDS:
            return getattr(self.result, name)
        raise KeyError(name)


def with_parameters(
    strategies: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Put parameters, by ``{strategy}.{parameter}``, into a list of strategies as plain data.

    >>> with_parameters([{"name": "a", "parameters": {"n": 1}}], {"a.n": 2})
    [{'name': 'a', 'parameters': {'n': 2}}]
    """
    changed = [deepcopy(dict(strategy)) for strategy in strategies]
    by_name = {strategy["name"]: strategy for strategy in changed}
    for key, value in parameters.items():
        name, steps = split_key(key, {n: s["parameters"] for n, s in by_name.items()})
        target = by_name[name]["parameters"]
        for step in steps[:-1]:
            target = target[step]
        target[steps[-1]] = value
    return changed


def split_key(key: str, strategies: Mapping[str, Mapping[str, Any]]) -> tuple[str, tuple[str, ...]]:
    """Split a key of a parameter space: the longest strategy name that fits, then the parameter.

    Args:
        key: ``{strategy}.{parameter}``, or ``{strategy}.{parameter}.{member}``.
        strategies: Parameters by name of the strategy.

    >>> split_key("a.b.members.c.d", {"a": {}, "a.b": {"members": {"c.d": 1.0}}})
    ('a.b', ('members', 'c.d'))
    """
    name = max((n for n in strategies if key.startswith(f"{n}.")), key=len)
    parameter = key[len(name) + 1 :]
    if parameter in strategies[name]:
        return name, (parameter,)
    owner, _, member = parameter.partition(".")
    return name, (owner, member)


def is_list(value: Any) -> TypeGuard[Sequence[Any]]:
    """Say whether ``value`` is a list, also one whose items lie in files."""
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def keys_of(value: Any) -> Collection[str] | None:
    """Give the keys that can be looked up in ``value``; null when it has none."""
    if isinstance(value, Mapping):
        return value.keys()
    if isinstance(value, PhaseView):
        return PHASE_FIELDS
    if isinstance(value, msgspec.Struct):
        return value.__struct_fields__
    return None


def same(left: Any, right: Any) -> bool:
    """Compare values; those of unlike types differ, and true is not 1.

    Parts of a result are compared field by field, wherever they lie. Traces are left out: their
    summaries stand beside them.
    """
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if is_list(left) and is_list(right):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, np.ndarray) and isinstance(right, np.ndarray):
        return np.array_equal(left, right)
    keys, others = _compared_keys(left), _compared_keys(right)
    if keys is not None and others is not None:
        both = keys == others
        return both and all(same(look_up(left, key), look_up(right, key)) for key in keys)
    return bool(left == right)


def _compared_keys(value: Any) -> set[str] | None:
    keys = keys_of(value)
    if keys is None:
        return None
    return {*keys} - {"trace"} if isinstance(value, IterationResult) else {*keys}


def look_up(value: Any, step: str | int) -> Any:
    """Give what stands in ``value`` at a key or an index.

    Raises:
        LookupError: Nothing does.
    """
    if isinstance(value, Mapping):
        return value[step]
    if is_list(value):
        if isinstance(step, int) and 0 <= step < len(value):
            return value[step]
        raise IndexError(step)
    if isinstance(step, str):
        if isinstance(value, PhaseView):
            return value.field(step)
        if isinstance(value, msgspec.Struct) and step in value.__struct_fields__:
            return getattr(value, step)
    raise KeyError(step)


def walk(value: Any, steps: Sequence[str | int]) -> tuple[Any, int]:
    """Follow steps as far as they lead; dots in keys are found, the longest key first.

    Returns:
        What was reached, and how many steps led there: all of them when it is what was meant.
    """
    place = 0
    while place < len(steps):
        for end in range(len(steps), place, -1):
            several = steps[place:end]
            step: str | int = several[0]
            if len(several) > 1:
                if not all(isinstance(each, str) for each in several):
                    continue
                step = ".".join(map(str, several))
            elif is_list(value) and isinstance(step, str) and step.isdigit():
                step = int(step)
            try:
                value = look_up(value, step)
            except LookupError:
                continue
            place = end
            break
        else:
            return value, place
    return value, place
