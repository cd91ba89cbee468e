"""Lifecycle: legal moves, in the order of `docs/semantics.md` 10, and what failures leave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from parity.channels import Channel
from parity.invariants.findings import Findings
from parity.invariants.run import Run

__all__ = ["check_errors", "check_lifecycle", "check_units"]

_MOVES: Final = {
    ("created", "initialize"): "initialized",
    ("initialized", "start"): "running",
    ("running", "collect"): "running",
    ("running", "stop"): "stopped",
    ("stopped", "cleanup"): "cleaned",
    ("initialized", "cleanup"): "cleaned",
    ("faulted", "cleanup"): "cleaned",
    ("created", "fail"): "faulted",
    ("initialized", "fail"): "faulted",
    ("running", "fail"): "faulted",
    ("stopped", "fail"): "faulted",
    ("faulted", "fail"): "faulted",
}
_FORWARD: Final = ("initialize", "start", "execute", "collect")
_WRAPPING: Final = "ContainerError"
_ACTIVITIES: Final = (*_FORWARD, "stop", "cleanup")


def check_lifecycle(run: Run, found: Findings) -> None:
    """Hold the moves of every unit's containers against the order in which a unit is driven."""
    for place, entries in run.channel(Channel.LIFECYCLE).items():
        ids = [
            c["id"] for e in run.channel(Channel.TOPOLOGY).get(place, ()) for c in e["containers"]
        ]
        steps = [
            (e["container"], e["trigger"]) if e["type"] == "LifecycleMoved" else ("", "execute")
            for e in entries
        ]
        if _hold_moves(place, entries, ids, found):
            if any(trigger == "fail" for _, trigger in steps):
                _hold_failure(place, steps, ids, found)
            else:
                _hold_order(place, steps, list(_driven(ids)), found)


def _hold_moves(
    place: str, entries: Sequence[Mapping[str, Any]], ids: Sequence[str], found: Findings
) -> bool:
    """Follow every container through its states; answer whether all moves were legal."""
    states = dict.fromkeys(ids, "created")
    for number, entry in enumerate(entries):
        if entry["type"] != "LifecycleMoved":
            continue
        found.compared += 1
        name, trigger = entry["container"], entry["trigger"]
        state = states.get(name)
        due = {"source": state, "target": _MOVES.get((str(state), trigger))}
        shown = {"source": entry["source"], "target": entry["target"]}
        if due != shown or due["target"] is None:
            found.breaks(f"{place}: move {number}, {trigger} of {name}", due, shown)
            return False
        states[name] = entry["target"]
    for name, state in states.items():
        # A container whose cleanup failed stays faulted; all others that were touched are cleaned.
        is_over = state in ("created", "cleaned", "faulted")
        if not found.holds(f"{place}: {name} at the end", is_over, "cleaned", state):
            return False
    return True


def _driven(ids: Sequence[str]) -> Iterator[tuple[str, str]]:
    for trigger in ("initialize", "start"):
        yield from ((name, trigger) for name in ids)
    yield "", "execute"
    yield from ((name, "collect") for name in ids)
    for trigger in ("stop", "cleanup"):
        yield from ((name, trigger) for name in reversed(ids))


def _hold_order(
    place: str,
    steps: Sequence[tuple[str, str]],
    due: Sequence[tuple[str, str]],
    found: Findings,
) -> None:
    found.compared += len(due)
    if due == steps:
        return
    for number in range(max(len(due), len(steps))):
        wanted = due[number] if number < len(due) else None
        shown = steps[number] if number < len(steps) else None
        if wanted != shown:
            found.breaks(f"{place}: move {number}", wanted, shown)
            return


def _hold_failure(
    place: str, steps: Sequence[tuple[str, str]], ids: Sequence[str], found: Findings
) -> None:
    """Up to the first failure all goes forward; then what runs is stopped, and all is cleaned."""
    first = next(number for number, (_, trigger) in enumerate(steps) if trigger == "fail")
    _hold_order(place, steps[:first], list(_driven(ids))[:first], found)
    states = dict.fromkeys(ids, "created")
    for name, trigger in steps[: first + 1]:
        if name:
            states[name] = _MOVES[states[name], trigger]
    backwards = list(reversed(ids))
    is_stopping = any(trigger in ("stop", "cleanup") for _, trigger in steps[:first])
    if is_stopping:
        backwards = [name for name in backwards if states[name] not in ("cleaned",)]
    to_stop = [name for name in backwards if states[name] == "running"]
    to_clean = [name for name in backwards if states[name] != "created"]
    asked = [(n, t) for n, t in steps[first + 1 :]]
    stopped = [n for n, t in asked if t == "stop" or (t == "fail" and n in to_stop)]
    cleaned = [n for n, t in asked if t == "cleanup"]
    failed_again = {n for n, t in asked if t == "fail"}
    forward = [(n, t) for n, t in asked if t in _FORWARD]
    found.equal(f"{place}: forward moves after a failure", [], forward)
    due_stops = list(to_stop)
    # One that fails in its stop is written as failing, in its turn.
    seen = [n for n in dict.fromkeys(stopped) if n in due_stops]
    found.equal(f"{place}: stopped after a failure", due_stops, seen)
    missing = [n for n in to_clean if n not in cleaned and n not in failed_again]
    found.equal(f"{place}: touched and not cleaned", [], missing)
    in_order = [n for n in to_clean if n in cleaned]
    found.equal(f"{place}: cleaned after a failure", in_order, cleaned)


def check_units(run: Run, found: Findings) -> None:
    """Look for units that were announced and never built, driven or traced."""
    for unit in run.units:
        topology = run.channel(Channel.TOPOLOGY).get(unit.place, ())
        executed = [
            entry
            for entry in run.channel(Channel.LIFECYCLE).get(unit.place, ())
            if entry["type"] == "UnitExecuted"
        ]
        found.equal(f"{unit.place}: topologies built", 1, len(topology))
        found.equal(f"{unit.place}: executions", 1, len(executed))
        trace = unit.trace
        if not found.holds(f"{unit.place}: trace", trace is not None, "a trace", None):
            continue
        assert trace is not None
        events = trace.events_total
        found.holds(f"{unit.place}: events", events > 0, "at least one", events)
    announced = {
        f"{leaf.place}/unit=0" for phase in run.phases for leaf in phase.walk() if not leaf.below
    }
    for place in run.channel(Channel.TOPOLOGY):
        found.holds(f"{place}: unit", place in announced, "an iteration that was announced", None)


def check_errors(run: Run, found: Findings) -> None:
    """Hold what errors say of themselves against where they happened."""
    errors = run.channel(Channel.ERRORS)
    for place, content in errors.items():
        if place.rpartition("/")[2] == "result" or place == "result":
            continue
        for entry in content:
            error = entry["error"]
            if "/unit=" in place:
                found.equal(f"{place}: path of the error", place, error["path"])
            _hold_type(place, error, found)
            if error["container"] is not None:
                _hold_container(run, place, error, found)
        if "/phase=" in place and content:
            phase = place.partition("/window=")[0]
            told = errors.get(f"{phase}/result", {}).get("error")
            # Of several units that fail the first in path order is the phase's failure.
            found.holds(f"{phase}: error", told is not None, "the error of what failed", None)
            if told is not None:
                _hold_type(phase, told, found)
            _hold_status(run, phase, found)
    for phase_of_run in run.phases:
        told = errors.get(f"{phase_of_run.place}/result", {}).get("error")
        has = phase_of_run.status == "failed"
        if phase_of_run.status is not None:
            found.equal(f"{phase_of_run.place}: has an error", has, told is not None)


def _hold_type(place: str, error: Mapping[str, Any], found: Findings) -> None:
    """Hold an error, and those attached to it, against what a container's failure is told as.

    What a container raised reaches its engine in a wrapping, which says where it was. That stands
    in fields of its own: type, message and causes are those of what was raised.
    """
    for one in (error, *error["attached"]):
        found.holds(f"{place}: type", one["type"] != _WRAPPING, "what was raised", one["type"])
        if one["container"] is None:
            continue  # worded, and raised from something, by each engine in its own way
        wrapped = [cause for cause in one["causes"] if cause.startswith(f"{_WRAPPING}: ")]
        found.equal(f"{place}: causes that are a wrapping", [], wrapped)
        message = one["message"]
        is_wrapped = message.startswith(f"container '{one['container']}' failed in ")
        found.holds(f"{place}: message", not is_wrapped, "what was raised", message)


def _hold_status(run: Run, phase: str, found: Findings) -> None:
    status = run.get(Channel.STATUS, phase).get("status")
    found.equal(f"{phase}: status", "failed", status)


def _hold_container(run: Run, place: str, error: Mapping[str, Any], found: Findings) -> None:
    activity = error["activity"]
    found.holds(f"{place}: activity", activity in _ACTIVITIES, "a phase of life", activity)
    built = run.channel(Channel.TOPOLOGY).get(error["path"], ())
    ids = [container["id"] for entry in built for container in entry["containers"]]
    name = error["container"]
    found.holds(f"{place}: container", name in ids, "a container of the unit", name)
    failed = [
        entry["container"]
        for entry in run.channel(Channel.LIFECYCLE).get(error["path"], ())
        if entry.get("trigger") == "fail"
    ]
    found.equal(f"{place}: the first that failed", failed[:1], [name])
    attached = [later["container"] for later in error["attached"]]
    found.equal(f"{place}: containers of attached errors", failed[1:], attached)
