"""What it costs that runs survive: two processes, storage on disk, checkpoints, resuming.

1. `_speed_up`  a sweep of 200 combinations on two processes, beside a pure loop of the same length
2. `_memory`  peak memory of 2,000 iterations on disk beside 200, each in a process of its own
3. `_survival`  the share of a run that its checkpoints take, and what resuming one that was
   interrupted at 90 % takes of the whole
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from benchmarks.engines import makers, study
from benchmarks.peaks import own_peak_kb
from containers.executors import open_executor
from containers.journal import Entry, UnitExecuted
from containers.storage import PhaseStore, wire

__all__ = ["main", "measure_runs"]

_COMBINATIONS: Final = 200
_WORKERS: Final = 2
_ROUNDS: Final = 5
_FEW: Final = 200
_MANY: Final = 2_000
_INTERRUPTED_AT: Final = 0.9


def measure_runs(console: Console, folder: Path, symbol: str) -> None:
    """Print all of it."""
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        _speed_up(console, scratch, folder, symbol)
        _memory(console, folder, symbol)
        _survival(console, scratch, folder, symbol)


# -- two processes


def _speed_up(console: Console, scratch: Path, folder: Path, symbol: str) -> None:
    data = {"data_dir": str(folder)}
    config = study(folder, symbol, "parameter_sweep", _COMBINATIONS, data=data)
    table = Table(title=f"A sweep of {_COMBINATIONS} on {_WORKERS} processes, {_ROUNDS} rounds")
    headings = (
        "",
        "serial, s",
        "processes, s",
        "speed-up",
        "of the pure loop's",
        "both begun anew",
    )
    for heading in headings:
        table.add_column(heading, justify="left" if not heading else "right")
    context = get_context("spawn")
    with (
        open_executor(f"processes:{_WORKERS}") as executor,
        ProcessPoolExecutor(_WORKERS, mp_context=context) as pool,
    ):
        for engine, make in makers(scratch).items():
            on = partial(_on, make, config)
            length = _calibrated(on(None) / _COMBINATIONS)
            make(executor=executor).run_workflow(config)  # so that the workers have all imported
            list(pool.map(_spin, [1] * 8))
            rows = []
            for _ in range(_ROUNDS):
                alone, spread, cold = on(None), on(executor), on(f"processes:{_WORKERS}")
                work = [length] * _COMBINATIONS
                loop = _seconds(partial(_spin_all, map, work))
                loops = _seconds(partial(_spin_all, pool.map, work))
                begun = _seconds(partial(_spread, work))
                rows.append((alone, spread, alone / spread, alone / spread / (loop / loops),
                             alone / cold / (loop / begun)))  # fmt: skip
            medians = [statistics.median(column) for column in zip(*rows, strict=True)]
            table.add_row(engine, *(f"{value:.2f}" for value in medians))
    console.print(table)


def _spin_all(each: Callable[..., Iterable[float]], work: list[int]) -> None:
    """Run the pure loop, on what ``each`` maps with."""
    list(each(_spin, work))


def _spread(work: list[int]) -> None:
    """Run the pure loop on processes that are begun for it."""
    with ProcessPoolExecutor(_WORKERS, mp_context=get_context("spawn")) as pool:
        _spin_all(pool.map, work)


def _on(make: Callable[..., Any], config: dict[str, Any], executor: Any) -> float:
    """Give the seconds that a study takes on an executor."""
    return _seconds(lambda: make(executor=executor).run_workflow(config))


def _spin(length: int) -> float:
    """Do nothing of use for a while: what two processes can do at best."""
    total = 0.0
    for i in range(length):
        total += i * 0.5
    return total


def _calibrated(seconds: float) -> int:
    length = 100_000
    took = statistics.median(_seconds(lambda: _spin(length)) for _ in range(_ROUNDS))
    return int(length * seconds / took)


# -- memory


def _memory(console: Console, folder: Path, symbol: str) -> None:
    table = Table(title="Peak memory of a Monte Carlo with storage disk, MB")
    for heading in ("", f"{_FEW:,} iterations", f"{_MANY:,} iterations", "ratio"):
        table.add_column(heading, justify="left" if not heading else "right")
    for engine in ("imperative", "declarative"):
        few, many = (_peak_mb(engine, folder, symbol, n) for n in (_FEW, _MANY))
        table.add_row(engine, f"{few:.1f}", f"{many:.1f}", f"{many / few:.3f}")
    console.print(table)


def _peak_mb(engine: str, folder: Path, symbol: str, iterations: int) -> float:
    job = [engine, str(folder), symbol, str(iterations)]
    command = [sys.executable, "-m", "benchmarks.runs", *job]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout.strip().splitlines()[-1]) / 1024


def main(engine: str, folder: Path, symbol: str, iterations: int) -> None:
    """Run a Monte Carlo on disk and print the peak memory of this process, in kB."""
    with tempfile.TemporaryDirectory() as name:
        config = _on_disk(folder, symbol, iterations)
        result = makers(Path(name))[engine](root=Path(name)).run_workflow(config)
        if not result.success:
            raise RuntimeError(f"the study failed: {result.error}")
        if sum(1 for _ in result.phase_results["study"].iterations) != iterations:
            raise RuntimeError("iterations are missing")
        print(own_peak_kb())


# -- checkpoints and resuming


def _survival(console: Console, scratch: Path, folder: Path, symbol: str) -> None:
    table = Table(title=f"A Monte Carlo of {_FEW} on disk, {_ROUNDS} rounds")
    for heading in ("", "whole run, s", "checkpoints, share", f"resumed at {_INTERRUPTED_AT:.0%}"):
        table.add_column(heading, justify="left" if not heading else "right")
    data = {"data_dir": str(folder)}
    config = {**_on_disk(folder, symbol, _FEW), "data": data}
    for engine, make in makers(scratch).items():
        whole, shares, resumed = [], [], []
        for number in range(_ROUNDS):
            root = scratch / engine / str(number)
            begin = partial(_run, partial(make, root=root), config)
            with _Stopwatch() as watch:
                took = _seconds(partial(begin, "whole"))
            whole.append(took)
            shares.append(watch.seconds / took)
            _interrupt(partial(make, root=root), config)
            resumed.append(_seconds(partial(begin, "cut", resume=True)) / took)
        medians = (statistics.median(whole), statistics.median(shares), statistics.median(resumed))
        table.add_row(
            engine, f"{medians[0]:.2f}", f"{medians[1]:.1%}", f"{medians[2]:.3f} of the whole"
        )
    console.print(table)


class _Stopwatch:
    """Adds up the time that is spent on making records of units and appending them."""

    _PLACES: Final = ((PhaseStore, "keep"), (PhaseStore, "add"), (wire, "_encoded"))

    def __enter__(self) -> _Stopwatch:
        self.seconds = 0.0
        self._inside = False
        self._kept = [(owner, name, getattr(owner, name)) for owner, name in self._PLACES]
        for owner, name, function in self._kept:
            setattr(owner, name, self._timed(function))
        return self

    def __exit__(self, *_: object) -> None:
        for owner, name, function in self._kept:
            setattr(owner, name, function)

    def _timed(self, function: Callable[..., Any]) -> Any:
        def timed(*arguments: Any, **keys: Any) -> Any:
            if self._inside:
                return function(*arguments, **keys)
            self._inside, began = True, time.perf_counter()
            try:
                return function(*arguments, **keys)
            finally:
                self._inside = False
                self.seconds += time.perf_counter() - began

        return timed


def _run(make: Callable[..., Any], config: dict[str, Any], run: str, resume: bool = False) -> None:
    result = make().run_workflow(config, run, resume=resume)
    if not result.success:
        raise RuntimeError(f"the study failed: {result.error}")


def _interrupt(make: Callable[..., Any], config: dict[str, Any]) -> None:
    """Leave a run as Ctrl-C does when nine tenths of its units have finished."""
    finished = 0

    def hear(entry: Entry) -> None:
        nonlocal finished
        finished += isinstance(entry.record, UnitExecuted)
        if finished > _FEW * _INTERRUPTED_AT:
            raise KeyboardInterrupt

    try:
        make(consumers=[hear]).run_workflow(config, "cut")
    except KeyboardInterrupt:
        return
    raise RuntimeError("the run came to its end before it was interrupted")


def _on_disk(folder: Path, symbol: str, iterations: int) -> dict[str, Any]:
    return study(folder, symbol, "monte_carlo", iterations, results={"storage": "disk"})


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
