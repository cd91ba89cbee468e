"""What a study costs beyond its units: per iteration of a sweep and a Monte Carlo, and to plan one.

A unit is timed from outside, by what the journal says live: it begins with its IterationStarted and
ends with its last record, so it is built, driven and cleaned in between. All the rest of the run,
from reading the configuration to the result, is shared out over the iterations.
"""

from __future__ import annotations

import gc
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from benchmarks.engines import SEQUENCES, makers, study
from containers.journal import Entry, IterationStarted

__all__ = ["measure_studies"]

_ITERATIONS: Final = 400
_PLANNED: Final = 10_000
_ROUNDS: Final = 5


class _Clock:
    """Adds up the time between the first and the last record of every unit."""

    def __init__(self) -> None:
        self.inside = 0.0
        self._began = self._last = time.perf_counter()

    def __call__(self, entry: Entry) -> None:
        now = time.perf_counter()
        if isinstance(entry.record, IterationStarted):
            self.inside += self._last - self._began
            self._began = now
        if entry.path and entry.path[-1][0] in ("window", "unit"):
            self._last = now

    def units(self) -> float:
        """Give the seconds inside units, once the run is over."""
        return self.inside + self._last - self._began


def measure_studies(console: Console, folder: Path, symbol: str) -> None:
    """Print the overhead of iterations, of planning and of ``parity list``."""
    with tempfile.TemporaryDirectory() as name:
        table = Table(title=f"Beyond the units, per iteration of {_ITERATIONS} (in memory), us")
        for heading in ("", *SEQUENCES, f"planning {_PLANNED:,} iterations, s"):
            table.add_column(heading, justify="left" if not heading else "right")
        for engine, make in makers(Path(name)).items():
            cells = [
                f"{_overhead(make, study(folder, symbol, sequence, _ITERATIONS)) * 1e6:,.0f}"
                for sequence in SEQUENCES
            ]
            planning = _planning(make, study(folder, symbol, SEQUENCES[0], _PLANNED))
            table.add_row(engine, *cells, f"{planning:.2f}")
    console.print(table)
    console.print(f"parity list takes {_listing():.1f} x the time of importing click and rich")


def _overhead(make: Callable[..., Any], config: Mapping[str, Any]) -> float:
    """Give the seconds that a run takes beyond its units, for each iteration."""
    found = []
    for _ in range(_ROUNDS):
        clock = _Clock()
        engine = make(consumers=[clock])
        gc.collect()  # what earlier rounds have left behind is not this one's
        began = time.perf_counter()
        result = engine.run_workflow(config)
        whole = time.perf_counter() - began
        if not result.success:
            raise RuntimeError(f"the study failed: {result.error}")
        found.append((whole - clock.units()) / _ITERATIONS)
    return statistics.median(found)


def _planning(make: Callable[..., Any], config: Mapping[str, Any]) -> float:
    engine = make()
    began = time.perf_counter()
    engine.plan_workflow(config)
    return time.perf_counter() - began


def _listing() -> float:
    """Compare processes: the command against importing what any command line of ours needs."""

    def seconds(*command: str) -> float:
        began = time.perf_counter()
        subprocess.run([sys.executable, *command], check=True, capture_output=True)
        return time.perf_counter() - began

    ratios = []
    for _ in range(_ROUNDS):
        imports = seconds("-c", "import click, rich.console, rich.table")
        ratios.append(seconds("-m", "parity", "list") / imports)
    return statistics.median(ratios)
