"""The loop of a workflow: passes, branches, hooks. A branch is such a loop inside another.

For i = 0, 1, …

1. run the phases (`imperative.phases.run_phases`); a pass that failed ends the loop;
2. ask the workflow for branches, and run each (`_run_branches`);
3. ask whether to continue, unless this pass is the last permitted;
4. ask what changes, and prepare the next pass with it (`_next`).

Then the workflow's outputs are resolved, and the result is put together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from containers.configuration import UserInput
from containers.errors import ConfigurationError, Problem, StorageError
from containers.failures import describe_error
from containers.journal import (
    ConfigResolved,
    ErrorRaised,
    Journal,
    JournalPath,
    WorkflowFinished,
    WorkflowStarted,
)
from containers.nearest import did_you_mean
from containers.results import (
    ErrorInfo,
    LoopIterationResult,
    TraceSummary,
    WorkflowResult,
)
from containers.storage import RunFolder
from containers.trace import combine_summaries, summaries_of
from imperative.defaults import merge
from imperative.hooks import Hooks
from imperative.ordering import is_phase_name
from imperative.outcome import best_phase
from imperative.outputs import has_file, resolve_outputs, write_outputs
from imperative.phases import PassOutcome, run_phases
from imperative.preparation import Preparation
from imperative.sequencer import Sequencer
from imperative.workflow import Branch, Workflow

__all__ = ["ENGINE", "WorkflowRun", "needs_folder"]

ENGINE: Final = "imperative"

_Parts = tuple[str | int, ...]


def needs_folder(preparation: Preparation) -> bool:
    """Say whether a workflow writes a file, in whatever mode of storage."""
    outputs = [preparation.workflow.outputs]
    outputs += [phase.definition.outputs for phase in preparation.phases]
    return any(map(has_file, outputs))


@dataclass(slots=True)
class _Story:
    """What a loop has come to so far."""

    passes: list[LoopIterationResult] = field(default_factory=list)
    branches: dict[str, WorkflowResult] = field(default_factory=dict)
    error: ErrorInfo | None = None
    last: PassOutcome | None = None


class WorkflowRun:
    """One run of a workflow with all its branches.

    Args:
        prepare: Prepares a configuration, with the data that the run has loaded before.
        sequencer: Runs phases.
        workflows: By name, for branches.
        open_folder: Makes the run's folder when a branch is the first to need it; it must then
            have the workflow id that is given, or any.
        workflow_id: Name of the run.
        folder: Of the run; null while nothing is written.
    """

    def __init__(
        self,
        *,
        prepare: Callable[[UserInput, Preparation], Preparation],
        sequencer: Sequencer,
        workflows: Mapping[str, type[Workflow]],
        open_folder: Callable[[], RunFolder],
        workflow_id: str,
        folder: RunFolder | None,
    ) -> None:
        self._prepare: Final = prepare
        self._sequencer: Final = sequencer
        self._workflows: Final = workflows
        self._open_folder: Final = open_folder
        self.workflow_id = workflow_id
        self.folder = folder

    def run(
        self,
        preparation: Preparation,
        journal: Journal,
        parts: _Parts = (),
        around: tuple[str, ...] = (),
    ) -> WorkflowResult:
        """Run a workflow, prepared for its first pass.

        Args:
            preparation: What to run.
            journal: Of the workflow.
            parts: Names of the folders that lead to those of its passes.
            around: Names of the workflows that are being run already, outermost first.
        """
        _announce(preparation, journal)
        around = (*around, preparation.workflow.name)
        story = _Story()
        current: Preparation | None = preparation
        while current is not None:
            latest = current
            current = self._run_pass(current, story, journal, parts, around)
        outputs: dict[str, Any] = {}
        if story.error is None and story.last is not None:
            outputs = self._outputs(latest, story, journal, parts)
        summary = _summary(story, journal)
        return self._result(preparation, latest, story, outputs, summary)

    def _run_pass(
        self,
        preparation: Preparation,
        story: _Story,
        journal: Journal,
        parts: _Parts,
        around: tuple[str, ...],
    ) -> Preparation | None:
        """Run one pass and what follows it; give what the next one runs, null if there is none."""
        index = len(story.passes)
        own = journal.child("iteration", index)
        configuration = preparation.configuration
        if index:
            own.write(ConfigResolved(config=configuration.document, digest=configuration.digest))
        outcome = run_phases(preparation, self._sequencer, own, self.folder, (*parts, index))
        story.last = outcome
        result = LoopIterationResult(index, outcome.success, outcome.results)
        if not outcome.success:
            story.error = story.error or outcome.error
            story.passes.append(result)
            return None
        hooks = Hooks(preparation.workflow, index, configuration.document, own)
        following: Preparation | None = None
        branches: dict[str, WorkflowResult] = {}
        error: ErrorInfo | None = None
        try:
            wanted = hooks.branches(result)
            error = self._run_branches(wanted, branches, preparation, own, (*parts, index), around)
            result = msgspec.structs.replace(
                result, branches=branches, success=all(b.success for b in branches.values())
            )
            last = index + 1 >= configuration.settings.max_iterations
            if error is None and not last and hooks.continues(result):
                following = self._next(preparation, hooks.changes(result))
        except Exception as raised:  # noqa: BLE001  # a hook may raise anything
            error = _described(raised, own.path)
            own.write(ErrorRaised(error=error))
        failed = [branch.error for branch in branches.values() if not branch.success]
        errors = [*failed, error]
        story.error = story.error or next((e for e in errors if e is not None), None)
        story.passes.append(
            msgspec.structs.replace(result, branches=branches, success=error is None and not failed)
        )
        story.branches |= {f"{index}/{name}": branch for name, branch in branches.items()}
        return following

    def _run_branches(
        self,
        wanted: Sequence[Branch],
        done: dict[str, WorkflowResult],
        preparation: Preparation,
        journal: Journal,
        parts: _Parts,
        around: tuple[str, ...],
    ) -> ErrorInfo | None:
        """Run branches into ``done``; give the error of one that cannot be run, which ends them."""
        phases = [phase.definition.name for phase in preparation.phases]
        for branch in wanted:
            own = journal.child("branch", branch.name)
            try:
                self._check_branch(branch, done, phases, around)
                prepared = self._prepare(_user_of(branch, preparation.user), preparation)
                if self.folder is None and needs_folder(prepared):
                    self.folder = self._open_folder()
                    self.workflow_id = self.folder.workflow_id
            except Exception as raised:  # noqa: BLE001  # a definition may raise anything
                error = _described(raised, own.path)
                own.write(ErrorRaised(error=error))
                return error
            done[branch.name] = self.run(prepared, own, (*parts, branch.name), around)
            own.write(WorkflowFinished(success=done[branch.name].success))
        return None

    def _check_branch(
        self,
        branch: Branch,
        done: Mapping[str, WorkflowResult],
        phases: Sequence[str],
        around: tuple[str, ...],
    ) -> None:
        problem, hint = None, None
        if not isinstance(branch.name, str) or not is_phase_name(branch.name):
            problem = f"a branch is called {branch.name!r}, expected letters, digits, '.', '_', '-'"
        elif branch.name in done:
            problem = f"two branches of one pass are called '{branch.name}'"
        elif branch.name in phases:
            problem = f"the branch '{branch.name}' is called like a phase of its workflow"
        elif branch.workflow in around:
            chain = " -> ".join((*around, branch.workflow))
            problem = f"the workflow '{branch.workflow}' is being run already: {chain}"
        elif branch.workflow not in self._workflows:
            problem = f"there is no workflow '{branch.workflow}'"
            hint = did_you_mean(str(branch.workflow), self._workflows)
        if problem is not None:
            raise ConfigurationError([Problem(problem, hint=hint)])

    def _next(self, preparation: Preparation, changes: Mapping[str, Any]) -> Preparation:
        user = preparation.user
        data = merge(deepcopy(user.data), changes)
        return self._prepare(UserInput(data, None, user.base_dir), preparation)

    def _outputs(
        self, preparation: Preparation, story: _Story, journal: Journal, parts: _Parts
    ) -> dict[str, Any]:
        """Resolve and write the outputs of the workflow; a failure to do so is the run's."""
        declared = preparation.workflow.outputs
        if story.last is None or not declared:
            return {}
        try:
            values = resolve_outputs(declared, story.last.view.look_up())
            write = None
            if self.folder is not None:
                write = self.folder.phase(parts).write_output if parts else self.folder.write_output
            write_outputs(declared, values, write, journal)
        except Exception as raised:  # noqa: BLE001  # whatever it is, the run goes to its end
            story.error = describe_error(raised, journal.path)
            journal.write(ErrorRaised(error=story.error))
            return {}
        return values

    def _result(
        self,
        first: Preparation,
        last: Preparation,
        story: _Story,
        outputs: Mapping[str, Any],
        summary: TraceSummary | None,
    ) -> WorkflowResult:
        results = story.passes[-1].phase_results
        return WorkflowResult(
            workflow=first.workflow.name,
            workflow_id=self.workflow_id,
            engine=ENGINE,
            success=story.error is None,
            error=story.error,
            phase_results=results,
            iterations=tuple(story.passes),
            branches=story.branches,
            aggregated_results=best_phase(results, last.configuration.settings.objective),
            outputs=outputs,
            trace_summary=summary,
            metadata={
                "config_digest": first.configuration.digest,
                "random_seed": first.configuration.settings.random_seed,
            },
        )


def _described(error: Exception, path: JournalPath) -> ErrorInfo:
    """Describe what keeps a branch or a pass from beginning; wrong data are wrong configuration."""
    described = describe_error(error, path)
    if isinstance(error, ConfigurationError):
        described = msgspec.structs.replace(described, type=ConfigurationError.__name__)
    return described


def _summary(story: _Story, journal: Journal) -> TraceSummary | None:
    """Sum up what was traced; what cannot be read any more is the failure of the run."""
    try:
        return combine_summaries(summaries_of(story.passes))
    except StorageError as raised:
        found = describe_error(raised, journal.path)
        journal.write(ErrorRaised(error=found))
        story.error = story.error or found
        return None


def _announce(preparation: Preparation, journal: Journal) -> None:
    journal.write(WorkflowStarted(workflow=preparation.workflow.name))
    for record in preparation.dropped:
        journal.write(record)
    configuration = preparation.configuration
    journal.write(ConfigResolved(config=configuration.document, digest=configuration.digest))


def _user_of(branch: Branch, user: UserInput) -> UserInput:
    """Give the configuration of a branch: the user's own, without what belongs to its workflow."""
    data = {k: v for k, v in deepcopy(user.data).items() if k not in ("workflow", "phases")}
    merged = merge(data, deepcopy(dict(branch.config)))
    return UserInput({**merged, "workflow": branch.workflow}, None, user.base_dir)
