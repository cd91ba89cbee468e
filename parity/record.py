"""The record of one run: everything observable, by channel, under structural paths.

Ids and folders are left out: they differ between any two runs and mean nothing. What an engine
says of itself (its name) is left out too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import msgspec

from containers.errors import ConfigPath, ConfigurationError
from containers.failures import path_text
from containers.journal import (
    BarDropped,
    ConfigResolved,
    Entry,
    ErrorRaised,
    HookCalled,
    IterationStarted,
    LifecycleMoved,
    OutputWritten,
    PhaseFinished,
    PhaseSkipped,
    PhaseStarted,
    PlanMade,
    TopologyBuilt,
    UnitExecuted,
    WorkflowFinished,
    WorkflowStarted,
)
from containers.results import IterationResult, PhaseResult, WorkflowResult
from parity.channels import ALL, Channel, Content

__all__ = [
    "OVERRIDABLE",
    "Record",
    "Status",
    "TraceSettings",
    "record_of_crash",
    "record_of_refusal",
    "record_of_run",
]

Status: TypeAlias = Literal["succeeded", "failed", "refused"]

_JOURNAL: Mapping[type, Channel] = {
    ConfigResolved: Channel.CONFIG,
    BarDropped: Channel.CONFIG,
    WorkflowStarted: Channel.PLAN,
    PlanMade: Channel.PLAN,
    PhaseStarted: Channel.PLAN,
    PhaseSkipped: Channel.PLAN,
    PhaseFinished: Channel.PLAN,
    WorkflowFinished: Channel.PLAN,
    IterationStarted: Channel.WINDOWS,
    TopologyBuilt: Channel.TOPOLOGY,
    LifecycleMoved: Channel.LIFECYCLE,
    UnitExecuted: Channel.LIFECYCLE,
    HookCalled: Channel.HOOKS,
    OutputWritten: Channel.FILES,
    ErrorRaised: Channel.ERRORS,
}


OVERRIDABLE: Final[frozenset[ConfigPath]] = frozenset(
    {("trace_level",), ("results", "storage"), ("results", "directory")}
)
"""The settings with which a subject can be told how to run; only these may differ."""


class TraceSettings(msgspec.Struct, frozen=True):
    """What a unit's trace keeps: a level, other levels for containers by glob, a limit."""

    level: str = "detailed"
    overrides: Mapping[str, str] = {}
    limit: int | None = None


class Record(msgspec.Struct, frozen=True):
    """One run as the harness sees it.

    Attributes:
        subject: Name of the subject that ran.
        workflow: Name of the workflow; null when it never got that far.
        status: succeeded, failed while running, or refused before anything ran.
        declared: Channels the subject can fill.
        channels: Content of each filled channel, by structural path.
        duration_s: Wall time of the run, for reports only, never compared.
        explanation: What a refusal or failure said, for people.
        told: The settings by which the subject was told how to run, by path; they may differ.
        trace_settings: What each unit's trace keeps; a unit not named keeps everything.
    """

    subject: str
    workflow: str | None
    status: Status
    declared: frozenset[Channel]
    channels: Mapping[Channel, Content]
    duration_s: float
    explanation: str | None = None
    told: Mapping[ConfigPath, str] = {}
    trace_settings: Mapping[str, TraceSettings] = {}

    def settings_of(self, unit: str) -> TraceSettings:
        """Say what the trace of ``unit`` keeps."""
        return self.trace_settings.get(unit, TraceSettings())


def record_of_run(
    subject: str,
    result: WorkflowResult,
    entries: Iterable[Entry],
    duration_s: float,
    *,
    told: Mapping[ConfigPath, str] = {},
    root: Path | None = None,
) -> Record:
    """Sort a result and its journal into channels; ``root`` is struck from what errors say."""
    channels: dict[Channel, dict[str, Any]] = {channel: {} for channel in Channel}
    for entry in entries:
        channel = _JOURNAL[type(entry.record)]
        place = path_text(entry.path)
        channels[channel].setdefault(place, []).append(msgspec.to_builtins(entry.record))
    for path, phase in _phases(result):
        channels[Channel.OUTPUTS][path] = _phase_outputs(phase)
        channels[Channel.STATUS][path] = {"status": phase.status, "reason": phase.reason}
        for window, iteration in enumerate(phase.iterations):
            _add_unit(channels, f"{path}/window={window}/unit=0", iteration)
    channels[Channel.ERRORS] = _without_root(channels[Channel.ERRORS], root)
    channels[Channel.OUTPUTS][""] = {
        "aggregated_results": result.aggregated_results, "outputs": result.outputs,
    }  # fmt: skip
    channels[Channel.STATUS][""] = {"success": result.success}
    return Record(
        subject=subject,
        workflow=result.workflow,
        status="succeeded" if result.success else "failed",
        declared=ALL,
        channels=channels,
        duration_s=duration_s,
        explanation=None if result.error is None else _explain(result),
        told=told,
        trace_settings={
            unit: _trace_settings(unit, channels[Channel.CONFIG])
            for unit in channels[Channel.TRACE]
        },
    )


def record_of_crash(subject: str, error: BaseException, duration_s: float) -> Record:
    """Record that a subject raised what no engine should let out."""
    name = type(error).__name__
    return Record(
        subject=subject,
        workflow=None,
        status="failed",
        declared=ALL,
        channels={
            Channel.STATUS: {"": {"success": False}},
            Channel.ERRORS: {"": {"type": name, "message": str(error)}},
        },
        duration_s=duration_s,
        explanation=f"{name}: {error} (raised by the engine itself)",
    )


def record_of_refusal(
    subject: str, error: ConfigurationError, duration_s: float, *, root: Path | None = None
) -> Record:
    """Record that a subject refused a configuration, with every problem it named."""
    plain = [msgspec.to_builtins(problem) for problem in error.problems]
    problems = _without_root(plain, root)
    return Record(
        subject=subject,
        workflow=None,
        status="refused",
        declared=ALL,
        channels={
            Channel.STATUS: {"": {"refused": True}},
            Channel.ERRORS: {"": {"type": type(error).__name__, "problems": problems}},
        },
        duration_s=duration_s,
        explanation=str(error),
    )


def _phases(result: WorkflowResult) -> Iterator[tuple[str, PhaseResult]]:
    for iteration in result.iterations:
        for name, phase in iteration.phase_results.items():
            yield f"iteration={iteration.index}/phase={name}", phase


def _add_unit(
    channels: Mapping[Channel, dict[str, Any]], unit: str, iteration: IterationResult
) -> None:
    if iteration.trace is not None:
        channels[Channel.TRACE][unit] = iteration.trace
    for name, portfolio in iteration.portfolios.items():
        place = f"{unit}/portfolio={name}"
        channels[Channel.TRADES][place] = portfolio.trades
        channels[Channel.EQUITY][place] = portfolio.equity_curve
        channels[Channel.METRICS][place] = portfolio.metrics


def _phase_outputs(phase: PhaseResult) -> dict[str, Any]:
    return {
        "sequence": phase.sequence,
        "topology": phase.topology,
        "metrics": phase.metrics,
        "best_portfolio": phase.best_portfolio,
        "best_parameters": phase.best_parameters,
        "aggregate_metrics": phase.aggregate_metrics,
        "outputs": phase.outputs,
        "portfolios": {
            name: {"strategy": p.strategy, "profile": p.profile, "parameters": p.parameters}
            for name, p in phase.portfolios.items()
        },
    }


def _trace_settings(unit: str, configs: Content) -> TraceSettings:
    """Read what a unit's trace keeps from the resolved configuration of its phase."""
    phase = unit.partition("/window=")[0]
    for entry in configs.get(phase, ()):
        if "config" in entry:
            config = entry["config"]
            trace = config["trace"]
            return TraceSettings(config["trace_level"], trace["containers"], trace["max_events"])
    return TraceSettings()


def _without_root(tree: Any, root: Path | None) -> Any:
    """Strike a subject's own folder from texts: it means nothing, and differs between any two."""
    if isinstance(tree, str):
        return tree if root is None else tree.replace(str(root), "ROOT")
    if isinstance(tree, Mapping):
        return {key: _without_root(value, root) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_without_root(value, root) for value in tree]
    return tree


def _explain(result: WorkflowResult) -> str:
    error = result.error
    assert error is not None
    where = f" in container '{error.container}' ({error.activity})" if error.container else ""
    return f"{error.type}: {error.message}{where} at {error.path}"
