"""The passes of a workflow: phases, then branches, then what the next pass changes.

For i = 0, 1, …:

1. `run_phases` runs the phases (`declarative.phases`). If the pass failed, the loop ends here.
2. `_branches` runs the workflows of the branches whose conditions hold, each on the user's
   configuration of this pass with its own changes: the same loop, one level down.
3. Unless this was the last permitted pass: `_proceeds` asks whether another follows.
4. `_changed` gives the user's configuration of the next pass, which is planned like the first.

What goes wrong in 2 to 4, outside a phase, ends the run: it is told at the pass.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from containers.components import Components
from containers.configuration import ObjectiveSettings, UserInput
from containers.errors import (
    ConditionError,
    ConfigurationError,
    HookError,
    Problem,
    StorageError,
    WorkflowError,
)
from containers.executors import UnitExecutor
from containers.failures import describe_error
from containers.journal import (
    ConfigResolved,
    ErrorRaised,
    HookCalled,
    Journal,
    JournalPath,
    PlanMade,
    WorkflowFinished,
    WorkflowStarted,
)
from containers.results import (
    ErrorInfo,
    LoopIterationResult,
    PhaseResult,
    TraceSummary,
    WorkflowResult,
)
from containers.storage import RunFolder
from containers.trace import combine_summaries, summaries_of
from declarative.conditions import all_of, conditions_of
from declarative.definitions import BranchDefinition
from declarative.expressions import ExpressionError, compile_expression
from declarative.patterns import Library
from declarative.phases import CONDITION, Finished, Place, run_phases, write_outputs
from declarative.plan import Markets, Plan, make_plan
from declarative.reading import resolve_value
from declarative.references import Node
from declarative.resolution import merge
from declarative.statistics import rank_of
from declarative.views import keys_of, look_up

__all__ = ["ENGINE", "Session", "run_loop"]

ENGINE: Final = "declarative"


@dataclass(slots=True)
class Session:
    """What all workflows of one run share.

    Attributes:
        library: All patterns.
        components: What exists.
        markets: Data that have been loaded.
        run: The run's folder; null: there is none, or not yet (`reach_folder`).
        storage: As in ``results.storage``; with ``memory`` it has files of outputs alone.
        workflow_id: Of the run.
        open_folder: Makes the run's folder when a branch is the first to need it.
        executor: Has workers that run units; null: they run in this process.
    """

    library: Library
    components: Components
    markets: Markets
    run: RunFolder | None
    storage: str
    workflow_id: str
    open_folder: Callable[[], RunFolder]
    executor: UnitExecutor | None = None

    def reach_folder(self) -> None:
        """Make the run's folder, unless it is there; the run then has the folder's name.

        Raises:
            ConfigurationError: The run's name is taken.
            StorageError: It could not be made.
        """
        if self.run is None:
            self.run = self.open_folder()
            self.workflow_id = self.run.workflow_id


@dataclass(slots=True)
class _Run:
    """A workflow while it runs."""

    passes: list[LoopIterationResult] = field(default_factory=list)
    branches: dict[str, WorkflowResult] = field(default_factory=dict)
    errors: list[ErrorInfo] = field(default_factory=list)


def run_loop(
    session: Session,
    plan: Plan,
    user: UserInput,
    journal: Journal,
    parts: tuple[str | int, ...] = (),
    around: tuple[str, ...] = (),
    *,
    closes: bool = True,
) -> WorkflowResult:
    """Run a workflow to its end; what fails is in the result.

    Args:
        session: What the run shares.
        plan: Of the first pass.
        user: What the user wrote.
        journal: Of the workflow.
        parts: Folders that lead to it.
        around: Workflows that run already, outermost first.
        closes: Whether to close the journal of the workflow as well.
    """
    journal.write(WorkflowStarted(workflow=plan.workflow.name))
    for record in plan.dropped:
        journal.write(record)
    journal.write(ConfigResolved(config=plan.resolved.plain, digest=plan.resolved.digest))
    around = (*around, plan.workflow.name)
    run, first, finished = _Run(), plan, Finished()
    for index in itertools.count():
        here = journal.child("iteration", index)
        place = Place(here, session.run, session.storage, parts, session.executor)
        if index:
            resolved = plan.resolved
            place.journal.write(ConfigResolved(config=resolved.plain, digest=resolved.digest))
        place.journal.write(PlanMade(phases=tuple(phase.planned for phase in plan.phases)))
        finished = run_phases(plan, index, place, session.markets)
        following = _after(session, plan, user, run, finished, index, place, around)
        if following is None:
            break
        user, plan = following
    outputs: dict[str, Any] = {}
    if not run.errors and all(each.success for each in run.passes):
        outputs = _outputs(session, plan, run, finished, journal, parts)
    summary = _summary(run, journal)
    result = _result(session, first, plan, run, outputs, summary)
    if closes:
        journal.write(WorkflowFinished(success=result.success))
    return result


def _limit(plan: Plan) -> int:
    """How many passes there may be, as the configuration of this one says."""
    return plan.resolved.typed.max_iterations if plan.workflow.definition.iterate else 1


def _after(
    session: Session,
    plan: Plan,
    user: UserInput,
    run: _Run,
    finished: Finished,
    index: int,
    place: Place,
    around: tuple[str, ...],
) -> tuple[UserInput, Plan] | None:
    """Do what comes after the phases of a pass; answer the next one, null when none follows."""
    success, error = judged(plan, finished, place.journal)
    result = LoopIterationResult(index=index, success=success, phase_results=finished.results)
    if error is not None:
        run.errors.append(error)
    branches: dict[str, WorkflowResult] = {}
    following: tuple[UserInput, Plan] | None = None
    if success:
        try:
            _branches(session, plan, user, finished, index, place, around, branches)
            if index + 1 < _limit(plan) and _proceeds(plan, finished, index, place.journal):
                following = _changed(session, plan, user, finished, index, place.journal)
        except _BranchError as failed:
            run.errors.append(failed.error)
            success = False
        except Exception as raised:  # noqa: BLE001  # handed on, in the result
            described = _refused(raised, place.journal.path)
            place.journal.write(ErrorRaised(error=described))
            run.errors.append(described)
            success = False
    for name, branch in branches.items():
        run.branches[f"{index}/{name}"] = branch
        if not branch.success:
            success = False
            if branch.error is not None:
                run.errors.append(branch.error)
    run.passes.append(msgspec.structs.replace(result, success=success, branches=branches))
    return following


def judged(plan: Plan, finished: Finished, journal: Journal) -> tuple[bool, ErrorInfo | None]:
    """Say whether a pass succeeded, and the first failure that made it fail."""
    results, failing = finished.results, set[str]()
    for phase in plan.phases:
        status = results[phase.name].status
        if phase.planned.required and status == "failed":
            failing.add(phase.name)
        elif phase.planned.required and status == "skipped":
            cause = finished.causes[phase.name]
            if cause != CONDITION:
                failing.add(cause)
    for name, result in results.items():
        if name in failing:
            return False, result.error
    if any(result.status != "skipped" for result in results.values()):
        return True, None
    nothing = WorkflowError("no phase ran: every phase was skipped")
    described = describe_error(nothing, journal.path)
    journal.write(ErrorRaised(error=described))
    return False, described


# -- branches


class _BranchError(Exception):
    """A branch could not be begun; it is told at the branch."""

    def __init__(self, error: ErrorInfo) -> None:
        self.error: Final = error
        super().__init__(error.message)


def _branches(
    session: Session,
    plan: Plan,
    user: UserInput,
    finished: Finished,
    index: int,
    place: Place,
    around: tuple[str, ...],
    results: dict[str, WorkflowResult],
) -> None:
    """Run the branches that are taken; results are filled in as they come."""
    definitions = plan.workflow.definition.branches
    if not definitions:
        return
    names = {phase.name: phase.name for phase in plan.workflow.phases}
    scope, views = finished.scope(names, plan.resolved.plain, index)
    taken: list[tuple[BranchDefinition, dict[str, Any]]] = []
    for number, branch in enumerate(definitions):
        node = plan.workflow.pattern.node("branches", number)
        if all_of(branch.when, conditions_of(node, "when"), scope, names, views) is None:
            config = resolve_value(node.at("config"), scope) if branch.config else {}
            taken.append((branch, config))
    place.journal.write(
        HookCalled(
            hook="get_branches",
            arguments={"index": index},
            result=[branch.name for branch, _ in taken],
        )
    )
    for branch, config in taken:
        journal = place.journal.child("branch", branch.name)
        try:
            if branch.name in results:
                message = f"two branches of this pass are called '{branch.name}'"
                raise ConfigurationError([Problem(message)])
            if branch.name in names:
                message = f"a branch is called '{branch.name}', as a phase of its workflow is"
                raise ConfigurationError([Problem(message)])
            if branch.workflow in around:
                circle = " -> ".join([*around, branch.workflow])
                message = f"the workflow '{branch.workflow}' is running already: {circle}"
                raise ConfigurationError([Problem(message, ("workflow",))])
            own = {k: v for k, v in user.data.items() if k not in ("workflow", "phases")}
            data = {**merge(own, config), "workflow": branch.workflow}
            inner = msgspec.structs.replace(user, data=data)
            inner_plan = make_plan(inner, session.library, session.components, session.markets)
            if inner_plan.workflow.writes_files:
                session.reach_folder()
        except (ConfigurationError, StorageError) as error:
            described = _refused(error, journal.path)
            journal.write(ErrorRaised(error=described))
            raise _BranchError(described) from None
        results[branch.name] = run_loop(
            session,
            inner_plan,
            inner,
            journal,
            (*place.parts, index, branch.name),
            around,
        )


def _refused(error: Exception, path: JournalPath) -> ErrorInfo:
    """Describe what was raised; a wrong configuration is one, be it by its data or a pattern."""
    described = describe_error(error, path)
    if isinstance(error, ConfigurationError):
        described = msgspec.structs.replace(described, type=ConfigurationError.__name__)
    return described


# -- the next pass


def _proceeds(plan: Plan, finished: Finished, index: int, journal: Journal) -> bool:
    """Ask whether another pass follows."""
    iterate = plan.workflow.definition.iterate
    assert iterate is not None  # else one pass is the limit
    names = {phase.name: phase.name for phase in plan.workflow.phases}
    scope, views = finished.scope(names, plan.resolved.plain, index)
    node = plan.workflow.pattern.node("iterate")
    reason = all_of([iterate.proceed], [node.at("while")], scope, names, views)
    journal.write(
        HookCalled(hook="should_continue", arguments={"index": index}, result=reason is None)
    )
    return reason is None


def _changed(
    session: Session, plan: Plan, user: UserInput, finished: Finished, index: int, journal: Journal
) -> tuple[UserInput, Plan]:
    """Change the user's configuration, and plan the next pass."""
    iterate = plan.workflow.definition.iterate
    assert iterate is not None  # as above
    changes: dict[str, Any] = {}
    if iterate.change:
        names = {phase.name: phase.name for phase in plan.workflow.phases}
        scope, views = finished.scope(names, plan.resolved.plain, index)
        node = plan.workflow.pattern.node("iterate", "change")
        changes = _change(node, scope, {**scope, "results": views}, plan.resolved.plain)
        journal.write(
            HookCalled(
                hook="modify_config_for_next", arguments={"index": index}, result=deepcopy(changes)
            )
        )
    for key in ("workflow", "results"):
        if key in changes:
            message = f"a pass cannot change '{key}'"
            raise ConfigurationError([Problem(message, path=(key,))])
    following = msgspec.structs.replace(user, data=merge(user.data, changes))
    return following, make_plan(following, session.library, session.components, session.markets)


def _change(node: Node, scope: Mapping[str, Any], names: Mapping[str, Any], before: Any) -> Any:
    """Give the changes below a node; ``before`` is what stands there in this pass."""
    value = node.value
    if not isinstance(value, dict):
        return resolve_value(node, scope)
    if set(value) == {"expression"}:
        text = value["expression"]
        try:
            seen = {key: names[key] for key in ("results", "config", "outputs", "iteration")}
            return compile_expression(str(text)).evaluate(seen)
        except ExpressionError as error:
            raise ConditionError(f"'{text}' cannot be worked out: {error}") from None
    if set(value) == {"widen"}:
        return _widened(before, resolve_value(node.at("widen"), scope))
    changed = {}
    for key in value:
        known = keys_of(before)
        below = look_up(before, key) if known is not None and key in known else None
        changed[key] = _change(node.at(key), scope, names, below)
    return changed


def _widened(lists: Any, factor: Any) -> dict[str, Any]:
    """Let every list of numbers gain a smaller value in front and a larger one behind."""
    if not isinstance(lists, Mapping):
        raise HookError(f"found {type(lists).__name__} to widen, expected a mapping of lists")
    if isinstance(factor, bool) or not isinstance(factor, int | float) or not factor > 0:
        raise HookError(f"found {factor!r} to widen by, expected a number above 0")
    return {name: _wider(values, factor) for name, values in lists.items()}


def _wider(values: Any, factor: float) -> Any:
    numbers = isinstance(values, list) and bool(values)
    if not numbers or any(isinstance(v, bool) or not isinstance(v, int | float) for v in values):
        return values
    low, high = min(values) / factor, max(values) * factor
    if not (math.isfinite(low) and math.isfinite(high)):
        raise HookError(f"{values} cannot be widened by {factor!r}: the values are too large")
    ends: tuple[int | float, int | float] = (low, high)
    if all(isinstance(value, int) for value in values):
        ends = (max(round(low), 1), max(round(high), 1))
    front = [] if ends[0] in values else [ends[0]]
    behind = [] if ends[1] in values else [ends[1]]
    return [*front, *values, *behind]


# -- the result


def _outputs(
    session: Session,
    plan: Plan,
    run: _Run,
    finished: Finished,
    journal: Journal,
    parts: tuple[str | int, ...],
) -> dict[str, Any]:
    """Resolve and write the workflow's own outputs, against the last pass."""
    definition = plan.workflow.definition
    if not definition.outputs:
        return {}
    names = {phase.name: phase.name for phase in plan.workflow.phases}
    scope, _ = finished.scope(names, plan.resolved.plain, run.passes[-1].index)
    folder = None
    if session.run is not None:
        folder = session.run.phase(parts) if parts else session.run
    node = plan.workflow.pattern.node("outputs")
    try:
        return write_outputs(definition.outputs, node, lambda _: scope, folder, journal)
    except Exception as raised:  # noqa: BLE001  # handed on, in the result
        described = describe_error(raised, journal.path)
        journal.write(ErrorRaised(error=described))
        run.errors.append(described)
        return {}


def _summary(run: _Run, journal: Journal) -> TraceSummary | None:
    """Sum the traces of all units up; one that is gone or damaged fails the run."""
    try:
        return combine_summaries(summaries_of(run.passes))
    except StorageError as error:
        described = describe_error(error, journal.path)
        journal.write(ErrorRaised(error=described))
        run.errors.append(described)
        return None


def _result(
    session: Session,
    first: Plan,
    plan: Plan,
    run: _Run,
    outputs: dict[str, Any],
    summary: TraceSummary | None,
) -> WorkflowResult:
    last = run.passes[-1]
    configuration = first.resolved.typed
    success = not run.errors and all(each.success for each in run.passes)
    return WorkflowResult(
        workflow=plan.workflow.name,
        workflow_id=session.workflow_id,
        engine=ENGINE,
        success=success,
        error=None if success else next(iter(run.errors), None),
        phase_results=last.phase_results,
        iterations=tuple(run.passes),
        branches=run.branches,
        aggregated_results=best_phase(last.phase_results, plan.resolved.typed.objective),
        outputs=outputs,
        trace_summary=summary,
        metadata={
            "config_digest": first.resolved.digest,
            "random_seed": configuration.random_seed,
        },
    )


def best_phase(
    phase_results: Mapping[str, PhaseResult], objective: ObjectiveSettings
) -> dict[str, Any]:
    """Name the phase whose best value is best; null values and failed phases last."""
    without = msgspec.structs.replace(objective, constraints=())
    ranked = {
        name: rank_of(result.metrics, without)
        for name, result in phase_results.items()
        if result.status == "succeeded"
    }
    if not ranked:
        return {"primary_metric": None, "best_phase": None}
    best = min(ranked, key=ranked.__getitem__)
    value = phase_results[best].metrics.get(objective.metric)
    return {"primary_metric": {"metric": objective.metric, "value": value}, "best_phase": best}
