"""Everything that must be right before anything runs.

`prepare`

1. reads the configuration (`read_user`) and checks it as it stands (`validate_partial`);
2. finds the workflow it names (`_find_workflow`);
3. resolves the workflow's configuration: `imperative.defaults.resolve` merges and completes it,
   `validate_resolved` checks it (`_Resolver.for_workflow`);
4. asks the workflow for its phases, puts them in order and checks what they name
   (`_find_phases`);
5. resolves the configuration of each phase (`_Resolver.for_phase`);
6. loads the market data (`imperative.loading.MarketLoader`);
7. plans the iterations of each phase, so that windows that do not fit are told now (`_Preparer`).

A phase whose settings hold references goes through 5 to 7 again when it begins, with their values
(`Preparation.resolve_late`); before that, only what stands without them is checked.

It raises `ConfigurationError` or answers a `Preparation`; nothing is written or journalled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from containers.components import Components
from containers.configuration import (
    Configuration,
    Locate,
    UserInput,
    config_digest,
    read_user,
    unknown_phases,
    unknown_workflow,
    validate_partial,
    validate_resolved,
)
from containers.data import MarketData
from containers.errors import ConfigurationError, Problem
from containers.journal import BarDropped
from containers.results import PlannedIteration
from imperative.defaults import merge
from imperative.defaults import resolve as resolve_layers
from imperative.definitions import DefinitionCheck, check_shape
from imperative.loading import MarketLoader
from imperative.modules import imported_phases
from imperative.ordering import order_phases
from imperative.planning import Planner
from imperative.references import has_reference, resolve, split_settings
from imperative.sequencer import Sequencer
from imperative.topology import TopologyBuilder
from imperative.workflow import Module, Phase, Workflow
from imperative.written import as_written, written_path

__all__ = ["Preparation", "PreparedPhase", "Resolved", "ResolvedPhase", "prepare"]


@dataclass(frozen=True, slots=True)
class Resolved:
    """A complete, checked configuration.

    Attributes:
        document: As plain data, for the journal; nobody else holds it.
        settings: Typed and frozen, for everything that runs.
        digest: Its config hash.
    """

    document: Mapping[str, Any]
    settings: Configuration
    digest: str


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
    resolver = _Resolver(named, given, user, components)
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
        with as_written(user, phase.name):
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
        self, user: UserInput, resolver: _Resolver, sequencer: Sequencer, loader: MarketLoader
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
        with as_written(self._user, phase.name):
            market = self.loader.load(own.settings)
        return self._planned(phase, own, market)

    def _planned(self, phase: Phase, own: Resolved, market: MarketData) -> ResolvedPhase:
        builder, chain = self._sequencer.builder, self._sequencer.chain(phase.chain)
        with as_written(self._user, phase.name):
            scope = builder.scope(own.settings, market, topology=phase.topology)
            planned = Planner(builder).plan(chain, scope)
        return ResolvedPhase(own, market, sum(part.units for part in planned), planned)


class _Resolver:
    """Resolves the configurations of one workflow: its own and those of its phases.

    ``workflow`` is null when the user named none; the check of the resolved configuration says
    so, together with everything else that is missing.
    """

    def __init__(
        self,
        workflow: type[Workflow] | None,
        given: Mapping[str, Any],
        user: UserInput,
        components: Components,
    ) -> None:
        self._given: Final = given
        self._user: Final = user
        self._components: Final = components
        self._defaults: dict[str, Any] = {}
        self._owner = ""
        if workflow is not None:
            self._owner = f"workflow '{workflow.name}'"
            with _blaming(f"the defaults of {self._owner}"):
                self._defaults = validate_partial(workflow.defaults, components=components)

    def for_workflow(self) -> Resolved:
        """Resolve what holds for the workflow as a whole; it keeps ``phases``."""
        document = resolve_layers(self._components, self._defaults, self._given)
        return self._checked(document, self._user.locate)

    def for_phases(self, phases: Sequence[Phase]) -> list[Resolved | None]:
        """Resolve the configuration of every phase; all problems are raised at once.

        Where settings hold references, the answer leaves these out, or is null where that alone
        makes no whole: what is wrong with it shows when the phase begins.
        """
        resolved: list[Resolved | None] = []
        problems: list[Problem] = []
        for phase in phases:
            try:
                self._own_settings(phase)
                resolved.append(self.for_phase(phase))
            except ConfigurationError as error:
                if has_reference(phase.config) and not self._is_wrong(phase):
                    resolved.append(None)
                else:
                    problems += error.problems
        if problems:
            raise ConfigurationError(dict.fromkeys(problems))
        return resolved

    def for_phase(self, phase: Phase, late: Mapping[str, Any] | None = None) -> Resolved:
        """Resolve the configuration of one phase, which has no ``phases``.

        Args:
            phase: The phase.
            late: What those of its settings came to that hold references; null: leave them out.
        """
        overrides = merge(self._defaults, self._given).get("phases", {})
        document = resolve_layers(
            self._components,
            self._defaults,
            self._own_settings(phase),
            self._given,
            self._settings_of(phase, late or {}),
            overrides.get(phase.name, {}),
        )
        del document["phases"]
        user, name = self._user, phase.name
        with as_written(user, name):
            return self._checked(
                document, lambda path, key: user.locate(written_path(path, user, name), key)
            )

    def _own_settings(self, phase: Phase) -> dict[str, Any]:
        """Give the settings of a definition that hold no references, checked as they stand."""
        plain, _ = split_settings(phase.config)
        return self._settings_of(phase, plain)

    def _is_wrong(self, phase: Phase) -> bool:
        try:
            self._own_settings(phase)
        except ConfigurationError:
            return True
        return False

    def _settings_of(self, phase: Phase, settings: Mapping[str, Any]) -> dict[str, Any]:
        with _blaming(f"the settings of phase '{phase.name}' of {self._owner}"):
            # What a definition says for a phase is held to what a user may say for one.
            given = {"phases": {phase.name: settings}}
            checked = validate_partial(given, components=self._components)
            own: dict[str, Any] = checked["phases"][phase.name]
            return own

    def _checked(self, document: dict[str, Any], locate: Locate) -> Resolved:
        settings = validate_resolved(document, components=self._components, locate=locate)
        return Resolved(document=document, settings=settings, digest=config_digest(document))


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
    config = deepcopy(dict(configuration.document))
    owner = f"workflow '{workflow.name}'"
    own = [
        *imported_phases(owner, workflow.imports, modules),
        *workflow.get_phases(config),
    ]
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
    names = [phase.name for phase in phases]
    problems += unknown_phases(workflow.name, configuration.settings.phases, names, user.locate)
    if problems:
        raise ConfigurationError(problems)
    return phases


@contextmanager
def _blaming(owner: str) -> Iterator[None]:
    """Have problems of a workflow's definition, which no file position shows, name it."""
    try:
        yield
    except ConfigurationError as error:
        raise ConfigurationError(
            msgspec.structs.replace(problem, message=f"{problem.message}, in {owner}")
            for problem in error.problems
        ) from error
