"""What a sequence would run: its tree, laid over the data, with nothing run.

`survey` walks the tree as `declarative.sequencer` does; of iterations that are alike one is looked
at. It says how many units there are, and finds windows that do not fit.
"""

from __future__ import annotations

from typing import Any

from containers.errors import ConfigurationError, Problem
from containers.results import PlannedIteration, Signals
from declarative.around import Around
from declarative.definitions import GivesDefinition
from declarative.patterns import Pattern
from declarative.sequences import Entries, Inner, Stand, expand, no_keys, scope_of
from declarative.work import Work, warmed

__all__ = ["check_replay", "entries_of", "inner_of", "survey"]


def survey(work: Work) -> tuple[PlannedIteration, ...]:
    """Say what would run, and run nothing.

    Raises:
        ConfigurationError: Windows do not fit the data, or there is no space to walk.
        PatternError: A pattern gives what it must not.
    """
    check_replay(work)
    return _survey_inner(work, work.inner, work.start())


def _survey_inner(work: Work, inner: Inner, around: Around) -> tuple[PlannedIteration, ...]:
    entries, _ = entries_of(inner, around)
    planned = []
    for stand in expand(entries, around, work.components, survey=True):
        below = inner_of(work, stand, inner.then)
        iterations: tuple[PlannedIteration, ...] = ()
        units = 1
        warmup_bars = 0
        if below is None:
            unit = work.unit(stand.around)
            _, warmup_bars = warmed(unit, stand.around)
        else:
            iterations = _survey_inner(work, below, stand.around)
            units = 0
            for each in iterations:
                units += each.units
        name = stand.definition.name
        window = stand.around.window(name, stand.first, stand.last, warmup_bars)
        planned.append(PlannedIteration(window, stand.times, units * stand.times, iterations))
    return tuple(planned)


def entries_of(inner: Inner, around: Around) -> tuple[Entries, tuple[GivesDefinition, Any]]:
    """Give the entries of a sequence, or those given; and how to tell what they come to."""
    if isinstance(inner.what, Pattern):
        definition, node = inner.what.definition, inner.what.node()
        if definition.needs_keys and not around.space:
            raise no_keys()
        names = scope_of(definition, node, around)
        entries = Entries(definition.iterations, node.at("iterations"), names, definition.section)
        return entries, (definition.gives, node.at("gives"))
    return inner.what


def inner_of(work: Work, stand: Stand, then: Inner | None) -> Inner | None:
    """Decide what runs in an iteration; null: a unit."""
    definition, around = stand.definition, stand.around
    own = then
    if definition.iterations:
        node = stand.node
        if definition.gives is None:
            raise node.error("the required key 'gives' is missing beside 'iterations'")
        entries = Entries(definition.iterations, node.at("iterations"), stand.names, stand.section)
        own = Inner((entries, (definition.gives, node.at("gives"))), then)
    if definition.optimizes is not None and around.space and not work.combines(around):
        return Inner(work.sequences[definition.optimizes], own)
    return own


def check_replay(work: Work) -> None:
    """Check that every strategy can be replayed, once the signals are there."""
    signals = work.inputs.get("signals")
    if not work.topology.replays or not isinstance(signals, Signals):
        return
    problems = []
    for place, settings in enumerate(work.configuration.strategies):
        combines = hasattr(work.components.strategies[settings.type], "combine")
        if not combines and settings.name not in signals.strategies:
            known = ", ".join(signals.strategies)
            message = f"there are no signals of the strategy '{settings.name}' to replay"
            problem = Problem(message, path=("strategies", place), hint=f"there are of: {known}")
            problems.append(problem)
    if problems:
        raise ConfigurationError(problems)
