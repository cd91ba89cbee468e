"""The record of one run: everything observable, by channel, under structural paths.

Ids and folders are left out: they differ between any two runs and mean nothing. What an engine
says of itself (its name) is left out too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import msgspec

from containers.configuration import Configuration
from containers.errors import ConfigPath, ConfigurationError, Problem
from containers.journal import Entry
from containers.results import WorkflowResult
from parity.channels import ALL, Channel, Content
from parity.errors import SubjectError
from parity.places import phase_of
from parity.recording import add_files, add_journal, add_result
from parity.recording.plain import without_root

__all__ = [
    "OVERRIDABLE",
    "Record",
    "Status",
    "TraceSettings",
    "record_of_crash",
    "record_of_refusal",
    "record_of_run",
]

_PATTERNS: Final = (".yaml", ".yml")

Status: TypeAlias = Literal["succeeded", "failed", "refused"]

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
        covers: The units, or phases and iterations, it is about; null: the whole run. Of another
            record, only what belongs to them is compared with it.
        executor: Where units ran, as ``--executor`` says it.
        resumed: Whether the run was interrupted and resumed.
        beyond: Why the subject cannot express the workflow, which is no refusal; null: it can.
        figures: Names of the metrics the subject has; null: all. Of another record, only these
            are compared with it.
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
    covers: frozenset[str] | None = None
    executor: str = "serial"
    resumed: bool = False
    beyond: str | None = None
    figures: frozenset[str] | None = None

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
    folder: Path | None = None,
    executor: str = "serial",
    resumed: bool = False,
) -> Record:
    """Sort a result, its journal and its files into channels.

    Args:
        subject: Name of the subject that ran.
        result: What it gave back.
        entries: Its journal, in order.
        duration_s: Wall time of the run.
        told: The settings by which the subject was told how to run.
        root: The subject's own folder, struck from what errors say.
        folder: Of the run, where it has one; null: its files are not recorded.
        executor: Where units ran.
        resumed: Whether the run was interrupted and resumed.
    """
    channels: dict[Channel, dict[str, Any]] = {channel: {} for channel in Channel}
    add_result(channels, result, root)
    add_journal(channels, entries, root)
    if folder is not None:
        add_files(channels, folder, result)
    return Record(
        subject=subject,
        workflow=result.workflow,
        status="succeeded" if result.success else "failed",
        declared=ALL,
        channels=channels,
        duration_s=duration_s,
        explanation=None if result.error is None else _explain(result),
        told=told,
        trace_settings=_trace_settings(channels),
        executor=executor,
        resumed=resumed,
    )


def record_of_crash(subject: str, error: BaseException, duration_s: float) -> Record:
    """Record that a subject raised what no engine should let out."""
    name = type(error).__name__
    by = "" if isinstance(error, SubjectError) else " (raised by the engine itself)"
    more = "".join(f"\n{note}" for note in getattr(error, "__notes__", ()))
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
        explanation=f"{name}: {error}{by}{more}",
    )


def record_of_refusal(
    subject: str,
    error: ConfigurationError,
    duration_s: float,
    *,
    root: Path | None = None,
    config: Path | None = None,
) -> Record:
    """Record that a subject refused a configuration, with every problem it named.

    Of a problem its key and its place count, and of the class of the error what users catch.
    Wording is each engine's own. So is where in a definition something is wrong, since a workflow
    in Python has no keys and no lines: of all that is wrong with definitions one problem is left.
    """
    problems: list[Any] = []
    for problem in error.problems:
        told = without_root(_problem(problem, config), root)
        if told not in problems:  # two of one place are as many as an engine finds words for
            problems.append(told)
    return Record(
        subject=subject,
        workflow=None,
        status="refused",
        declared=ALL,
        channels={
            Channel.STATUS: {"": {"refused": True}},
            Channel.ERRORS: {"": {"type": _public_name(error), "problems": problems}},
        },
        duration_s=duration_s,
        explanation=str(error),
    )


def _problem(problem: Problem, config: Path | None) -> dict[str, Any]:
    path, location = problem.path, problem.location
    if location is not None and location.file != str(config) and location.file.endswith(_PATTERNS):
        # What a definition sets and does not fit in what is resolved has its key there.
        return {"path": path if _is_resolved(path) else (), "location": None}
    if location is None and _is_definitions(path):
        path = ()
    return {"path": path, "location": msgspec.to_builtins(location)}


def _is_resolved(path: ConfigPath) -> bool:
    """Whether a path is one of a configuration, and none inside a pattern."""
    if not path or path[0] not in Configuration.__struct_fields__:
        return False
    return path[0] != "phases" or (len(path) > 1 and isinstance(path[1], str))


def _is_definitions(path: ConfigPath) -> bool:
    """Whether a path is one inside a definition in Python: of its defaults, of a phase's config."""
    return (path[:1] == ("defaults",) and len(path) > 1) or (
        path[:1] == ("phases",) and path[2:3] == ("config",) and len(path) > 3
    )


def _public_name(error: ConfigurationError) -> str:
    """Name the class that both engines share; an engine may raise one below it."""
    shared = ConfigurationError.__module__
    return next(cls.__name__ for cls in type(error).__mro__ if cls.__module__ == shared)


def _trace_settings(channels: Mapping[Channel, Content]) -> dict[str, TraceSettings]:
    """Read what each unit's trace keeps from the resolved configuration of its phase."""
    by_phase: dict[str, TraceSettings] = {}
    for place, entries in channels[Channel.CONFIG].items():
        for entry in entries:
            if "config" in entry:
                config = entry["config"]
                trace = config["trace"]
                by_phase[place] = TraceSettings(
                    config["trace_level"], trace["containers"], trace["max_events"]
                )
    return {unit: by_phase.get(phase_of(unit), TraceSettings()) for unit in channels[Channel.TRACE]}


def _explain(result: WorkflowResult) -> str:
    error = result.error
    assert error is not None
    where = f" in container '{error.container}' ({error.activity})" if error.container else ""
    return f"{error.type}: {error.message}{where} at {error.path}"
