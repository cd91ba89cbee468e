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

from containers.journal import Entry, IterationStarted
from declarative import DeclarativeWorkflowManager
from imperative import Coordinator, Phase, Workflow

__all__ = ["measure_studies"]

_ITERATIONS: Final = 400
_PLANNED: Final = 10_000
_ROUNDS: Final = 5
_SEQUENCES: Final = ("parameter_sweep", "monte_carlo")


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
        engines = {
            "imperative": _imperative,
            "declarative": lambda **options: _declarative(Path(name), **options),
        }
        table = Table(title=f"Beyond the units, per iteration of {_ITERATIONS} (in memory), us")
        for heading in ("", *_SEQUENCES, f"planning {_PLANNED:,} iterations, s"):
            table.add_column(heading, justify="left" if not heading else "right")
        for engine, make in engines.items():
            cells = [
                f"{_overhead(make, _study(folder, symbol, sequence, _ITERATIONS)) * 1e6:,.0f}"
                for sequence in _SEQUENCES
            ]
            planning = _planning(make, _study(folder, symbol, _SEQUENCES[0], _PLANNED))
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


def _study(folder: Path, symbol: str, sequence: str, iterations: int) -> dict[str, Any]:
    """Give a study of units of 60 bars: short, so that what is beyond them shows."""
    return {
        "workflow": f"only_{sequence}",
        "data": {"data_dir": str(folder), "end_date": "1999-03-31"},
        "symbols": [symbol],
        "strategies": [{"type": "momentum", "name": "m"}],
        "trace_level": "none",
        "parameter_space": {
            "m.fast_period": list(range(1, 1 + iterations // 20)),
            "m.slow_period": list(range(20, 40)),
        },
        "monte_carlo": {"iterations": iterations},
    }


def _workflow(sequence: str) -> type[Workflow]:
    class Only(Workflow):
        name = f"only_{sequence}"

        def get_phases(self, config: Mapping[str, Any]) -> tuple[Phase, ...]:
            return (Phase(name="study", topology="backtest", sequence=sequence),)

    return Only


def _imperative(**options: Any) -> Coordinator:
    workflows = {f"only_{sequence}": _workflow(sequence) for sequence in _SEQUENCES}
    return Coordinator(workflows=workflows, **options)


def _declarative(folder: Path, **options: Any) -> DeclarativeWorkflowManager:
    for sequence in _SEQUENCES:
        (folder / f"only_{sequence}.yaml").write_text(
            f"kind: workflow\nname: only_{sequence}\n"
            f"phases: [{{name: study, topology: backtest, sequence: {sequence}}}]\n"
        )
    return DeclarativeWorkflowManager(patterns=folder, **options)
