"""Signals that are kept, and signals that are replayed. `docs/semantics.md` 7.5."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from containers.events import EventKind
from parity.channels import Channel
from parity.invariants.batch import Batch
from parity.invariants.findings import Findings
from parity.invariants.run import Phase, Run, Unit

__all__ = ["check_replay", "check_signals"]

_UNSAID: Final = (0, 1.0)


def check_signals(run: Run, found: Findings) -> None:
    """Hold the signals that units keep against the SIGNALs they published."""
    for batch in run.batches:
        keeps = batch.phase.topology == "signal_generation"
        known = batch.keeps(EventKind.SIGNAL)
        for number, unit in enumerate(batch.units):
            kept = run.get(Channel.OUTPUTS, unit.place).get("signals")
            if not keeps:
                found.equal(f"{unit.place}: signals", None, kept)
                continue
            if not known[number] or kept is None:
                found.holds(f"{unit.place}: signals", kept is not None, "signals", None)
                continue
            names = [
                c["id"].removeprefix("strategy/")
                for c in unit.containers
                if c["role"] == "strategy"
            ]
            found.equal(f"{unit.place}: strategies of signals", names, list(kept["strategies"]))
            due = [
                (s.time_ns, s.container.removeprefix("strategy/"), *s[2:6])
                for s in _said(batch, number)
            ]
            shown = [tuple(row.values()) for row in kept["rows"]]
            _compare(f"{unit.place}: signals", due, shown, found)


class _Said(NamedTuple):
    """A SIGNAL of one unit."""

    time_ns: int
    container: str
    symbol: str
    direction: int
    strength: float
    seq: int
    origin: int


def _said(batch: Batch, number: int) -> Iterator[_Said]:
    """Give the SIGNALs of one unit of a batch; an origin of -1 is none."""
    signals = batch[EventKind.SIGNAL]
    start, stop = np.searchsorted(signals.unit, [number, number + 1]).tolist()
    containers, names = signals.texts("container")
    symbols, words = signals.texts("symbol")
    columns = (
        signals.time_ns,
        containers,
        symbols,
        signals.ints("direction"),
        signals.floats("strength"),
        signals.seq,
        signals.ints("origin"),
    )
    for time_ns, name, word, *rest in zip(*(c[start:stop].tolist() for c in columns), strict=True):
        yield _Said(time_ns, names[name], words[word], *rest)


def _compare(place: str, due: Sequence[Any], shown: Sequence[Any], found: Findings) -> None:
    found.compared += len(due) + 1
    for at in range(max(len(due), len(shown))):
        left = due[at] if at < len(due) else None
        right = shown[at] if at < len(shown) else None
        if left != right or type(left) is not type(right):
            found.breaks(f"{place}, {at}", left, right)
            return


def check_replay(run: Run, found: Findings) -> None:
    """Hold the SIGNALs of units that replay against those that were stored."""
    for phases in run.passes.values():
        by_name = {phase.name: phase for phase in phases}
        for phase in phases:
            if phase.topology != "signal_replay" or not phase.succeeded:
                continue
            stored = _stored(run, phase, by_name)
            if stored is None:
                found.passes_over("the replayed signals are not those of an earlier phase")
                continue
            for batch in phase.batches:
                if not batch.keeps(EventKind.SIGNAL, EventKind.BAR).all():
                    found.passes_over("the traces of some units do not hold every BAR and SIGNAL")
                    continue
                for number, unit in enumerate(batch.units):
                    due = list(_due(batch, number, unit, stored))
                    shown = [
                        (*said[:5], said.origin)
                        for said in _said(batch, number)
                        if said.origin >= 0
                    ]
                    _compare(f"{unit.place}: replayed signals", due, shown, found)


def _stored(
    run: Run, phase: Phase, by_name: Mapping[str, Phase]
) -> Sequence[Mapping[str, Any]] | None:
    path = str(phase.planned["inputs"].get("signals", ""))
    source = by_name.get(path.removesuffix(".signals"))
    if source is None or not path.endswith(".signals"):
        return None
    signals = run.get(Channel.OUTPUTS, source.place).get("signals")
    return None if signals is None else signals["rows"]


def _due(
    batch: Batch, number: int, unit: Unit, stored: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[Any, ...]]:
    """Give the replayed SIGNALs of a unit, slice by slice, strategies and symbols in order."""
    bars = batch[EventKind.BAR]
    start, stop = np.searchsorted(bars.unit, [number, number + 1]).tolist()
    codes, symbols = bars.texts("symbol")
    slices: dict[int, set[str]] = {}
    begin = unit.trading_from_ns
    for time_ns, code in zip(
        bars.time_ns[start:stop].tolist(), codes[start:stop].tolist(), strict=True
    ):
        if begin is None or time_ns >= begin:
            slices.setdefault(time_ns, set()).add(symbols[code])
    published: list[tuple[int, int, int, tuple[Any, ...]]] = []
    strategies = [c for c in unit.containers if c["role"] == "strategy"]
    for order, container in enumerate(strategies):
        name = container["id"].removeprefix("strategy/")
        if (
            not any(row["strategy"] == name for row in stored)
            or "signals" not in container["settings"]
        ):
            continue
        for position, symbol in enumerate(_symbols(batch, name)):
            mine = {
                row["time_ns"]: row
                for row in stored
                if row["strategy"] == name and row["symbol"] == symbol
            }
            times = [time_ns for time_ns in slices if symbol in slices[time_ns]]
            for time_ns, row in _of_symbol(times, mine):
                event = (
                    time_ns, container["id"], symbol, row["direction"], row["strength"], row["seq"],
                )  # fmt: skip
                published.append((time_ns, order, position, event))
    yield from (event for *_, event in sorted(published, key=lambda one: one[:3]))


def _of_symbol(
    times: Sequence[int], stored: Mapping[int, Mapping[str, Any]]
) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Give what is replayed of one strategy and symbol, whose bars are at ``times``."""
    for at, time_ns in enumerate(times):
        row = stored.get(time_ns)
        if row is None and at == 0:
            before = [earlier for earlier in stored if earlier < time_ns]
            last = stored[max(before)] if before else None
            if last is not None and (last["direction"], last["strength"]) != _UNSAID:
                row = last
        if row is not None:
            yield time_ns, row


def _symbols(batch: Batch, strategy: str) -> list[str]:
    """Give the symbols of a strategy, in config order."""
    for item in batch.config["strategies"]:
        if item["name"] == strategy and item["symbols"] is not None:
            return [symbol for symbol in batch.symbols if symbol in item["symbols"]]
    return list(batch.symbols)
