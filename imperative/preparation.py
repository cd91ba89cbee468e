"""Everything that must be right before anything runs.

`prepare`

1. reads the configuration (`read_user`) and checks it as it stands (`validate_partial`);
2. finds the workflow it names (`_find_workflow`);
3. resolves the workflow's configuration: `imperative.defaults.resolve` merges and completes it,
   `validate_resolved` checks it (`_Resolver.for_workflow`);
4. asks the workflow for its phases and puts them in order (`_find_phases`);
5. resolves the configuration of each phase (`_Resolver.for_phase`);
6. loads the market data (`imperative.loading.MarketLoader`).

It raises `ConfigurationError` or answers a `Preparation`; nothing is written or journalled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
from containers.nearest import did_you_mean
from imperative.defaults import merge, resolve
from imperative.loading import MarketLoader
from imperative.ordering import order_phases
from imperative.sequences import SEQUENCES
from imperative.topologies import TOPOLOGIES
from imperative.workflow import Phase, Workflow
from imperative.written import as_written, written_path

__all__ = ["Preparation", "PreparedPhase", "Resolved", "prepare"]


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
class PreparedPhase:
    """A phase with its own configuration and data."""

    definition: Phase
    configuration: Resolved
    market: MarketData


@dataclass(frozen=True, slots=True)
class Preparation:
    """What is about to run.

    Attributes:
        workflow: The workflow.
        configuration: Of the workflow as a whole.
        phases: In the order of execution.
        dropped: A record for each bad bar that was left out of any data, each row once.
    """

    workflow: Workflow
    configuration: Resolved
    phases: tuple[PreparedPhase, ...]
    dropped: tuple[BarDropped, ...]


def prepare(
    config: Mapping[str, Any] | str | Path | UserInput,
    *,
    workflows: Mapping[str, type[Workflow]],
    components: Components,
) -> Preparation:
    """Read, check, resolve and load everything that ``config`` asks for.

    Raises:
        ConfigurationError: Anything is wrong with it.
        DataError: Anything is wrong with its market data.
    """
    user = read_user(config)
    given = validate_partial(user.data, components=components, locate=user.locate)
    named = _find_workflow(given, workflows, user)
    resolver = _Resolver(named, given, user, components)
    configuration = resolver.for_workflow()
    workflow = workflows[configuration.settings.workflow]()
    phases = _find_phases(workflow, configuration, user)
    resolved = resolver.for_phases(phases)
    loader = MarketLoader(user.base_dir)
    prepared = []
    for phase, own in zip(phases, resolved, strict=True):
        with as_written(user, phase.name):
            prepared.append(PreparedPhase(phase, own, loader.load(own.settings)))
    return Preparation(workflow, configuration, tuple(prepared), loader.dropped)


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
        document = resolve(self._components, self._defaults, self._given)
        return self._checked(document, self._user.locate)

    def for_phases(self, phases: Sequence[Phase]) -> list[Resolved]:
        """Resolve the configuration of every phase; all problems are raised at once."""
        resolved: list[Resolved] = []
        problems: list[Problem] = []
        for phase in phases:
            try:
                resolved.append(self.for_phase(phase))
            except ConfigurationError as error:
                problems += error.problems
        if problems:
            raise ConfigurationError(dict.fromkeys(problems))
        return resolved

    def for_phase(self, phase: Phase) -> Resolved:
        """Resolve the configuration of one phase, which has no ``phases``."""
        with _blaming(f"the settings of phase '{phase.name}' of {self._owner}"):
            # What a definition says for a phase is held to what a user may say for one.
            settings = {"phases": {phase.name: phase.config}}
            checked = validate_partial(settings, components=self._components)
            own = checked["phases"][phase.name]
        overrides = merge(self._defaults, self._given).get("phases", {})
        document = resolve(
            self._components, self._defaults, own, self._given, overrides.get(phase.name, {})
        )
        del document["phases"]
        user, name = self._user, phase.name
        with as_written(user, name):
            return self._checked(
                document, lambda path, key: user.locate(written_path(path, user, name), key)
            )

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


def _find_phases(workflow: Workflow, configuration: Resolved, user: UserInput) -> tuple[Phase, ...]:
    """Give the phases in the order of execution, once all names they use are known to exist."""
    config = deepcopy(dict(configuration.document))
    phases = order_phases(workflow.name, workflow.get_phases(config))
    problems: list[Problem] = []
    for phase in phases:
        for noun, name, known in (
            ("topology", phase.topology, set(TOPOLOGIES)),
            ("sequence", phase.sequence, set(SEQUENCES)),
        ):
            if name not in known:
                message = (
                    f"phase '{phase.name}' of workflow '{workflow.name}' names the {noun} "
                    f"'{name}', which does not exist"
                )
                problems.append(Problem(message, hint=did_you_mean(name, known)))
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
