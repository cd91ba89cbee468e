"""The units of a run, read from its record: what the oracle needs to work each out afresh."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from containers.results import Window
from parity.channels import Channel
from parity.oracle import Unit
from parity.places import phase_name, phase_of, windows_of
from parity.record import Record

__all__ = ["RecordedUnit", "units_of"]


class RecordedUnit(msgspec.Struct, frozen=True):
    """One unit of a recorded run.

    Attributes:
        place: Its structural path.
        unit: What the record says of it.
        same_as: Places of the iterations and of the phase that come to what this unit comes to,
            since each has but the one below it.
    """

    place: str
    unit: Unit
    same_as: tuple[str, ...]


def units_of(record: Record) -> Iterator[RecordedUnit | None]:
    """Give every unit that the journal of a run announced, in its order.

    Of one whose plan, configuration or window the record does not have, give null: what a foreign
    subject records can be anything.
    """
    iterations = record.channels.get(Channel.WINDOWS, {})
    above = {place.rpartition("/")[0] for place in iterations}
    for place in iterations:
        if place not in above and not _is_lost(phase_of(place), record):
            try:
                yield _unit(f"{place}/unit=0", record, iterations)
            except (LookupError, TypeError, ValueError):
                yield None


def _is_lost(phase: str, record: Record) -> bool:
    """Whether a phase failed: its result holds nothing of what its units gave."""
    entries = record.channels.get(Channel.PLAN, {}).get(phase, ())
    return any(entry.get("status") == "failed" for entry in entries)


def _unit(place: str, record: Record, iterations: Mapping[str, Any]) -> RecordedUnit:
    phase = phase_of(place)
    planned, around = _planned(phase, record), windows_of(place)
    started = [iterations[window][0] for window in around]
    parameters: dict[str, Any] = {}
    for iteration in started:
        parameters.update(iteration["parameters"])
    unit = Unit(
        topology=planned["topology"],
        sequence=planned["sequence"],
        config=_config(phase, record),
        windows=[msgspec.convert(iteration["window"], Window) for iteration in started],
        parameters=parameters,
        spawn_key=tuple(started[-1]["spawn_key"]),
    )
    return RecordedUnit(place, unit, _same_as(unit, [phase, *around]))


def _planned(phase: str, record: Record) -> Mapping[str, Any]:
    plan: Sequence[Mapping[str, Any]] = record.channels[Channel.PLAN][phase.rpartition("/")[0]]
    name = phase_name(phase)
    for entry in plan:
        for planned in entry.get("phases", ()):
            if planned["name"] == name:
                found: Mapping[str, Any] = planned
                return found
    raise LookupError(f"the plan has no phase {name!r}")


def _config(phase: str, record: Record) -> Mapping[str, Any]:
    for entry in record.channels[Channel.CONFIG][phase]:
        if "config" in entry:
            config: Mapping[str, Any] = entry["config"]
            return config
    raise LookupError(f"there is no resolved configuration of {phase}")


def _same_as(unit: Unit, places: Sequence[str]) -> tuple[str, ...]:
    """Give the places above a unit that have nothing else below them.

    ``places`` are the phase and the iterations, outermost first.
    """
    alone = {"full"}
    if "in_sample" in unit.sequences:
        alone.add("train")
    if "out_of_sample" in unit.sequences:
        alone.add("test")
    if {"train_test", "walk_forward", "k_fold"} & set(unit.sequences):
        alone -= {"train", "test"}
    same: list[str] = []
    for parent, name in zip(reversed(places[:-1]), reversed(unit.names), strict=True):
        if name not in alone:
            break
        same.append(parent)
    return tuple(same)
