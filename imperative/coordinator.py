"""The imperative engine, from a configuration to a result.

`Coordinator.run_workflow`

1. prepares: reads, checks and resolves the configuration of the workflow and of every phase, puts
   the phases in order, loads the data, plans the iterations (`imperative.preparation.prepare`);
2. reaches the executor, names the run, and makes its folder when something is written, or takes up
   that of a run to be resumed (`imperative.runs`). Up to here nothing is journalled, and whatever
   is wrong raises `ConfigurationError` with nothing written;
3. runs the passes of the workflow (`imperative.loop.WorkflowRun`), in each the phases
   (`imperative.phases`), in each the iterations of its sequences (`imperative.sequencer`), each of
   which ends in units (`imperative.unit`);
4. writes the result when results are stored (`_save`), lets go of the folder, and ends the journal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, Final

import msgspec

import containers
import imperative
from containers.components import Components, default_components
from containers.configuration import UserInput
from containers.errors import StorageError
from containers.executors import UnitExecutor, open_executor
from containers.failures import describe_error
from containers.journal import (
    ErrorRaised,
    Journal,
    JournalConsumer,
    OutputWritten,
    WorkflowFinished,
)
from containers.results import PlannedRun, WorkflowResult
from containers.storage import RunFolder, Source
from imperative.discovery import Definitions, all_definitions
from imperative.loop import ENGINE, WorkflowRun
from imperative.preparation import Preparation, prepare
from imperative.preview import planned_run
from imperative.runs import Runs
from imperative.sequencer import Sequencer
from imperative.sequences import PhaseSequence
from imperative.topologies import Topology
from imperative.topology import TopologyBuilder
from imperative.workflow import Module, Workflow

__all__ = ["ENGINE", "Coordinator"]

_COUNTED: Final = ("abc", "builtins", "containers", "imperative")
"""Packages whose classes need not be looked up one by one: they count as wholes."""


class Coordinator:
    """Runs workflows.

    Args:
        components: Strategies, profiles and containers; null: the shipped ones.
        consumers: Hear every journal record as it is written.
        root: The folder that ``results.directory`` starts from; null: the working directory at
            the time of the run.
        workflows: Workflow classes by name, beside the shipped ones.
        sequences: Sequences by name, alike.
        topologies: Topologies by name, alike.
        modules: Modules by name.
        definitions: More of all of these, for example from `imperative.discovery.load_folder`.
        executor: Where units run: ``serial``, ``processes[:N]``, ``dask://HOST:PORT``, or
            an executor of the caller's, which stays open; null: one after the other, in this
            process.
        unit_timeout_s: How long a unit may take on an executor, in seconds; null: a multiple of
            the longest so far, never less than minutes.

    Attributes:
        workflows: Workflow classes by name; the shipped ones, and what is added here.
        sequences: Sequences by name, alike.
        topologies: Topologies by name, alike.
        modules: Modules by name, alike.

    Raises:
        ConfigurationError: Two definitions have one name; the message shows both places.
    """

    def __init__(
        self,
        *,
        components: Components | None = None,
        consumers: Sequence[JournalConsumer] = (),
        root: Path | None = None,
        workflows: Mapping[str, type[Workflow]] | None = None,
        sequences: Mapping[str, type[PhaseSequence]] | None = None,
        topologies: Mapping[str, type[Topology]] | None = None,
        modules: Mapping[str, type[Module]] | None = None,
        definitions: Definitions | None = None,
        executor: str | Executor | UnitExecutor | None = None,
        unit_timeout_s: float | None = None,
    ) -> None:
        known = all_definitions(
            Definitions(workflows or {}, sequences or {}, topologies or {}, modules or {}),
            definitions,
        )
        self.workflows: Final[dict[str, type[Workflow]]] = dict(known.workflows)
        self.sequences: Final[dict[str, type[PhaseSequence]]] = dict(known.sequences)
        self.topologies: Final[dict[str, type[Topology]]] = dict(known.topologies)
        self.modules: Final[dict[str, type[Module]]] = dict(known.modules)
        self._components = default_components() if components is None else components
        self._consumers = tuple(consumers)
        self._root = root
        self._executor = executor
        self._unit_timeout_s = unit_timeout_s

    def run_workflow(
        self,
        config: Mapping[str, Any] | str | Path | UserInput,
        workflow_id: str | None = None,
        *,
        resume: bool = False,
    ) -> WorkflowResult:
        """Run the workflow that ``config`` names.

        Args:
            config: A mapping, which is not changed, the path of a YAML file, or what was read.
            workflow_id: Name of this run; null: one made of the workflow and the config hash.
            resume: Take up the run of this name: what it had finished is not run again, and all
                comes out as if it had never been interrupted.

        Returns:
            The result. A failure while running is told in it (``success``, ``error``).

        Raises:
            ConfigurationError: It cannot run, or not be resumed. Nothing was written or journalled.
            ExecutorError: The executor cannot be reached, or has no workers; likewise.
            KeyboardInterrupt: Ctrl-C, after all containers were stopped and cleaned up. A run that
                is stored can be resumed.
        """
        sequencer = self._sequencer()
        preparation = self._prepare(config, sequencer)
        runs = Runs(preparation, self._root, self._sources(), workflow_id, resumed=resume)
        with open_executor(self._executor, unit_timeout_s=self._unit_timeout_s) as executor:
            name, folder = runs.begin()
            run = WorkflowRun(
                prepare=lambda user, before: self._prepare(user, sequencer, before),
                sequencer=sequencer.on(executor),
                workflows=self.workflows,
                open_folder=runs.make_folder,
                workflow_id=name,
                folder=folder,
            )
            try:
                return self._run(run, preparation)
            finally:
                if run.folder is not None:
                    run.folder.release()

    def _run(self, run: WorkflowRun, preparation: Preparation) -> WorkflowResult:
        journal = Journal(self._consumers)
        result = run.run(preparation, journal)
        if run.folder is not None:
            result = _save(result, run.folder, journal, preparation)
        journal.write(WorkflowFinished(success=result.success))
        return result

    def plan_workflow(self, config: Mapping[str, Any] | str | Path | UserInput) -> PlannedRun:
        """Say what the first pass of `run_workflow` would run; nothing runs, nothing is written.

        Raises:
            ConfigurationError: It could not run.
        """
        sequencer = self._sequencer()
        return planned_run(self._prepare(config, sequencer), sequencer)

    def _sequencer(self) -> Sequencer:
        builder = TopologyBuilder(self._components, self.topologies)
        return Sequencer(builder, self.sequences)

    def _prepare(
        self,
        config: Mapping[str, Any] | str | Path | UserInput,
        sequencer: Sequencer,
        before: Preparation | None = None,
    ) -> Preparation:
        return prepare(
            config,
            workflows=self.workflows,
            components=self._components,
            modules=self.modules,
            sequencer=sequencer,
            loader=None if before is None else before.loader,
        )

    def _sources(self) -> list[Source]:
        """Give all that computes: what the engine is made of, and classes from elsewhere."""
        components = self._components
        known: tuple[Mapping[str, type], ...] = (
            components.strategies, components.classifiers, components.containers,
            self.workflows, self.sequences, self.topologies, self.modules,
        )  # fmt: skip
        classes = dict.fromkeys(
            base for definitions in known for cls in definitions.values() for base in cls.__mro__
        )
        own = [cls for cls in classes if cls.__module__.partition(".")[0] not in _COUNTED]
        return [containers, imperative, *own]


def _save(
    result: WorkflowResult, folder: RunFolder, journal: Journal, preparation: Preparation
) -> WorkflowResult:
    """Write the files of the run's own folder; a failure to do so is the run's failure.

    With results in memory there are outputs alone, and the manifest of them.
    """
    try:
        if preparation.configuration.settings.results.storage != "memory":
            journal.write(OutputWritten(path=folder.write_result(result)))
        journal.write(OutputWritten(path=folder.write_manifest()))
        folder.close(success=result.success)
    except StorageError as error:
        info = describe_error(error, journal.path)
        journal.write(ErrorRaised(error=info))
        return msgspec.structs.replace(result, success=False, error=result.error or info)
    return result
