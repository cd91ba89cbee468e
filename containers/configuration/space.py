"""The parameter space: what its keys mean, what may stand there, and what of it is walked.

A key is ``{strategy}.{parameter}``, or ``{strategy}.{parameter}.{member}`` for a weight of an
ensemble. Names may have dots, so the longest name of a strategy that fits counts.

1. `check_values` looks at lists and ranges for themselves, also in a part of a configuration.
2. `check_space` holds a complete configuration's keys and values against its strategies.
3. `normalise_space` stores floats where a parameter takes numbers.
4. `space_of` gives the keys that are walked, each with what a sample must know.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeGuard

import msgspec

from containers.components import Components, Parameter
from containers.configuration.plain import found
from containers.configuration.settings import Configuration, ParameterRange
from containers.configuration.structure import Finding
from containers.errors import ConfigPath
from containers.nearest import did_you_mean

__all__ = ["SpaceKey", "check_space", "check_values", "normalise_space", "space_of"]

_KEY: Final = "parameter_space"


class SpaceKey(msgspec.Struct, frozen=True):
    """One key of the parameter space.

    Attributes:
        key: As it is written; the name under which an iteration's parameters have the value.
        strategy: Name of the strategy.
        parameter: Where below its parameters the value stands: ``("fast_period",)``, or
            ``("members", "fast")`` for a weight.
        values: The values in declared order, of the parameter's type; null for a range.
        range: To be sampled uniformly; null for a list.
        integer: Whether the parameter takes whole numbers only.
        minimum: Smallest value that the parameter takes; null for none.
    """

    key: str
    strategy: str
    parameter: tuple[str, ...]
    values: tuple[int | float, ...] | None
    range: ParameterRange | None
    integer: bool
    minimum: int | float | None


def space_of(configuration: Configuration, components: Components) -> tuple[SpaceKey, ...]:
    """Give the keys that are walked, in declared order: those that only and skip leave.

    Args:
        configuration: Checked by `validate_resolved`, with the same components.
        components: Declare the parameters.
    """
    sweep = msgspec.structs.asdict(configuration.parameter_sweep)
    known = {
        entry.name: _Known(
            entry.type, components.strategies[entry.type].parameters, entry.parameters
        )
        for entry in configuration.strategies
    }
    keys = []
    for key, values in configuration.parameter_space.items():
        strategy, declared, parameter = _found(key, known)
        if not _is_walked(known[strategy].type, sweep):
            continue
        bounds = values if isinstance(values, ParameterRange) else None
        keys.append(
            SpaceKey(
                key=key,
                strategy=strategy,
                parameter=parameter,
                values=None if isinstance(values, ParameterRange) else values,
                range=bounds,
                integer=declared.kind == "integer",
                minimum=declared.minimum,
            )
        )
    return tuple(keys)


def check_values(path: ConfigPath, values: object, complete: bool) -> Iterator[Finding]:
    """Find what is wrong with the values of one key, whatever it names."""
    if isinstance(values, Mapping):
        yield from _check_range(path, values, complete)
    elif isinstance(values, list):
        if not values:
            yield Finding(path, "found an empty list, expected at least one value")
        for index, value in enumerate(values):
            if not _is_number(value):
                yield Finding((*path, index), f"found {found(value)}, expected a finite number")
    else:
        message = f"found {found(values)}, expected a list of numbers or {{low: …, high: …}}"
        hint = f"write [{values!r}]" if _is_number(values) else None
        yield Finding(path, message, hint)


def check_space(data: Mapping[str, Any], components: Components) -> Iterator[Finding]:
    """Find keys that name nothing, and values that the parameter does not take.

    What is malformed is passed over: others report that.

    Args:
        data: A complete configuration, plain data.
        components: Declare the parameters.
    """
    space, strategies = data.get(_KEY), data.get("strategies")
    if not isinstance(space, Mapping) or not isinstance(strategies, list):
        return
    known = _strategies_in(data, components)
    whole = len(known) == len(strategies) and all("name" in item for item in strategies)
    if not known or not whole:
        return
    sweep = data.get("parameter_sweep")
    sweep = sweep if isinstance(sweep, Mapping) else {}
    random = sweep.get("random", {})
    weights: dict[str, dict[str, object]] = {}
    for key, values in space.items():
        path = (_KEY, key)
        try:
            strategy, declared, parameter = _found(key, known)
        except _NotThereError as error:
            yield Finding(path, error.message, error.hint, at_key=True)
            continue
        if declared is _WEIGHT:
            weights.setdefault(strategy, {})[parameter[-1]] = values
        if isinstance(values, Mapping):
            if random is None:
                message = "found a range, which only random sampling can take values from"
                yield Finding(path, message, "set parameter_sweep.random, or write a list")
            low = values.get("low")
            # A whole number is kept at its minimum when it is sampled; any other stays as it is.
            problem = declared.problem(low) if _is_number(low) else None
            if declared.kind == "number" and problem is not None:
                yield Finding((*path, "low"), problem)
            continue
        for index, value in enumerate(values if isinstance(values, list) else ()):
            problem = declared.problem(value) if _is_number(value) else None
            if problem is not None:
                yield Finding((*path, index), problem)
    yield from _all_zero(
        {name: walked for name, walked in weights.items() if _is_walked(known[name].type, sweep)},
        known,
    )


def _all_zero(
    weights: Mapping[str, Mapping[str, object]], known: Mapping[str, _Known]
) -> Iterator[Finding]:
    """Find ensembles that some combination leaves without a weight, so that no member has a say."""
    for strategy, walked in weights.items():
        _, declared, given = known[strategy]
        (name,) = (name for name, parameter in declared.items() if parameter.kind == "members")
        members: dict[str, object] = {member: [weight] for member, weight in given[name].items()}
        members |= walked
        if all(isinstance(listed, list) and 0 in listed for listed in members.values()):
            key = f"{strategy}.{name}.{list(walked)[-1]}"
            message = f"one combination gives all members of '{strategy}' the weight 0"
            yield Finding((_KEY, key), message, "leave 0 out of one list")


def normalise_space(
    data: Mapping[str, Any], around: Mapping[str, Any], components: Components
) -> None:
    """Store floats where a parameter or a range takes numbers; ``data`` is changed.

    Args:
        data: A checked configuration, or a part of one.
        around: Where the strategies stand when ``data`` has none.
        components: Declare the parameters.
    """
    known = _strategies_in(data if "strategies" in data else around, components)
    for key, values in data.get(_KEY, {}).items():
        if isinstance(values, dict):
            values.update((bound, float(value)) for bound, value in values.items())
            continue
        try:
            _, declared, _ = _found(key, known)
        except _NotThereError:  # in a part: what it names may come from elsewhere
            continue
        values[:] = [declared.stored(value) for value in values]


def _is_walked(kind: str, sweep: Mapping[str, Any]) -> bool:
    """Tell whether the keys of strategies of a type are walked; ``sweep`` may be malformed."""
    only, skip = sweep.get("only"), sweep.get("skip")
    skipped = isinstance(skip, list | tuple) and kind in skip
    return not skipped and (not isinstance(only, list | tuple) or kind in only)


class _Known(NamedTuple):
    """A strategy: its type, the parameters that the type declares, and those it was given."""

    type: str
    declared: Mapping[str, Parameter]
    given: Mapping[str, Any]


class _NotThereError(Exception):
    def __init__(self, message: str, hint: str | None) -> None:
        self.message: Final = message
        self.hint: Final = hint
        super().__init__(message)


def _found(key: str, known: Mapping[str, _Known]) -> tuple[str, Parameter, tuple[str, ...]]:
    """Give the strategy, the declaration and the place of the value that a key names."""
    fitting = [name for name in known if key.startswith(f"{name}.")]
    if not fitting:
        if key in known:
            parameters = known[key].declared
            raise _NotThereError(
                f"found the strategy '{key}' alone, expected {{strategy}}.{{parameter}}",
                f"write {key}.{next(iter(parameters))}" if parameters else None,
            )
        hint = did_you_mean(key.rpartition(".")[0] or key, known)
        raise _NotThereError(f"'{key}' names no parameter of a configured strategy", hint)
    strategy = max(fitting, key=len)
    rest = key.removeprefix(f"{strategy}.")
    _, declared, given = known[strategy]
    for name, parameter in declared.items():
        if parameter.kind == "members":
            members = given.get(name)
            if rest == name or rest.startswith(f"{name}."):
                return strategy, _WEIGHT, (name, _member(strategy, name, rest, members))
        elif rest == name:
            return strategy, parameter, (name,)
    names = [
        name if parameter.kind != "members" else f"{name}.{member}"
        for name, parameter in declared.items()
        for member in (given.get(name) or {} if parameter.kind == "members" else ("",))
    ]
    hint = did_you_mean(rest, names) if names else "it has none"
    raise _NotThereError(f"the strategy '{strategy}' has no parameter '{rest}'", hint)


def _member(strategy: str, name: str, rest: str, members: Any) -> str:
    names = list(members) if isinstance(members, Mapping) else []
    member = rest.removeprefix(name).removeprefix(".")
    if member in names:
        return member
    hint = did_you_mean(member, names) if member else f"write {strategy}.{name}.{{member}}"
    what = f"'{member}' is no member of '{strategy}'" if member else "found all members at once"
    raise _NotThereError(what, hint)


_WEIGHT: Final = Parameter(kind="number", default=0.0)
"""What a weight of a member may be."""


def _strategies_in(data: Mapping[str, Any], components: Components) -> dict[str, _Known]:
    known: dict[str, _Known] = {}
    strategies = data.get("strategies")
    for item in strategies if isinstance(strategies, list) else ():
        if not isinstance(item, Mapping):
            continue
        kind, given = item.get("type"), item.get("parameters", {})
        name = item.get("name", kind)
        if isinstance(kind, str) and kind in components.strategies and isinstance(name, str):
            declared = components.strategies[kind].parameters
            given = given if isinstance(given, Mapping) else {}
            known.setdefault(name, _Known(kind, declared, given))
    return known


def _check_range(path: ConfigPath, bounds: Mapping[str, Any], complete: bool) -> Iterator[Finding]:
    for key, value in bounds.items():
        if key not in ("low", "high"):
            hint = did_you_mean(key, ("low", "high"))
            yield Finding((*path, key), f"unknown key '{key}'", hint, at_key=True)
        elif not _is_number(value):
            yield Finding((*path, key), f"found {found(value)}, expected a finite number")
    low, high = bounds.get("low"), bounds.get("high")
    if _is_number(low) and _is_number(high) and low >= high:
        yield Finding((*path, "low"), f"found low {low!r}, expected it below high {high!r}")
    for key in ("low", "high"):
        if complete and key not in bounds:
            yield Finding((*path, key), f"the required key '{key}' is missing")


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
