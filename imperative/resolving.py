"""Configurations of a workflow and of its phases: merged, completed, checked.

What overrides what: engine defaults < workflow defaults < settings of the phase without references
< user < settings of the phase with references < the user's ``phases.NAME``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from containers.components import Components
from containers.configuration import (
    Configuration,
    UserInput,
    config_digest,
    validate_partial,
    validate_resolved,
)
from containers.errors import ConfigPath, ConfigurationError, Location, Problem
from imperative.defaults import merge
from imperative.defaults import resolve as resolve_layers
from imperative.references import has_reference, split_settings
from imperative.workflow import Phase, Workflow
from imperative.written import Layers, as_written, owner_of, written_path

__all__ = ["Resolved", "Resolver"]


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


class Resolver:
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
            with _blaming(f"the defaults of {self._owner}", (), ("defaults",)):
                if "workflow" in workflow.defaults:
                    raise ConfigurationError([Problem("it cannot be set here", ("workflow",))])
                self._defaults = validate_partial(workflow.defaults, components=components)

    def for_workflow(self) -> Resolved:
        """Resolve what holds for the workflow as a whole; it keeps ``phases``."""
        document = resolve_layers(self._components, self._defaults, self._given)
        return self._checked(document, "", self._layers(None))

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
        return self._checked(document, phase.name, self._layers(phase))

    def as_written(self, phase: Phase) -> AbstractContextManager[None]:
        """Have the problems of a phase's configuration name whoever wrote what is wrong."""
        return as_written(self._user, phase.name, self._layers(phase))

    def _layers(self, phase: Phase | None) -> Layers:
        """Say what is merged for a phase, or for the workflow as a whole; topmost first."""
        defaults = f"the defaults of {self._owner}"
        whole = [(None, self._given), (defaults, self._defaults)]
        if phase is None:
            return whole
        plain, _ = split_settings(phase.config)
        user, below = whole
        return [
            (None, self._given.get("phases", {}).get(phase.name, {})),
            (defaults, self._defaults.get("phases", {}).get(phase.name, {})),
            user,
            (self._settings_owner(phase), plain),
            below,
        ]

    def _settings_owner(self, phase: Phase) -> str:
        return f"the settings of phase '{phase.name}' of {self._owner}"

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
        where = ("phases", phase.name)
        with _blaming(self._settings_owner(phase), where, (*where, "config")):
            # What a definition says for a phase is held to what a user may say for one.
            given = {"phases": {phase.name: settings}}
            checked = validate_partial(given, components=self._components)
            own: dict[str, Any] = checked["phases"][phase.name]
            return own

    def _checked(self, document: dict[str, Any], phase: str, layers: Layers) -> Resolved:
        user = self._user

        def locate(path: ConfigPath, key: bool) -> Location | None:
            if owner_of(path, layers) is not None:
                return None
            return user.locate(written_path(path, user, phase), key)

        with as_written(user, phase, layers):
            settings = validate_resolved(document, components=self._components, locate=locate)
        return Resolved(document=document, settings=settings, digest=config_digest(document))


@contextmanager
def _blaming(owner: str, found: ConfigPath, told: ConfigPath) -> Iterator[None]:
    """Have problems of a workflow's definition, which no file position shows, name it.

    Their paths begin with ``told`` in place of ``found``: they are none of the user's document.
    """
    try:
        yield
    except ConfigurationError as error:
        raise ConfigurationError(
            msgspec.structs.replace(
                problem,
                message=f"{problem.message}, in {owner}",
                path=(*told, *problem.path[len(found) :]),
            )
            for problem in error.problems
        ) from error
