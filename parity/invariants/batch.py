"""Traces of several units of one phase, side by side as arrays.

Checks look at hundreds of small units as they look at one large one: at all of them in a few
operations over columns. So that numbers of events are unique, each unit's begin where the unit's
before end (`Batch.offsets`); a portfolio of a unit has a number of its own as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from containers.events import EventKind
from containers.trace import Table
from containers.trace.columns import FloatColumn, IntColumn
from containers.trace.texts import TextColumn
from parity.levels import due_kinds

if TYPE_CHECKING:
    from parity.invariants.run import Phase, Unit

__all__ = ["NO_CAUSE", "Batch", "Events", "Floats", "Ints", "Mask", "batches_of"]

Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]
Mask: TypeAlias = npt.NDArray[np.bool_]

NO_CAUSE: Final = -1
"""What stands for the cause of an event that has none."""

_EVENTS: Final = 250_000  # of a batch: large enough for arrays to pay, small enough to be held


class Events:
    """All events of one kind in a batch, in ascending number.

    Attributes:
        kind: Their kind.
        unit: Index of each one's unit in the batch.
        seq: Its number in its unit.
        number: Its number in the batch.
        time_ns: Time of its slice.
        cause: Number in the batch of the event that led to it, `NO_CAUSE` where it has none.
    """

    def __init__(self, kind: EventKind, parts: Sequence[tuple[int, Table]], offsets: Ints) -> None:
        self.kind: Final = kind
        self._parts = [table for _, table in parts]
        self._lengths = [len(table) for table in self._parts]
        units = np.array([unit for unit, _ in parts], np.int64)
        self.unit: Final[Ints] = np.repeat(units, self._lengths)
        self._joined: dict[str, npt.NDArray[Any]] = {}
        self.seq: Final = self.ints("seq")
        self._shift = offsets[self.unit] if len(self.unit) else np.empty(0, np.int64)
        self.number: Final[Ints] = self.seq + self._shift
        self.time_ns: Final = self.ints("time_ns")
        causes = self.ints("cause")
        self.cause: Final[Ints] = np.where(causes < 0, NO_CAUSE, causes + self._shift)
        self._texts: dict[str, tuple[Ints, list[str]]] = {}

    def __len__(self) -> int:
        return len(self.unit)

    def ints(self, field: str) -> Ints:
        """Give a field of whole numbers, null as -1; the array is read-only."""
        return self._numbers(field, IntColumn)

    def floats(self, field: str) -> Floats:
        """Give a field of numbers; where it may be null, null is 0.0; the array is read-only."""
        return self._numbers(field, FloatColumn)

    def _numbers(self, field: str, kind: type[IntColumn] | type[FloatColumn]) -> Any:
        """Join the parts of a field once, since many checks ask for it."""
        if field not in self._joined:
            columns = [table.columns[field] for table in self._parts]
            assert all(isinstance(column, kind) for column in columns)
            arrays = [column.data for column in columns if isinstance(column, kind)]
            none = np.empty(0, np.int64 if kind is IntColumn else np.float64)
            joined = arrays[0] if len(arrays) == 1 else np.concatenate([none, *arrays])
            joined.flags.writeable = False
            self._joined[field] = joined
        return self._joined[field]

    def texts(self, field: str) -> tuple[Ints, list[str]]:
        """Give a field of text, as codes into the texts that occur in the batch."""
        if field not in self._texts:
            numbering: dict[str, int] = {}
            numbers: list[int] = []  # of each part's texts, one part after the other
            starts: list[int] = []
            arrays = []
            for table in self._parts:
                column = table.columns[field]
                assert isinstance(column, TextColumn)
                starts.append(len(numbers))
                numbers += [numbering.setdefault(text, len(numbering)) for text in column.texts]
                arrays.append(column.codes)
            codes = np.concatenate([np.empty(0, np.int64), *arrays])
            if numbers:
                codes = np.array(numbers, np.int64)[codes + np.repeat(starts, self._lengths)]
            self._texts[field] = codes, list(numbering)
        return self._texts[field]

    def coded(self, field: str, numbering: dict[str, int], prefix: str = "") -> Ints:
        """Give a field of text as the numbers it has in ``numbering``, -1 where it has none.

        Args:
            field: Its name.
            numbering: Numbers of texts, without the prefix.
            prefix: What every text begins with; one that does not has no number.
        """
        codes, texts = self.texts(field)
        numbers = [
            numbering.get(text.removeprefix(prefix), -1) if text.startswith(prefix) else -1
            for text in texts
        ]
        return np.array([*numbers, -1], np.int64)[codes]

    def is_text(self, field: str, text: str) -> Mask:
        """Mark the events whose field is this text."""
        codes, texts = self.texts(field)
        found: Mask = codes == (texts.index(text) if text in texts else -1)
        return found

    def mapping_names(self, field: str) -> list[tuple[str, ...]]:
        """Give the names of a field that maps names to numbers, of the first table with any."""
        names: list[tuple[str, ...]] = []
        for table in self._parts:
            names.extend(table.columns[field].names.members())  # type: ignore[attr-defined]
        return names

    def values(self, row: int) -> Any:
        """Give one event, as it was published."""
        for table in self._parts:
            if row < len(table):
                return table.take(np.array([row])).events()[0]
            row -= len(table)
        raise IndexError(row)

    def find(self, numbers: Ints) -> Ints:
        """Give the rows of events by their number in the batch; -1 where there is none here."""
        if not len(self.number):
            return np.full(len(numbers), -1, np.int64)
        rows = np.minimum(np.searchsorted(self.number, numbers), len(self.number) - 1)
        found: Ints = np.where(self.number[rows] == numbers, rows, -1)
        return found


class Batch:
    """The traces of some units of one phase.

    Attributes:
        phase: Their phase.
        units: The units, each with a trace.
        offsets: Number in the batch of each unit's first event.
        total: Events of all of them, kept or not.
        symbols: Number of each symbol, in config order.
        portfolios: Ids of all portfolios that occur, numbered in topology order of their first
            occurrence.
        worked_out: What several checks need of the batch, by name.
    """

    def __init__(self, phase: Phase, units: Sequence[Unit]) -> None:
        self.phase: Final = phase
        self.units: Final = units
        assert phase.config is not None
        self.config: Final = phase.config
        traces = [unit.trace for unit in units]
        totals = [trace.events_total for trace in traces if trace is not None]
        self.offsets: Final[Ints] = np.cumsum([0, *totals], dtype=np.int64)
        self.total: Final = int(self.offsets[-1])
        parts: dict[EventKind, list[tuple[int, Table]]] = {kind: [] for kind in EventKind}
        for number, trace in enumerate(traces):
            assert trace is not None  # only units with one are put into a batch
            for chunk in trace.chunks:
                for kind, table in chunk.tables.items():
                    parts[kind].append((number, table))
        self._events = {kind: Events(kind, mine, self.offsets) for kind, mine in parts.items()}
        self.worked_out: Final[dict[str, object]] = {}
        self._kept: dict[frozenset[EventKind], Mask] = {}
        self.symbols: Final = {
            entry["symbol"]: number for number, entry in enumerate(self.config["symbols"])
        }

    def __getitem__(self, kind: EventKind) -> Events:
        return self._events[kind]

    def keeps(self, *kinds: EventKind) -> Mask:
        """Mark the units whose traces hold every event of these kinds."""
        needed = frozenset(kinds)
        if needed not in self._kept:
            self._kept[needed] = np.array(
                [self._holds(unit, needed) for unit in self.units], np.bool_
            )
        return self._kept[needed]

    @staticmethod
    def _holds(unit: Unit, needed: frozenset[EventKind]) -> bool:
        if unit.is_whole:
            return True
        settings = unit.run.record.settings_of(unit.place)
        trace = unit.trace
        if trace is None or trace.dropped or settings.limit is not None:
            return False
        return bool(unit.containers) and all(
            needed <= due_kinds(container["id"], settings.level, settings.overrides)
            for container in unit.containers
        )

    @cached_property
    def portfolios(self) -> dict[str, int]:
        """Number of each portfolio id, in topology order of first occurrence."""
        numbering: dict[str, int] = {}
        for unit in self.units:
            for container in unit.containers:
                if container["role"] == "portfolio":
                    numbering.setdefault(container["id"].removeprefix("portfolio/"), len(numbering))
        return numbering

    @cached_property
    def containers(self) -> dict[str, int]:
        """Number of each container id, in topology order of first occurrence."""
        numbering: dict[str, int] = {}
        for unit in self.units:
            for container in unit.containers:
                numbering.setdefault(container["id"], len(numbering))
        return numbering

    @cached_property
    def base_timeframes(self) -> list[str]:
        """The shortest timeframe of each symbol, in config order."""
        from parity.oracle.times import parse_timeframe

        def length(text: str) -> float:
            return float(parse_timeframe(text).nominal_s)

        return [min(entry["timeframes"], key=length) for entry in self.config["symbols"]]

    @cached_property
    def base_bars(self) -> BaseBars:
        """The BARs of base timeframes."""
        return BaseBars(self)

    def portfolio_of(self, events: Events, field: str, prefix: str = "") -> Ints:
        """Number the portfolio of each event, a different one in every unit; -1 where unknown."""
        numbers = events.coded(field, self.portfolios, prefix)
        count = len(self.portfolios)
        found: Ints = np.where(numbers < 0, -1, events.unit * count + numbers)
        return found

    def place(self, kind: EventKind, row: int, field: str = "") -> tuple[str, str]:
        """Say where an event is: the place with its field, and the unit."""
        events = self[kind]
        unit = self.units[int(events.unit[row])].place
        return f"{unit}: event {int(events.seq[row])} {kind}{f'.{field}' if field else ''}", unit


class BaseBars:
    """The BARs that fills, marks, reference prices and counts go by, sorted by symbol.

    Attributes:
        rows: Row of each in the batch's BARs.
        symbol: Its symbol's number, a different one in every unit.
        number: Its number in the batch.
    """

    def __init__(self, batch: Batch) -> None:
        bars = batch[EventKind.BAR]
        symbols = bars.coded("symbol", batch.symbols)
        bases = np.zeros(len(bars), np.bool_)
        codes, texts = bars.texts("timeframe")
        for number, base in enumerate(batch.base_timeframes):
            if base in texts:
                bases |= (symbols == number) & (codes == texts.index(base))
        rows = np.flatnonzero(bases)
        own = bars.unit[rows] * len(batch.symbols) + symbols[rows]
        order = np.argsort(own, kind="stable")
        self.rows: Final[Ints] = rows[order]
        self.symbol: Final[Ints] = own[order]
        self.number: Final[Ints] = bars.number[self.rows]
        self._key = self.symbol * np.int64(batch.total + 1) + self.number
        self._span = np.int64(batch.total + 1)
        self.open: Final = bars.floats("open")[self.rows]
        self.close: Final = bars.floats("close")[self.rows]
        self.time_ns: Final = bars.time_ns[self.rows]

    def last(self, symbol: Ints, number: Ints) -> Ints:
        """Give the last one of a symbol (of its unit) before an event's number; -1: none yet.

        Args:
            symbol: Number of symbol and unit, for each.
            number: Of an event in the batch, for each.
        """
        place = np.searchsorted(self._key, symbol * self._span + number) - 1
        if not len(self._key):
            return np.full(len(number), -1, np.int64)
        found: Ints = np.where((place >= 0) & (self.symbol[place] == symbol), place, -1)
        return found


def batches_of(phase: Phase) -> list[Batch]:
    """Put the traces of a phase's units together, in order, some at a time."""
    return list(_batches(phase))


def _batches(phase: Phase) -> Iterator[Batch]:
    held: list[Unit] = []
    events = 0
    for unit in phase.units:
        trace = unit.trace
        if trace is None:
            continue
        if held and events + len(trace) > _EVENTS:
            yield Batch(phase, held)
            held, events = [], 0
        held.append(unit)
        events += len(trace)
    if held:
        yield Batch(phase, held)
