"""The order of events: numbers, times, steps, containers within a step."""

from __future__ import annotations

from typing import Final

import numpy as np

from containers.events import EventKind
from parity.channels import Channel
from parity.invariants.batch import Batch, Events, Ints, Mask
from parity.invariants.findings import Findings
from parity.invariants.run import Run

__all__ = [
    "check_container_order",
    "check_numbers",
    "check_slices",
    "check_step_order",
    "check_time_order",
    "check_warm_up",
]

_STEPS: Final = {
    EventKind.BAR: 10,
    EventKind.FEATURES: 30,
    EventKind.CLASSIFICATION: 40,
    EventKind.SIGNAL: 50,
    EventKind.ORDER_REQUEST: 60,
    EventKind.ORDER: 70,
    EventKind.REJECTION: 70,
    EventKind.PORTFOLIO_UPDATE: 95,
}
"""Ten times the step of each kind that has but one; ruin comes before the updates of its step."""

_WARMING: Final = (EventKind.BAR, EventKind.FEATURES, EventKind.CLASSIFICATION)


class _Stream:
    """All kept events of a batch in order of their numbers."""

    def __init__(self, batch: Batch) -> None:
        kinds = [batch[kind] for kind in EventKind]
        numbers = np.concatenate([events.number for events in kinds])
        # Each number occurs once, so a place for each one sorts them.
        places = np.full(batch.total, -1, np.int64)
        places[numbers] = np.arange(len(numbers))
        self.order: Final[Ints] = places[places >= 0]
        self.number: Final[Ints] = numbers[self.order]
        self.unit: Final[Ints] = np.concatenate([events.unit for events in kinds])[self.order]
        self.time_ns: Final[Ints] = np.concatenate([e.time_ns for e in kinds])[self.order]
        self.step: Final[Ints] = np.concatenate([_steps(batch, e) for e in kinds])[self.order]
        self.container: Final[Ints] = np.concatenate(
            [events.coded("container", batch.containers) for events in kinds]
        )[self.order]
        self._starts = np.cumsum([0, *(len(events) for events in kinds)])

    def place(self, batch: Batch, index: int) -> tuple[str, str]:
        """Say where the event with this place in the order is."""
        row = int(self.order[index])
        kind = int(np.searchsorted(self._starts, row, side="right")) - 1
        return batch.place(list(EventKind)[kind], row - int(self._starts[kind]))

    def follows_in_unit(self) -> Mask:
        """Mark the events before which there is one of the same unit."""
        follows = np.zeros(len(self.unit), np.bool_)
        follows[1:] = self.unit[1:] == self.unit[:-1]
        return follows

    def follows_in_slice(self) -> Mask:
        """Mark the events before which there is one of the same slice."""
        follows = self.follows_in_unit()
        follows[1:] &= self.time_ns[1:] == self.time_ns[:-1]
        return follows


def _steps(batch: Batch, events: Events) -> Ints:
    if events.kind in _STEPS:
        return np.full(len(events), _STEPS[events.kind])
    ruined = events.is_text("reason", "ruined")
    if events.kind is EventKind.CANCELLATION:
        return np.where(ruined, 90, 82)
    at_close = batch.config["execution"]["fill"] == "same_close"
    pending = np.where(events.is_text("reason", "order"), 80 if at_close else 20, 82)
    steps: Ints = np.where(ruined, 90, pending)
    return steps


def _stream(batch: Batch) -> _Stream:
    found = batch.worked_out.get("stream")
    if found is None:
        found = batch.worked_out["stream"] = _Stream(batch)
    assert isinstance(found, _Stream)
    return found


def check_numbers(run: Run, found: Findings) -> None:
    """Look for gaps in the numbers of whole traces, and hold counts against the journal."""
    for batch in run.batches:
        stream = _stream(batch)
        counts = np.bincount(stream.unit, minlength=len(batch.units))
        starts = np.concatenate([[0], np.cumsum(counts)])
        for number, unit in enumerate(batch.units):
            trace = unit.trace
            assert trace is not None  # a batch has only units with traces
            for entry in run.channel(Channel.LIFECYCLE).get(unit.place, ()):
                if entry["type"] == "UnitExecuted":
                    found.equal(f"{unit.place}: events", entry["events"], trace.events_total)
            if not unit.is_whole:
                continue
            mine = stream.number[starts[number] : starts[number + 1]] - batch.offsets[number]
            found.compared += len(mine)
            gaps = np.flatnonzero(mine != np.arange(len(mine)))
            if len(gaps):
                found.breaks(f"{unit.place}: seq", int(gaps[0]), int(mine[gaps[0]]))


def check_time_order(run: Run, found: Findings) -> None:
    """Look for an event with an earlier time than the one before it."""
    for batch in run.batches:
        stream = _stream(batch)
        found.compared += len(stream.number)
        late = stream.follows_in_unit()
        late[1:] &= stream.time_ns[1:] < stream.time_ns[:-1]
        for index in np.flatnonzero(late)[:1].tolist():
            path, unit = stream.place(batch, index)
            due = {"time_ns": f"at least {int(stream.time_ns[index - 1])}"}
            found.breaks(path, due, {"time_ns": int(stream.time_ns[index])}, ("time_ns",), unit)


def check_step_order(run: Run, found: Findings) -> None:
    """Look for an event of an earlier step than the one before it in its slice."""
    for batch in run.batches:
        stream = _stream(batch)
        found.compared += len(stream.number)
        early = stream.follows_in_slice()
        early[1:] &= stream.step[1:] < stream.step[:-1]
        for index in np.flatnonzero(early)[:1].tolist():
            path, unit = stream.place(batch, index)
            before, step = int(stream.step[index - 1]) // 10, int(stream.step[index]) // 10
            found.breaks(path, f"step {before} or later", f"step {step}", unit=unit)


def check_container_order(run: Run, found: Findings) -> None:
    """Look for an event of an earlier container than the one before it in its step."""
    for batch in run.batches:
        stream = _stream(batch)
        found.compared += len(stream.number)
        unknown = np.flatnonzero(stream.container < 0)
        if len(unknown):
            path, unit = stream.place(batch, int(unknown[0]))
            found.breaks(path, "a container of the unit", "another publisher", unit=unit)
        early = stream.follows_in_slice()
        early[1:] &= stream.step[1:] == stream.step[:-1]
        early[1:] &= stream.container[1:] < stream.container[:-1]
        for index in np.flatnonzero(early)[:1].tolist():
            path, unit = stream.place(batch, index)
            names = list(batch.containers)
            before = names[int(stream.container[index - 1])]
            found.breaks(
                path, f"{before} or one after it in topology order",
                names[int(stream.container[index])], ("container",), unit,
            )  # fmt: skip


def check_slices(run: Run, found: Findings) -> None:
    """Count the slices of every unit, and the bars that each stream published."""
    for batch in run.batches:
        bars = batch[EventKind.BAR]
        known = batch.keeps(EventKind.BAR)
        publisher = bars.coded("container", batch.containers)
        count = len(batch.containers)
        published = np.bincount(
            bars.unit * count + publisher, minlength=len(batch.units) * count
        ).reshape(-1, count)
        for number, unit in enumerate(batch.units):
            if not known[number]:
                found.passes_over("the traces of some units do not hold every BAR")
                continue
            start, stop = np.searchsorted(bars.unit, [number, number + 1]).tolist()
            times = bars.time_ns[start:stop]
            slices = int(np.count_nonzero(np.diff(times))) + 1 if len(times) else 0
            for entry in run.channel(Channel.LIFECYCLE).get(unit.place, ()):
                if entry["type"] == "UnitExecuted":
                    found.equal(f"{unit.place}: slices", slices, entry["slices"])
            for container in unit.containers:
                if container["role"] == "data" and "bars" in container["settings"]:
                    here = int(published[number, batch.containers[container["id"]]])
                    found.equal(
                        f"{unit.place}: bars of {container['id']}",
                        container["settings"]["bars"], here,
                    )  # fmt: skip


def check_warm_up(run: Run, found: Findings) -> None:
    """Look for events of traders before the window, and count the bars of window and warm-up."""
    for batch in run.batches:
        stream = _stream(batch)
        far = np.iinfo(np.int64).min
        starts = np.array(
            [far if u.trading_from_ns is None else u.trading_from_ns for u in batch.units]
        )
        found.compared += len(stream.number)
        warming = [_STEPS[kind] for kind in _WARMING]
        early = stream.time_ns < starts[stream.unit]
        early[early] = ~np.isin(stream.step[early], warming)
        for index in np.flatnonzero(early)[:1].tolist():
            path, unit = stream.place(batch, index)
            found.breaks(path, "nothing but BAR, FEATURES and CLASSIFICATION", "this", unit=unit)
        _count_bars(batch, found)


def _count_bars(batch: Batch, found: Findings) -> None:
    """Hold base bars of the first symbol against the window and the warm-up of each unit."""
    known = batch.keeps(EventKind.BAR)
    base = batch.base_bars
    for number, unit in enumerate(batch.units):
        if not known[number]:
            continue
        window = unit.leaf.window
        first = number * len(batch.symbols)
        start, stop = np.searchsorted(base.symbol, [first, first + 1]).tolist()
        times = base.time_ns[start:stop]
        before = int(np.searchsorted(times, window["start_ns"]))
        if unit.trading_from_ns is None:
            before = 0  # the first bar of a run is its first, whatever other streams begin with
        place = f"{unit.place}: base bars of the first symbol"
        found.equal(f"{place}, in warm-up", window["warmup_bars"], before)
        found.equal(
            f"{place}, in the window",
            window["last_bar"] - window["first_bar"] + 1, len(times) - before,
        )  # fmt: skip
        if len(times) > before:
            found.equal(f"{place}, first", window["start_ns"], int(times[before]))
            found.equal(f"{place}, last", window["end_ns"], int(times[-1]))
