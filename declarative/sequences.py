"""From a sequence pattern to iterations: where each stands, and what changes in it.

`expand` walks the entries of a pattern inside of what is around (`declarative.around`) and gives a
`Stand` for each iteration, with the `Around` of what runs there. Nothing is run: the sequencer runs
stands, the survey only counts them. The expressions of a pattern count from the first bar around.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec
from msgspec.structs import replace

from containers.components import Components
from containers.configuration.plain import found
from containers.errors import ConfigurationError, Problem
from declarative.around import Around
from declarative.definitions import IterationDefinition, SequenceDefinition
from declarative.expressions import ExpressionError
from declarative.fields import compiled
from declarative.patterns import Pattern
from declarative.references import Node, Scope
from declarative.resampling import bootstrap_problem
from declarative.variations import (
    Parameters,
    combinations,
    count_combinations,
    generator,
    noisy,
    sample,
)

__all__ = ["Entries", "Inner", "Stand", "chosen", "evaluate", "expand", "no_keys", "scope_of"]

VARIATIONS: Final = ("parameter_noise", "block_bootstrap")


_MOST_WINDOWS: Final = 100_000
"""How many iterations one entry may have; more when there are more bars."""


@dataclass(frozen=True, slots=True)
class Entries:
    """Entries of a pattern, and the names that their expressions see."""

    definitions: Sequence[IterationDefinition]
    node: Node
    names: Scope
    section: str | None


@dataclass(frozen=True, slots=True)
class Inner:
    """What runs in an iteration that has nothing of its own: a sequence, or entries.

    Null in place of an `Inner` is a unit. ``then`` is what runs in their innermost iterations.
    """

    what: Pattern[SequenceDefinition] | tuple[Entries, Any]
    then: Inner | None


class Stand(msgspec.Struct, frozen=True):
    """One iteration, or several alike.

    Attributes:
        definition: Its entry in the pattern.
        node: Where that stands.
        section: What is blamed when nothing fits below it.
        around: What surrounds whatever runs in it.
        first: First bar of its window.
        last: Last bar of its window.
        parameters: Its own changes; null: the best that the sequence found in ``best_of``.
        names: What expressions below it see.
        times: How many iterations alike it stands for; 1 but in a survey.
    """

    definition: IterationDefinition
    node: Node
    section: str | None
    around: Around
    first: int
    last: int
    parameters: Parameters | None
    names: Scope
    times: int = 1


def scope_of(definition: SequenceDefinition, node: Node, around: Around) -> dict[str, Any]:
    """Give the names that the entries of a sequence see."""
    names: dict[str, Any] = {"bars": around.bars, "config": around.configuration, "index": 0}
    for name in definition.let:
        names[name] = evaluate(node.at("let", name), names)
    return names


def evaluate(node: Node, names: Scope) -> Any:
    """Work out the expression at ``node``; a `PatternError` when its values do not allow it."""
    try:
        return compiled(node.value).evaluate(names)
    except ExpressionError as error:
        raise node.error(f"{found(node.value)}: {error}") from None


def expand(
    entries: Entries, around: Around, components: Components, *, survey: bool
) -> Iterator[Stand]:
    """Give the iterations of entries, in order.

    Args:
        entries: The entries.
        around: What surrounds them.
        components: What exists, for noise on parameters.
        survey: Only look at where they stand: of iterations alike one is given.

    Raises:
        ConfigurationError: A window does not fit, or there is none.
        PatternError: An expression of the pattern gives what it must not.
    """
    names = {**entries.names, "bars": around.bars, "config": around.configuration}
    count = 0
    for place, definition in enumerate(entries.definitions):
        node = entries.node.at(place)
        for stand in _repeated(definition, node, entries, around, names, components, survey):
            count += 1
            yield stand
    if not count:
        raise _unfit(entries, "there is no window that fits", around)


def _repeated(
    definition: IterationDefinition,
    node: Node,
    entries: Entries,
    around: Around,
    names: Scope,
    components: Components,
    survey: bool,
) -> Iterator[Stand]:
    if definition.when is not None and not _flag(node.at("when"), names):
        return
    if definition.each is not None:
        yield from _combinations(definition, node, entries, around, names, survey)
        return
    if definition.proceed is not None:
        index = 0
        while _flag(node.at("while"), inner := {**names, "index": index}):
            _limited(node.at("while"), index + 1, around)
            yield _stand(definition, node, entries, around, inner, components)
            index += 1
        return
    if definition.times is None:
        yield _stand(definition, node, entries, around, names, components)
        return
    times = _whole(node.at("times"), names)
    alike = survey and definition.varies is not None
    if definition.varies is None:
        _limited(node.at("times"), times, around)
    for index in range(1 if alike else times):
        inner = {**names, "index": index}
        stand = _stand(definition, node, entries, around, inner, components)
        yield replace(stand, times=times) if alike else stand


def _limited(node: Node, count: int, around: Around) -> None:
    """Refuse what would never end: windows are surveyed one by one before anything runs."""
    limit = max(_MOST_WINDOWS, around.bars)
    if count > limit:
        message = (
            f"{found(node.value)} gives more than {limit:,} iterations over {around.bars} bars"
        )
        raise node.error(message, "let it end, for example: index < 10")


def _combinations(
    definition: IterationDefinition,
    node: Node,
    entries: Entries,
    around: Around,
    names: Scope,
    survey: bool,
) -> Iterator[Stand]:
    """Give one stand for each combination of the space, which is then used up."""
    sampling = around.configuration.parameter_sweep.random
    if not around.space:
        raise no_keys()
    times = count_combinations(around.space) if sampling is None else sampling.count
    used = replace(around, space=())
    if survey:
        first, spawn_key = next(chosen(around))
        inside = replace(used.changed(first), spawn_key=spawn_key)
        stand = _stand(definition, node, entries, inside, {**names, "index": 0}, None)
        yield replace(stand, times=times)
        return
    for index, (parameters, spawn_key) in enumerate(chosen(around)):
        inside = replace(used.changed(parameters), spawn_key=spawn_key)
        stand = _stand(definition, node, entries, inside, {**names, "index": index}, None)
        yield replace(stand, parameters=parameters)


def chosen(around: Around) -> Iterator[tuple[Parameters, tuple[int, ...]]]:
    """Give every combination of the space around, with the spawn key it was drawn by."""
    sampling = around.configuration.parameter_sweep.random
    if sampling is None:
        for parameters in combinations(around.space):
            yield parameters, around.spawn_key
        return
    for index in range(sampling.count):
        spawn_key = (*around.spawn_key, index)
        draws = generator(around.configuration.random_seed, spawn_key)
        yield sample(around.space, draws), spawn_key


def no_keys() -> ConfigurationError:
    """Say that there is nothing to walk."""
    message = "the parameter space has no key to walk here"
    hint = "name a parameter, for example parameter_space: {momentum.fast_period: [5, 10]}"
    return ConfigurationError([Problem(message, path=("parameter_space",), hint=hint)])


def _stand(
    definition: IterationDefinition,
    node: Node,
    entries: Entries,
    around: Around,
    names: Scope,
    components: Components | None,
) -> Stand:
    inner = dict(names)
    for name in definition.let:
        inner[name] = evaluate(node.at("let", name), inner)
    around, first, last = _placed(definition, node, entries, around, inner)
    if definition.warmup is not None:
        around = replace(around, warmup=_warmup(node.at("warmup"), inner))
    if definition.closes is not None and _flag(node.at("closes"), inner):
        execution = replace(around.configuration.execution, close_at_end=True)
        configuration = replace(around.configuration, execution=execution)
        around = replace(around, configuration=configuration)
    parameters: Parameters | None = {}
    if definition.best_of is not None:
        around, parameters = replace(around, space=(), tested=True), None
    if definition.varies is not None:
        assert components is not None  # only combinations come without, and they vary by themselves
        around, parameters = _varied(node.at("varies"), around, inner, components)
    return Stand(definition, node, entries.section, around, first, last, parameters, inner)


def _placed(
    definition: IterationDefinition, node: Node, entries: Entries, around: Around, names: Scope
) -> tuple[Around, int, int]:
    """Find the window, and what is around whatever runs in it."""
    if definition.spans is not None:
        first, last = _span(definition, node, entries, around, names)
        return replace(around, shown=(first, last)), first, last
    if definition.first is None and definition.last is None:
        first, last = around.shown or (around.first, around.last)
        return around, first, last
    low = _whole(node.at("first"), names, signed=True) if definition.first is not None else 0
    high = around.bars - 1
    if definition.last is not None:
        high = _whole(node.at("last"), names, signed=True)
    if not 0 <= low <= high < around.bars:
        what = f"'{definition.name}' would be bars {low} to {high} of {around.bars}"
        raise _unfit(entries, f"{what}, which is no window", around, node)
    first, last = around.first + low, around.first + high
    inside = replace(around, first=first, last=last, everything=False, shown=None)
    return inside, first, last


def _span(
    definition: IterationDefinition, node: Node, entries: Entries, around: Around, names: Scope
) -> tuple[int, int]:
    """Give the first and last bar of the windows directly below."""
    bars: list[int] = []
    for place, below in enumerate(definition.iterations):
        inside = node.at("iterations", place)
        if below.when is None or _flag(inside.at("when"), names):
            _, first, last = _placed(below, inside, entries, around, names)
            bars += [first, last]
    if not bars:
        raise _unfit(entries, f"'{definition.name}' is left without a bar", around, node)
    return min(bars), max(bars)


def _varied(
    node: Node, around: Around, names: Scope, components: Components
) -> tuple[Around, Parameters]:
    """Draw what a random iteration changes: parameters, or the data."""
    method = evaluate(node, names)
    if method not in VARIATIONS:
        raise node.error(f"found {found(method)}, expected one of {', '.join(VARIATIONS)}")
    around = replace(around, spawn_key=(*around.spawn_key, names["index"]))
    configuration = around.configuration
    if method == "block_bootstrap":
        block_bars = configuration.monte_carlo.block_bars
        problem = bootstrap_problem(around.cut(0), block_bars)
        if problem is not None:
            raise ConfigurationError([Problem(problem, path=("monte_carlo",))])
        return around.bootstrap(block_bars), {}
    draws = generator(configuration.random_seed, around.spawn_key)
    parameters = noisy(configuration, components, draws)
    return around.changed(parameters), parameters


def _warmup(node: Node, names: Scope) -> int | Literal["auto"]:
    value = evaluate(node, names)
    return "auto" if value == "auto" else _counted(node, value)


def _flag(node: Node, names: Scope) -> bool:
    value = evaluate(node, names)
    if isinstance(value, bool):
        return value
    raise node.error(f"{found(node.value)} is {found(value)}, expected true or false")


def _whole(node: Node, names: Scope, *, signed: bool = False) -> int:
    return _counted(node, evaluate(node, names), signed=signed)


def _counted(node: Node, value: Any, *, signed: bool = False) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and (signed or value >= 0):
        return value
    what = "a whole number" if signed else "a whole number of at least 0"
    raise node.error(f"{found(node.value)} is {found(value)}, expected {what}")


def _unfit(
    entries: Entries, message: str, around: Around, node: Node | None = None
) -> ConfigurationError:
    """Blame the section that sets the sequence up, or else the pattern."""
    text = f"{message}; there are {around.bars} bars"
    if entries.section is None:
        return (node or entries.node).error(text)
    hint = "let the windows be shorter, or the range of the data longer"
    return ConfigurationError([Problem(text, path=(entries.section,), hint=hint)])
