"""The imperative engine, from a configuration to a result.

`Coordinator.run_workflow`

1. prepares: reads, checks and resolves the configuration of the workflow and of every phase, puts
   the phases in order, loads the data (`imperative.preparation.prepare`);
2. names the run, and makes its folder when results go to disk (`_open`). Up to here nothing is
   journalled, and whatever is wrong raises `ConfigurationError` with nothing written;
3. journals what was found (`_announce`);
4. runs the phases (`imperative.phases.run_phases`): for each the `Sequencer` takes iterations from
   the phase's sequence, the `TopologyBuilder` builds a unit for each, and
   `imperative.unit.run_unit` drives it from created to cleaned;
5. puts the result together (`_result`);
6. writes it when results go to disk (`_save`), and ends the journal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from containers.components import Components, default_components
from containers.configuration import UserInput
from containers.errors import StorageError
from containers.failures import describe_error
from containers.journal import (
    ConfigResolved,
    ErrorRaised,
    Journal,
    JournalConsumer,
    OutputWritten,
    WorkflowFinished,
    WorkflowStarted,
)
from containers.results import LoopIterationResult, WorkflowResult
from containers.storage import RunFolder, check_workflow_id, default_workflow_id
from containers.trace import combine_summaries
from imperative.outcome import best_phase
from imperative.phases import PassOutcome, run_phases
from imperative.preparation import Preparation, prepare
from imperative.sequencer import Sequencer
from imperative.topology import TopologyBuilder
from imperative.workflow import Workflow
from imperative.workflows import WORKFLOWS

__all__ = ["ENGINE", "Coordinator"]

ENGINE: Final = "imperative"


class Coordinator:
    """Runs workflows.

    Args:
        components: Strategies, profiles and containers; null: the shipped ones.
        consumers: Hear every journal record as it is written.
        root: The folder that ``results.directory`` starts from; null: the working directory at
            the time of the run.

    Attributes:
        workflows: Workflow classes by name; the shipped ones, and what is added here.
    """

    def __init__(
        self,
        *,
        components: Components | None = None,
        consumers: Sequence[JournalConsumer] = (),
        root: Path | None = None,
    ) -> None:
        self.workflows: Final[dict[str, type[Workflow]]] = dict(WORKFLOWS)
        self._components = default_components() if components is None else components
        self._consumers = tuple(consumers)
        self._root = root

    def run_workflow(
        self, config: Mapping[str, Any] | str | Path | UserInput, workflow_id: str | None = None
    ) -> WorkflowResult:
        """Run the workflow that ``config`` names.

        Args:
            config: A mapping, which is not changed, the path of a YAML file, or what was read.
            workflow_id: Name of this run; null: one made of the workflow and the config hash.

        Returns:
            The result. A failure while running is told in it (``success``, ``error``).

        Raises:
            ConfigurationError: It cannot run. Nothing was written or journalled.
            KeyboardInterrupt: Ctrl-C, after all containers were stopped and cleaned up.
        """
        preparation = prepare(config, workflows=self.workflows, components=self._components)
        name, folder = self._open(preparation, workflow_id)
        journal = Journal(self._consumers)
        _announce(preparation, journal)
        sequencer = Sequencer(TopologyBuilder(self._components))
        outcome = run_phases(preparation, sequencer, journal.child("iteration", 0), folder, 0)
        result = _result(preparation, name, outcome)
        if folder is not None:
            result = _save(result, folder, journal)
        journal.write(WorkflowFinished(success=result.success))
        return result

    def _open(
        self, preparation: Preparation, workflow_id: str | None
    ) -> tuple[str, RunFolder | None]:
        """Name the run, and make its folder when results go to disk."""
        workflow, configuration = preparation.workflow.name, preparation.configuration
        if workflow_id is not None:
            check_workflow_id(workflow_id)
        if configuration.settings.results.storage == "memory":
            name = workflow_id or default_workflow_id(workflow, configuration.digest, 1)
            return name, None
        root = Path.cwd() if self._root is None else self._root
        folder = RunFolder.create(
            root / configuration.settings.results.directory,
            workflow=workflow,
            digest=configuration.digest,
            workflow_id=workflow_id,
        )
        return folder.workflow_id, folder


def _announce(preparation: Preparation, journal: Journal) -> None:
    journal.write(WorkflowStarted(workflow=preparation.workflow.name))
    for record in preparation.dropped:
        journal.write(record)
    configuration = preparation.configuration
    journal.write(ConfigResolved(config=configuration.document, digest=configuration.digest))


def _result(preparation: Preparation, workflow_id: str, outcome: PassOutcome) -> WorkflowResult:
    configuration, results = preparation.configuration, outcome.results
    units = (unit for result in results.values() for unit in result.iterations)
    return WorkflowResult(
        workflow=preparation.workflow.name,
        workflow_id=workflow_id,
        engine=ENGINE,
        success=outcome.success,
        error=outcome.error,
        phase_results=results,
        iterations=(LoopIterationResult(index=0, success=outcome.success, phase_results=results),),
        branches={},
        aggregated_results=best_phase(results, configuration.settings.objective),
        outputs={},
        trace_summary=combine_summaries(
            unit.trace_summary for unit in units if unit.trace_summary is not None
        ),
        metadata={
            "config_digest": configuration.digest,
            "random_seed": configuration.settings.random_seed,
        },
    )


def _save(result: WorkflowResult, folder: RunFolder, journal: Journal) -> WorkflowResult:
    """Write the files of the run's own folder; a failure to do so is the run's failure."""
    try:
        journal.write(OutputWritten(path=folder.write_result(result.to_document())))
        journal.write(OutputWritten(path=folder.write_manifest()))
    except StorageError as error:
        info = describe_error(error, journal.path)
        journal.write(ErrorRaised(error=info))
        return msgspec.structs.replace(result, success=False, error=result.error or info)
    return result
