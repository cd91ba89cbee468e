"""A phase of a few units, run whole or interrupted at any of its moments."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from containers.journal import Record, UnitExecuted
from containers.results import IterationResult, PhaseResult
from containers.storage import (
    ITERATIONS_FILE,
    UNITS_FILE,
    PhaseFolder,
    UnitFolder,
    UnitRecord,
    encode_unit,
)
from tests.storage.samples import files, iteration, phase_result, portfolio, save_portfolio

IDENTITY = "0" * 32


def journal(number: int) -> tuple[Record, ...]:
    return (UnitExecuted(slices=number, events=2 * number),)


def result_of(unit: UnitFolder, number: int) -> IterationResult:
    held = {"s.p": portfolio(trades=None, samples=None)}
    return iteration("sample", seed=number, portfolios=unit.stored_portfolios(held))


def run_unit(folder: PhaseFolder, *keys: int, number: int = 7) -> tuple[UnitFolder, bytes]:
    """Do what a worker does: write a unit into a folder, and give its record."""
    unit = folder.unit(keys)
    unit.create()
    save_portfolio(unit, "s.p")
    return unit, encode_unit(UnitRecord(journal(number), result_of(unit, number), unit.part))


def complete(folder: PhaseFolder, count: int = 2) -> PhaseResult:
    """Run a whole phase of ``count`` units below one iteration."""
    store = folder.store(IDENTITY)
    for index in range(count):
        if store.unit((0, index)) is None:
            unit, content = run_unit(folder, 0, index, number=index)
            store.keep((0, index), content)
        record = store.unit((0, index))
        if record is None:
            store.publish((0, index), unit.part)
            store.add((0, index), result_of(unit, index), journal(index))
        else:
            store.publish((0, index), record.part)
            store.add((0, index), record.result, record.journal)
    store.add((0,), iteration("window"), children=count)
    found = phase_result(iterations=store.iterations(1), metrics={"bars": count})
    store.finish(found)
    store.close()
    return found


def places(folder: Path) -> list[str]:
    return [name for name in files(folder) if "/portfolios/" not in name]


Stop: TypeAlias = Callable[[PhaseFolder], Any]
"""Leaves a phase as a run does that ends there."""


def after_create(folder: PhaseFolder) -> None:
    folder.store(IDENTITY).close()
    run_unit(folder, 0, 0)


def after_keep(folder: PhaseFolder) -> None:
    store = folder.store(IDENTITY)
    store.keep((0, 0), run_unit(folder, 0, 0, number=0)[1])
    store.close()


def after_publish(folder: PhaseFolder) -> None:
    store = folder.store(IDENTITY)
    unit, content = run_unit(folder, 0, 0, number=0)
    store.keep((0, 0), content)
    store.publish((0, 0), unit.part)
    store.close()


def after_add(folder: PhaseFolder) -> None:
    store = folder.store(IDENTITY)
    unit, content = run_unit(folder, 0, 0, number=0)
    store.keep((0, 0), content)
    store.publish((0, 0), unit.part)
    store.add((0, 0), result_of(unit, 0), journal(0))
    store.close()


def within_publish(folder: PhaseFolder) -> None:
    after_keep(folder)
    (folder.path / "0" / "0" / "portfolios").mkdir(parents=True)  # one that was being removed


def before_the_first_write(folder: PhaseFolder) -> None:
    folder.path.mkdir(parents=True)
    (folder.path / UNITS_FILE).write_bytes(b"")


def within_keep(folder: PhaseFolder) -> None:
    after_keep(folder)
    log = folder.path / UNITS_FILE
    log.write_bytes(log.read_bytes()[:-1])


def within_finish(folder: PhaseFolder) -> None:
    complete(folder)
    tree = folder.path / ITERATIONS_FILE
    tree.write_bytes(tree.read_bytes()[:-1])


def within_the_rename_of_a_crash(folder: PhaseFolder) -> None:
    complete(folder)
    tree = folder.path / ITERATIONS_FILE
    tree.write_bytes(b"\x00" * tree.stat().st_size)
