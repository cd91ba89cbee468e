"""Everything that must be right before anything runs.

`prepare`

1. reads the configuration (`read_user`) and checks it as it stands (`validate_partial`);
2. finds the workflow it names (`_find_workflow`);
3. resolves the workflow's configuration: `imperative.defaults.resolve` merges and completes it,
   `validate_resolved` checks it (`imperative.resolving.Resolver`);
4. asks the workflow for its phases, puts them in order and checks what they name
   (`_find_phases`);
5. resolves the configuration of each phase (`Resolver.for_phase`);
6. loads the market data (`imperative.loading.MarketLoader`);
7. plans the iterations of each phase, so that windows that do not fit are told now (`_Preparer`).

A phase whose settings hold references goes through 5 to 7 again when it begins, with their values
(`Preparation.resolve_late`); before that, only what stands without them is checked.

It raises `ConfigurationError` or answers a `Preparation`; nothing is written or journalled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from containers.components import Components
from containers.configuration import (
    UserInput,
    nowhere,
    read_user,
    unknown_phases,
    unknown_workflow,
    validate_partial,
)
from containers.data import MarketData
from containers.errors import ConfigurationError, Problem
from containers.journal import BarDropped
from containers.results import PlannedIteration
from imperative.definitions import DefinitionCheck, check_shape
from imperative.loading import MarketLoader
from imperative.modules import imported_phases
from imperative.ordering import order_phases
from imperative.planning import Planner
from imperative.references import has_reference, resolve, split_settings
from imperative.resolving import Resolved, Resolver
from imperative.sequencer import Sequencer
from imperative.topology import TopologyBuilder
from imperative.values import kind_of
from imperative.workflow import Module, Phase, Workflow
from imperative.written import as_written

__all__ = ["Preparation", "PreparedPhase", "ResolvedPhase", "prepare"]


@dataclass(frozen=True, slots=True)
class ResolvedPhase:
    """What a phase runs with.

    Attributes:
        configuration: Its own.
        market: Its data.
        units: How many units it comes to.
        iterations: The tree of them.
    """

    configuration: Resolved
    market: MarketData
    units: int
    iterations: tuple[PlannedIteration, ...]


@dataclass(frozen=True, slots=True)
class PreparedPhase:
    """A phase; ``resolved`` is null where its settings hold references."""

    definition: Phase
    resolved: ResolvedPhase | None


@dataclass(frozen=True, slots=True)
class Preparation:
    """What is about to run.

    Attributes:
        user: What the user wrote.
        workflow: The workflow.
        configuration: Of the workflow as a whole.
        phases: In the order of execution.
        dropped: A record for each bad bar that was left out of any data, each row once.
        loader: Has the data, and loads more.
        resolve_late: Resolves a phase whose settings hold references, once these can be looked up.
    """

    user: UserInput
    workflow: Workflow
    configuration: Resolved
    phases: tuple[PreparedPhase, ...]
    dropped: tuple[BarDropped, ...]
    loader: MarketLoader
    resolve_late: Callable[[Phase, Callable[[str], Any]], ResolvedPhase]


def prepare(
    config: Mapping[str, Any] | str | Path | UserInput,
    *,
    workflows: Mapping[str, type[Workflow]],
    components: Components,
    modules: Mapping[str, type[Module]] | None = None,
    sequencer: Sequencer | None = None,
    loader: MarketLoader | None = None,
) -> Preparation:
    """Read, check, resolve and load everything that ``config`` asks for.

    Args:
        config: A mapping, the path of a YAML file, or what was read.
        workflows: By name.
        components: Strategies, classifiers, profiles.
        modules: By name; null: none.
        sequencer: Knows sequences and topologies; null: the shipped ones.
        loader: Of the run, which keeps what was loaded before; null: a new one.

    Raises:
        ConfigurationError: Anything is wrong with it.
        DataError: Anything is wrong with its market data.
    """
    sequencer = Sequencer(TopologyBuilder(components)) if sequencer is None else sequencer
    user = read_user(config)
    given = validate_partial(user.data, components=components, locate=user.locate)
    named = _find_workflow(given, workflows, user)
    resolver = Resolver(named, given, user, components)
    configuration = resolver.for_workflow()
    workflow = workflows[configuration.settings.workflow]()
    phases = _find_phases(workflow, configuration, user, modules or {}, sequencer)
    resolved = resolver.for_phases(phases)
    preparer = _Preparer(
        user, resolver, sequencer, MarketLoader(user.base_dir) if loader is None else loader
    )
    dropped: list[BarDropped] = []
    prepared: list[tuple[Phase, Resolved | None, MarketData | None]] = []
    for phase, own in zip(phases, resolved, strict=True):
        with resolver.as_written(phase):
            market = preparer.load_early(phase, own)
        if market is not None:
            dropped += market.dropped
        late = own is None or market is None or has_reference(phase.config)
        prepared.append((phase, None if late else own, market))
    return Preparation(
        user=user,
        workflow=workflow,
        configuration=configuration,
        phases=preparer.plan_all(prepared),
        dropped=tuple(dict.fromkeys(dropped)),
        loader=preparer.loader,
        resolve_late=preparer.resolve_late,
    )


class _Preparer:
    """Takes phases from their configuration to their data and their plan."""

    def __init__(
        self, user: UserInput, resolver: Resolver, sequencer: Sequencer, loader: MarketLoader
    ) -> None:
        self._user: Final = user
        self._resolver: Final = resolver
        self._sequencer: Final = sequencer
        self.loader: Final = loader

    def load_early(self, phase: Phase, own: Resolved | None) -> MarketData | None:
        """Load the data of a phase; null where only references say which."""
        _, late = split_settings(phase.config)
        if own is None or "data" in late or "symbols" in late:
            return None
        return self.loader.load(own.settings)

    def plan_all(
        self, phases: Iterable[tuple[Phase, Resolved | None, MarketData | None]]
    ) -> tuple[PreparedPhase, ...]:
        """Plan every phase that is resolved; all problems are raised at once."""
        prepared: list[PreparedPhase] = []
        problems: list[Problem] = []
        for phase, own, market in phases:
            resolved = None
            try:
                if own is not None and market is not None:
                    resolved = self._planned(phase, own, market)
            except ConfigurationError as error:
                problems += error.problems
            prepared.append(PreparedPhase(phase, resolved))
        if problems:
            raise ConfigurationError(dict.fromkeys(problems))
        return tuple(prepared)

    def resolve_late(self, phase: Phase, look_up: Callable[[str], Any]) -> ResolvedPhase:
        """Resolve a phase whose settings hold references.

        Raises:
            ConfigurationError: What comes out is wrong.
            MissingReferenceError: A reference leads nowhere.
        """
        _, late = split_settings(phase.config)
        own = self._resolver.for_phase(phase, resolve(late, look_up))
        with self._resolver.as_written(phase):
            market = self.loader.load(own.settings)
        return self._planned(phase, own, market)

    def _planned(self, phase: Phase, own: Resolved, market: MarketData) -> ResolvedPhase:
        builder, chain = self._sequencer.builder, self._sequencer.chain(phase.chain)
        with self._resolver.as_written(phase):
            scope = builder.scope(own.settings, market, topology=phase.topology)
            planned = Planner(builder).plan(chain, scope)
        return ResolvedPhase(own, market, sum(part.units for part in planned), planned)


def _find_workflow(
    given: Mapping[str, Any], workflows: Mapping[str, type[Workflow]], user: UserInput
) -> type[Workflow] | None:
    """Give the workflow that the user names; null when they name none."""
    if "workflow" not in given:
        return None
    name = given["workflow"]
    if name in workflows:
        return workflows[name]
    raise ConfigurationError([unknown_workflow(name, workflows, user.locate)])


def _find_phases(
    workflow: Workflow,
    configuration: Resolved,
    user: UserInput,
    modules: Mapping[str, type[Module]],
    sequencer: Sequencer,
) -> tuple[Phase, ...]:
    """Give the phases in the order of execution, once all they name is known to exist."""
    owner = f"workflow '{workflow.name}'"
    own = [
        *imported_phases(owner, workflow.imports, modules),
        *_own_phases(workflow, configuration, user),
    ]
    names = [phase.name for phase in own if isinstance(phase, Phase)]
    unknown = _unknown_phases(workflow, names, user)
    try:
        phases = _ordered(workflow, own, configuration, sequencer)
    except ConfigurationError as error:
        raise ConfigurationError([*error.problems, *unknown]) from error
    if unknown:
        raise ConfigurationError(unknown)
    return phases


def _unknown_phases(workflow: Workflow, names: Sequence[str], user: UserInput) -> list[Problem]:
    """Say which keys of ``phases`` are no phases, in the workflow's defaults and of the user's."""
    by_default = unknown_phases(workflow.name, workflow.defaults.get("phases", {}), names, nowhere)
    owner = f"the defaults of workflow '{workflow.name}'"
    return [
        *(msgspec.structs.replace(p, message=f"{p.message}, in {owner}") for p in by_default),
        *unknown_phases(workflow.name, user.data.get("phases", {}), names, user.locate),
    ]


def _ordered(
    workflow: Workflow, own: list[Phase], configuration: Resolved, sequencer: Sequencer
) -> tuple[Phase, ...]:
    """Put phases in the order of execution; the definition is checked before and behind."""
    problems = list(check_shape(workflow.name, own))
    if problems:
        raise ConfigurationError(problems)
    phases = order_phases(workflow.name, own)
    check = DefinitionCheck(
        workflow,
        phases,
        configuration.document,
        topologies=sequencer.builder.topologies,
        sequences=sequencer.sequences,
    )
    problems = list(check.problems())
    if problems:
        raise ConfigurationError(problems)
    return phases


def _own_phases(workflow: Workflow, configuration: Resolved, user: UserInput) -> list[Phase]:
    """Ask a workflow for its phases; what it raises says that the run cannot begin."""
    owner = f"get_phases of workflow '{workflow.name}' ({type(workflow).__qualname__})"
    try:
        with as_written(user, ""):
            given = workflow.get_phases(deepcopy(dict(configuration.document)))
    except ConfigurationError:
        raise
    except Exception as error:
        message = f"{owner} raised {type(error).__name__}: {error}"
        raise ConfigurationError([Problem(message)]) from error
    if not isinstance(given, Sequence) or isinstance(given, str):
        message = f"{owner} gave {kind_of(given)}, expected a list of Phase"
        raise ConfigurationError([Problem(message)])
    return list(given)
