"""How features show in the record of a run: each sign is a question that a record answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from containers.components import default_components
from containers.events import EventKind
from parity.channels import Channel
from parity.places import phase_of, unit_of
from parity.record import Record
from parity.recording.files import FOLDER

__all__ = [
    "collected_while_running", "executed", "file", "fills", "has_aggregates", "has_branch",
    "has_container_levels", "has_events", "has_failed_container", "has_fills", "has_folder",
    "has_inputs", "has_merged_configuration", "has_met_condition", "has_metrics", "has_module",
    "has_nested_sequence", "has_ordered_phases", "has_other_level", "has_outputs",
    "has_own_components", "has_primary_metric", "has_roles", "has_second_pass",
    "has_unmet_condition", "keeps_full_results", "keeps_iterations_in_files", "moved",
    "output_file", "ran_on", "recovered", "sequence", "storage", "topology", "was_resumed",
    "went_on_after_a_failure",
]  # fmt: skip

_TRADING: Final = frozenset({"data", "features", "strategy", "portfolio", "risk", "execution"})
_SEQUENCE: Final = re.compile(r"[^()\s]+")


def _entries(
    record: Record, channel: Channel, kind: str
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Give (place, record) of all journal records of a kind."""
    for place, entries in record.channels.get(channel, {}).items():
        if isinstance(entries, list):
            for entry in entries:
                if entry.get("type") == kind:
                    yield place, entry


def _phases_that_ran(record: Record) -> Iterator[Mapping[str, Any]]:
    """Give what was planned of each phase that executed a unit."""
    ran = {phase_of(place) for place, _ in _entries(record, Channel.LIFECYCLE, "UnitExecuted")}
    for place, plan in _entries(record, Channel.PLAN, "PlanMade"):
        for phase in plan["phases"]:
            if f"{place}/phase={phase['name']}" in ran:
                yield phase


def executed(record: Record) -> bool:
    """A unit went through all its slices."""
    units = _entries(record, Channel.LIFECYCLE, "UnitExecuted")
    return any(entry["slices"] and entry["events"] for _, entry in units)


def moved(trigger: str) -> Callable[[Record], bool]:
    """A container moved by a trigger."""

    def sign(record: Record) -> bool:
        moves = _entries(record, Channel.LIFECYCLE, "LifecycleMoved")
        return any(entry["trigger"] == trigger for _, entry in moves)

    return sign


def collected_while_running(record: Record) -> bool:
    """Something was collected from a container that ran, and ran on."""
    moves = [entry for _, entry in _entries(record, Channel.LIFECYCLE, "LifecycleMoved")]
    collected = [move for move in moves if move["trigger"] == "collect"]
    return bool(collected) and all(m["source"] == m["target"] == "running" for m in collected)


def has_events(record: Record) -> bool:
    """A trace has events."""
    return any(len(trace) for trace in record.channels.get(Channel.TRACE, {}).values())


def has_fills(record: Record) -> bool:
    """A trace has fills, which only a whole chain from bar to order brings about."""
    traces = record.channels.get(Channel.TRACE, {}).values()
    return any(trace.summary(None).by_kind.get(EventKind.FILL) for trace in traces)


def topology(name: str) -> Callable[[Record], bool]:
    """A phase of this topology executed a unit."""
    return lambda record: any(phase["topology"] == name for phase in _phases_that_ran(record))


def sequence(name: str) -> Callable[[Record], bool]:
    """A phase whose sequence, or a body of it, is this one executed a unit."""
    return lambda record: any(
        name in _SEQUENCE.findall(phase["sequence"]) for phase in _phases_that_ran(record)
    )


def has_nested_sequence(record: Record) -> bool:
    """A phase whose sequence has a body executed a unit."""
    return any("(" in phase["sequence"] for phase in _phases_that_ran(record))


def has_metrics(record: Record) -> bool:
    """A portfolio has figures."""
    return any("/portfolio=" in place for place in record.channels.get(Channel.METRICS, {}))


def has_aggregates(record: Record) -> bool:
    """An iteration or a phase has sums or statistics over what is in it."""
    outputs = record.channels.get(Channel.OUTPUTS, {}).values()
    return any(entry.get("aggregate_metrics") for entry in outputs)


def fills(channel: Channel) -> Callable[[Record], bool]:
    """A channel has something in it."""
    return lambda record: any(len(c) for c in record.channels.get(channel, {}).values()) if (
        channel is Channel.TRADES
    ) else bool(record.channels.get(channel))  # fmt: skip


def _files(record: Record) -> Mapping[str, Any]:
    files: Mapping[str, Any] = record.channels.get(Channel.FILES, {}).get(FOLDER, {})
    return files


def has_folder(record: Record) -> bool:
    """A run has a folder under its id."""
    return bool(_files(record))


def file(name: str) -> Callable[[Record], bool]:
    """A run wrote this file, and its manifest lists it."""
    return lambda record: bool(_files(record).get(name, {}).get("listed"))


def output_file(form: str) -> Callable[[Record], bool]:
    """An output was written as a file of this form."""

    def sign(record: Record) -> bool:
        written = _entries(record, Channel.FILES, "OutputWritten")
        return any(
            entry["path"].endswith(f".{form}")
            and entry["path"] not in ("result.json", "manifest.json")
            and entry["path"] in _files(record)
            for _, entry in written
        )

    return sign


def has_own_components(record: Record) -> bool:
    """A strategy or classifier that is not shipped was resolved."""
    shipped = default_components()
    known = {"strategies": shipped.strategies, "classifiers": shipped.classifiers}
    return any(
        item["type"] not in there
        for _, entry in _entries(record, Channel.CONFIG, "ConfigResolved")
        for kind, there in known.items()
        for item in entry["config"].get(kind) or ()
    )


def has_second_pass(record: Record) -> bool:
    """A workflow went through its phases again."""
    return any("iteration=1" in place.split("/") for place in record.channels.get(Channel.PLAN, {}))


def has_branch(record: Record) -> bool:
    """A branch ran."""
    return any("/branch=" in place for place in record.channels.get(Channel.PLAN, {}))


def has_module(record: Record) -> bool:
    """A phase of a module ran: it has the name that it was imported under before its own."""
    return any("." in phase["name"] for phase in _phases_that_ran(record))


def has_other_level(record: Record) -> bool:
    """A phase's own trace level was respected, not the one the subject was told."""
    return any(settings.level != "detailed" for settings in record.trace_settings.values())


def has_container_levels(record: Record) -> bool:
    """Levels of single containers were in force in a unit."""
    return any(settings.overrides for settings in record.trace_settings.values())


def has_merged_configuration(record: Record) -> bool:
    """A configuration was resolved, and completed by defaults of all depths."""
    resolved = [entry["config"] for _, entry in _entries(record, Channel.CONFIG, "ConfigResolved")]
    return any("close_at_end" in config.get("execution", {}) for config in resolved)


def has_primary_metric(record: Record) -> bool:
    """A workflow's best phase has a value of the primary metric."""
    for entry in record.channels.get(Channel.OUTPUTS, {}).values():
        primary = entry.get("aggregated_results", {}).get("primary_metric") or {}
        if primary.get("value") is not None:
            return True
    return False


def has_ordered_phases(record: Record) -> bool:
    """A phase waited for another."""
    return any(phase["depends_on"] for phase in _phases_that_ran(record))


def keeps_full_results(record: Record) -> bool:
    """A unit kept its trades because the configuration asked for it."""
    asked = any(
        entry["config"].get("results", {}).get("store_full_results")
        for _, entry in _entries(record, Channel.CONFIG, "ConfigResolved")
    )
    return asked and any(unit_of(place) for place in record.channels.get(Channel.TRADES, {}))


def has_roles(record: Record) -> bool:
    """A topology was built of containers of all the roles that trading takes."""
    for _, entry in _entries(record, Channel.TOPOLOGY, "TopologyBuilt"):
        if {container["role"] for container in entry["containers"]} >= _TRADING:
            return True
    return False


def has_met_condition(record: Record) -> bool:
    """A phase with a condition ran."""
    return any(phase["conditions"] for phase in _phases_that_ran(record))


def has_unmet_condition(record: Record) -> bool:
    """A phase was skipped because a condition did not hold."""
    skipped = _entries(record, Channel.PLAN, "PhaseSkipped")
    return any(entry["reason"].startswith("condition not met") for _, entry in skipped)


def has_inputs(record: Record) -> bool:
    """A phase that takes something from an earlier one ran."""
    return any(phase["inputs"] for phase in _phases_that_ran(record))


def has_outputs(record: Record) -> bool:
    """A phase or a workflow gave an output."""
    return any(entry.get("outputs") for entry in record.channels.get(Channel.OUTPUTS, {}).values())


def storage(mode: str) -> Callable[[Record], bool]:
    """Results were kept in this mode, and some unit ran."""

    def sign(record: Record) -> bool:
        resolved = _entries(record, Channel.CONFIG, "ConfigResolved")
        modes = {entry["config"].get("results", {}).get("storage") for _, entry in resolved}
        return modes == {mode} and executed(record)

    return sign


def keeps_iterations_in_files(record: Record) -> bool:
    """A phase has its iterations in a file that the manifest lists."""
    files = _files(record).items()
    return any(name.endswith("/iterations.log") and file["listed"] for name, file in files)


def _failed_units(record: Record) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """Give (place, moves) of the units in which a container failed, as their errors say."""
    for place, entry in _entries(record, Channel.ERRORS, "ErrorRaised"):
        if entry["error"]["container"] is not None:
            moves = record.channels.get(Channel.LIFECYCLE, {}).get(place, ())
            yield place, [move for move in moves if move.get("type") == "LifecycleMoved"]


def has_failed_container(record: Record) -> bool:
    """A container failed, its lifecycle and the error say so."""
    return any(
        any(move["trigger"] == "fail" for move in moves) for _, moves in _failed_units(record)
    )


def recovered(record: Record) -> bool:
    """Where a container failed, none was left running, and all that were touched are cleaned."""
    failed = [moves for _, moves in _failed_units(record)]
    last = [{move["container"]: move["target"] for move in moves} for moves in failed]
    return bool(failed) and all(set(states.values()) == {"cleaned"} for states in last)


def went_on_after_a_failure(record: Record) -> bool:
    """A phase failed, another one came to its end, and the workflow with it."""
    ended = [entry for _, entry in _entries(record, Channel.PLAN, "PhaseFinished")]
    statuses = {entry["status"] for entry in ended}
    return record.status == "succeeded" and statuses >= {"failed", "succeeded"}


def was_resumed(record: Record) -> bool:
    """A run was interrupted, resumed, and came to its end."""
    return record.resumed and executed(record)


def ran_on(kind: str) -> Callable[[Record], bool]:
    """Units of several ran on this kind of executor."""

    def sign(record: Record) -> bool:
        units = sum(1 for _ in _entries(record, Channel.LIFECYCLE, "UnitExecuted"))
        return re.split("[:/]", record.executor)[0] == kind and units > 1

    return sign
