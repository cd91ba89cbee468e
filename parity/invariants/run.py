"""A recorded run as invariants look at it: its phases, its iterations, its units.

Everything is read from the record's channels, and only once: what several checks need is kept.
Of phases that failed the result holds nothing, so their iterations and units are left out of what
results say, and stay in what the journal says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from containers.trace import Trace
from parity.channels import Channel
from parity.invariants.batch import Batch, batches_of
from parity.places import phase_of
from parity.record import Record

__all__ = ["Iteration", "Phase", "Run", "Unit"]


class Iteration:
    """One iteration of a sequence, as the journal announced it and as the result has it.

    Attributes:
        place: Its structural path, without ``/unit=0``.
        phase: The phase it belongs to.
        started: The journal's record of it, a plain mapping.
        parent: The iteration around it; null below the phase.
        below: Those below it, in order.
    """

    def __init__(
        self, place: str, phase: Phase, started: Mapping[str, Any], parent: Iteration | None
    ) -> None:
        self.place: Final = place
        self.phase: Final = phase
        self.started: Final = started
        self.parent: Final = parent
        self.below: Final[list[Iteration]] = []

    @property
    def window(self) -> Mapping[str, Any]:
        """Its window, a plain mapping."""
        window: Mapping[str, Any] = self.started["window"]
        return window

    @property
    def name(self) -> str:
        """What it is: ``train``, ``test`` and so on."""
        return str(self.window["name"])

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Its own changes."""
        parameters: Mapping[str, Any] = self.started["parameters"]
        return parameters

    @property
    def own(self) -> str:
        """Place of what it comes to: a leaf's is its unit's."""
        return self.place if self.below else f"{self.place}/unit=0"

    @property
    def around(self) -> list[Iteration]:
        """The iterations around it, outermost first, itself the last."""
        return [*([] if self.parent is None else self.parent.around), self]

    @property
    def changes(self) -> dict[str, Any]:
        """Parameters of all iterations around it, inner over outer."""
        changed: dict[str, Any] = {}
        for iteration in self.around:
            changed.update(iteration.parameters)
        return changed


class Phase:
    """One phase of one pass.

    Attributes:
        place: Its structural path.
        planned: What the plan says of it, a plain mapping.
        config: Its resolved configuration; null when it never got that far.
        status: succeeded, failed or skipped; null when the run ended before.
        iterations: Those directly below it, in order.
    """

    def __init__(self, place: str, planned: Mapping[str, Any], run: Run) -> None:
        self.place: Final = place
        self.planned: Final = planned
        self.run: Final = run
        self.config: Final = run.config_of(place)
        self.status: Final = run.get(Channel.STATUS, place).get("status")
        self.iterations: Final[list[Iteration]] = []

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.planned["name"])

    @property
    def topology(self) -> str:
        """Name of its topology."""
        return str(self.planned["topology"])

    @property
    def sequence(self) -> str:
        """Its sequence as text, bodies in brackets."""
        return str(self.planned["sequence"])

    @property
    def succeeded(self) -> bool:
        """Whether the result holds what it came to."""
        return self.status == "succeeded"

    def walk(self) -> Iterator[Iteration]:
        """Give all its iterations, at any depth, each before those below it."""
        waiting = list(reversed(self.iterations))
        while waiting:
            iteration = waiting.pop()
            yield iteration
            waiting.extend(reversed(iteration.below))

    @cached_property
    def units(self) -> list[Unit]:
        """Its units that the result holds, in order."""
        if not self.succeeded or self.config is None:
            return []
        return [Unit(leaf) for leaf in self.walk() if not leaf.below]

    @cached_property
    def batches(self) -> list[Batch]:
        """The traces of its units, several at a time."""
        return batches_of(self)


class Unit:
    """One unit, whose trace and figures the result holds.

    Attributes:
        place: Its structural path.
        leaf: The iteration that it is.
    """

    def __init__(self, leaf: Iteration) -> None:
        self.place: Final = f"{leaf.place}/unit=0"
        self.leaf: Final = leaf
        self.phase: Final = leaf.phase
        self.run: Final = leaf.phase.run

    @cached_property
    def trace(self) -> Trace | None:
        """Its trace; null when it has none."""
        trace: Trace | None = self.run.channel(Channel.TRACE).get(self.place)
        return trace

    @cached_property
    def containers(self) -> Sequence[Mapping[str, Any]]:
        """Its containers in topology order; empty when nothing was built."""
        for entry in self.run.channel(Channel.TOPOLOGY).get(self.place, ()):
            containers: Sequence[Mapping[str, Any]] = entry["containers"]
            return containers
        return ()

    @cached_property
    def is_whole(self) -> bool:
        """Whether its trace holds every event of it."""
        return self.trace is not None and len(self.trace) == self.trace.events_total

    @cached_property
    def trading_from_ns(self) -> int | None:
        """End of the first slice that is no warm-up; null where there is no window around."""
        if all(one.name in ("full", "combination", "sample") for one in self.leaf.around):
            return None
        start: int = self.leaf.window["start_ns"]
        return start

    @cached_property
    def close_at_end(self) -> bool:
        """Whether positions are closed at its end: in a test, unless its section says otherwise."""
        config = self.phase.config
        assert config is not None  # a unit of a phase that succeeded
        around = self.leaf.around
        for depth, one in enumerate(around):
            if one.name == "test":
                above = around[depth - 1].name if depth else ""
                section = {"window": "walk_forward", "fold": "k_fold"}.get(above, "train_test")
                if config[section]["close_at_end"]:
                    return True
        return bool(config["execution"]["close_at_end"])


class Run:
    """One record, made accessible.

    Attributes:
        record: The record.
        base_dir: Where relative paths of its configuration start; null: nothing is read there.
    """

    def __init__(self, record: Record, base_dir: Path | None = None) -> None:
        self.record: Final = record
        self.base_dir: Final = base_dir

    def channel(self, channel: Channel) -> Mapping[str, Any]:
        """Give the content of a channel; empty where the subject filled nothing."""
        return self.record.channels.get(channel, {})

    def get(self, channel: Channel, place: str) -> Mapping[str, Any]:
        """Give what a channel has at a place; empty where it has nothing."""
        found: Mapping[str, Any] = self.channel(channel).get(place, {})
        return found

    def config_of(self, place: str) -> Mapping[str, Any] | None:
        """Give the resolved configuration at a place; null where there is none."""
        for entry in self.channel(Channel.CONFIG).get(place, ()):
            if "config" in entry:
                config: Mapping[str, Any] = entry["config"]
                return config
        return None

    @cached_property
    def passes(self) -> dict[str, list[Phase]]:
        """The phases of every pass, in the order of the plan, by the place of the pass."""
        passes: dict[str, list[Phase]] = {}
        for place, entries in self.channel(Channel.PLAN).items():
            for entry in entries:
                if entry["type"] == "PlanMade":
                    passes[place] = [
                        Phase(f"{place}/phase={planned['name']}", planned, self)
                        for planned in entry["phases"]
                    ]
        by_place = {phase.place: phase for phase in self._all(passes)}
        iterations: dict[str, Iteration] = {}
        for place, entries in self.channel(Channel.WINDOWS).items():
            phase = by_place.get(phase_of(place))
            if phase is None:
                continue
            parent = iterations.get(place.rpartition("/")[0])
            made = iterations[place] = Iteration(place, phase, entries[0], parent)
            (phase.iterations if parent is None else parent.below).append(made)
        return passes

    @staticmethod
    def _all(passes: Mapping[str, list[Phase]]) -> Iterator[Phase]:
        for phases in passes.values():
            yield from phases

    @cached_property
    def phases(self) -> list[Phase]:
        """All phases of all passes and branches."""
        return list(self._all(self.passes))

    @cached_property
    def second_branches(self) -> dict[str, str]:
        """The first name that a pass has for a second branch, by the place of the pass."""
        seconds: dict[str, str] = {}
        for place, entries in self.channel(Channel.HOOKS).items():
            for entry in entries:
                names = list(entry["result"]) if entry["hook"] == "get_branches" else []
                twice = [name for at, name in enumerate(names) if name in names[:at]]
                if twice:
                    seconds[place] = twice[0]
        return seconds

    @property
    def units(self) -> Iterator[Unit]:
        """All units that the result holds."""
        for phase in self.phases:
            yield from phase.units

    @property
    def batches(self) -> Iterator[Batch]:
        """The traces of all units, several units of one phase at a time."""
        for phase in self.phases:
            yield from phase.batches
