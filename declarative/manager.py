"""The declarative engine, from a configuration to a result.

1. `read_user` reads what the user wrote; `make_plan` checks and resolves it, loads the data, and
   fixes what will run (`declarative.plan`). All that can be wrong beforehand is raised here.
2. `_claim` gives the run its id and, where something is stored, its folder: a new one, or that of
   a run that was interrupted (`declarative.resuming`).
3. `run_loop` runs the passes of the workflow (`declarative.loop`): phases (`declarative.phases`),
   each a tree of iterations (`declarative.sequencer`) down to units (`declarative.unit`), which
   are built from their topology (`declarative.topology`) and driven (`declarative.driver`).
4. `_close` writes the result and the manifest, and the journal closes.

None of this knows a workflow, a sequence or a topology: those are patterns (``patterns/``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import msgspec

from containers.components import Components, default_components
from containers.configuration import UserInput, read_user
from containers.errors import ConfigurationError, Problem, StorageError
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
from containers.storage import RunCard, RunFolder, check_workflow_id, default_workflow_id
from declarative.loop import ENGINE, Session, run_loop
from declarative.patterns import Library, installed
from declarative.plan import Markets, Plan, make_plan
from declarative.planning import planned_run
from declarative.resuming import identity

__all__ = ["DeclarativeWorkflowManager"]


class DeclarativeWorkflowManager:
    """Runs workflows that are written as patterns.

    Args:
        components: What exists; null: the shipped components.
        consumers: Hear of every journal record as it is written.
        root: Where ``results.directory`` starts; null: the working directory at the time of a run.
        patterns: A folder with patterns of the user's own, beside the shipped ones and those of
            plugins; or all patterns there are to be.
        executor: What units run on: a text as ``--executor`` takes it, which is opened for each run
            and closed after it, or an executor, which is left open. Null: this process.
        unit_timeout_s: Seconds that a unit may take on an executor that is opened here; null: as
            docs/semantics.md says, section 12.

    Raises:
        PatternError: Something in ``patterns`` is no pattern, or has the name of another.
    """

    def __init__(
        self,
        *,
        components: Components | None = None,
        consumers: Sequence[JournalConsumer] = (),
        root: Path | None = None,
        patterns: Path | Library | None = None,
        executor: str | Executor | UnitExecutor | None = None,
        unit_timeout_s: float | None = None,
    ) -> None:
        self._components = default_components() if components is None else components
        self._consumers = tuple(consumers)
        self._root = root
        self._executor = executor
        self._unit_timeout_s = unit_timeout_s
        if isinstance(patterns, Library):
            self._library = patterns
        else:
            library = installed()
            self._library = library if patterns is None else library.with_folder(patterns)

    @property
    def library(self) -> Library:
        """All patterns that it finds: shipped ones, those of plugins, and the user's own."""
        return self._library

    def plan_workflow(self, config: Mapping[str, Any] | str | Path | UserInput) -> PlannedRun:
        """Say what `run_workflow` would run, and run nothing.

        Raises:
            ConfigurationError: As `run_workflow`.
        """
        return planned_run(self.prepare(config))

    def prepare(self, config: Mapping[str, Any] | str | Path | UserInput) -> Plan:
        """Give the plan of the first pass, with data and patterns.

        Raises:
            ConfigurationError: As `run_workflow`.
        """
        return make_plan(read_user(config), self._library, self._components)

    def run_workflow(
        self,
        config: Mapping[str, Any] | str | Path | UserInput,
        workflow_id: str | None = None,
        *,
        resume: bool = False,
    ) -> WorkflowResult:
        """Run the workflow that a configuration names.

        An interruption goes on its way, and leaves a run that can be resumed where it stores.

        Args:
            config: A configuration, the path of its YAML file, or what was read; not changed.
            workflow_id: Id of the run; null: one made of workflow and configuration.
            resume: Take the run of this id up where it ended; nothing that has finished is run
                again.

        Returns:
            The result; a failure while running is in it, with all finished work.

        Raises:
            ConfigurationError: The configuration, a pattern or the data are wrong, the id is
                taken, or the run cannot be resumed. Nothing has run, nothing was written.
            ExecutorError: The executor cannot be reached or has no workers; alike.
            StorageError: The folder of the run could not be written at all.
        """
        user = read_user(config)
        markets = Markets(user.base_dir)
        plan = make_plan(user, self._library, self._components, markets)
        with open_executor(self._executor, unit_timeout_s=self._unit_timeout_s) as executor:
            run_id, folder = self._claim(plan, workflow_id, resume=resume)
            storage = plan.resolved.typed.results.storage
            session = Session(
                library=self._library,
                components=self._components,
                markets=markets,
                run=folder,
                storage=storage,
                workflow_id=run_id,
                open_folder=lambda: self._folder(plan, workflow_id),
                executor=executor,
            )
            journal = Journal(self._consumers)
            try:
                result = run_loop(session, plan, user, journal, closes=False)
                if session.run is not None:
                    result = _close(result, session.run, journal, stores=storage != "memory")
            finally:
                if session.run is not None:
                    session.run.release()
        journal.write(WorkflowFinished(success=result.success))
        return result

    def _claim(
        self, plan: Plan, workflow_id: str | None, *, resume: bool
    ) -> tuple[str, RunFolder | None]:
        """Give the run's id, and its folder where any phase stores something."""
        digest, settings = plan.resolved.digest, plan.resolved.typed.results
        name = plan.workflow.name
        if workflow_id is not None:
            check_workflow_id(workflow_id)
        elif resume:
            hint = "give the id of the run; it is the name of its folder"
            raise ConfigurationError([Problem("a run is resumed by its id", hint=hint)])
        if resume and workflow_id is not None:
            card = self._card(plan)
            folder = RunFolder.resume(self._parent(plan), card=card, workflow_id=workflow_id)
        elif settings.storage != "memory" or plan.workflow.writes_files:
            folder = self._folder(plan, workflow_id)
        else:
            return workflow_id or default_workflow_id(name, digest, 1), None
        return folder.workflow_id, folder

    def _parent(self, plan: Plan) -> Path:
        root = Path.cwd() if self._root is None else self._root
        return root / plan.resolved.typed.results.directory

    def _card(self, plan: Plan) -> RunCard:
        return RunCard(
            engine=ENGINE,
            workflow=plan.workflow.name,
            storage=plan.resolved.typed.results.storage,
            identity=identity(plan, self._components, self._library),
        )

    def _folder(self, plan: Plan, workflow_id: str | None) -> RunFolder:
        """Make the folder of a run that is not resumed."""
        return RunFolder.create(
            self._parent(plan),
            card=self._card(plan),
            digest=plan.resolved.digest,
            workflow_id=workflow_id,
        )


def _close(
    result: WorkflowResult, folder: RunFolder, journal: Journal, *, stores: bool
) -> WorkflowResult:
    """Write result and manifest; a run whose result cannot be written has failed."""
    try:
        if stores:
            journal.write(OutputWritten(path=folder.write_result(result)))
        journal.write(OutputWritten(path=folder.write_manifest()))
        folder.close(success=result.success)
    except StorageError as error:
        described = describe_error(error, journal.path)
        journal.write(ErrorRaised(error=described))
        first = result.error or described
        return msgspec.structs.replace(result, success=False, error=first)
    return result
