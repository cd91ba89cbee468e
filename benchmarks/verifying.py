"""What verifying costs: recording, invariants, digests, comparing, over running both engines."""

from __future__ import annotations

import gc
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from benchmarks.workloads import sp500, synthetic
from declarative import DeclarativeWorkflowManager
from imperative import Coordinator
from parity.subjects import parse_subject, subject_for
from parity.verifying import verify

__all__ = ["measure_verifying"]

_ROUNDS: Final = 5
_BARS: Final = 100_000


def measure_verifying(console: Console) -> None:
    """Print how much more CPU time a verification takes than both runs at the same trace level.

    Each round runs both ways, in turn first, and the ratio is of that round. The oracle is left
    out: it is one more run.
    """
    table = Table(title=f"Verifying over running both engines, trace detailed, {_ROUNDS} rounds")
    for heading in ("", "events compared", "both engines, CPU s", "verified, CPU s", "x"):
        table.add_column(heading, justify="left" if not heading else "right")
    with tempfile.TemporaryDirectory() as name:
        for title, config in (
            (f"one run over {_BARS:,} bars", _single(*synthetic(Path(name), _BARS))),
            ("walk-forward of sweeps over the S&P 500", _study(*sp500())),
        ):
            table.add_row(title, *_measured(config))
    console.print(table)


def _single(folder: Path, symbol: str) -> dict[str, Any]:
    return {
        "workflow": "simple_backtest",
        "data": {"data_dir": str(folder)},
        "symbols": [{"symbol": symbol, "timeframes": ["1m"]}],
        "strategies": [{"type": "momentum", "name": "m"}],
        "trace_level": "detailed",
    }


def _study(folder: Path, symbol: str) -> dict[str, Any]:
    return {
        "workflow": "walk_forward_validation",
        "data": {"data_dir": str(folder)},
        "symbols": [symbol],
        "strategies": [{"type": "momentum", "name": "m"}],
        "trace_level": "detailed",
        "parameter_space": {"m.fast_period": [5, 10], "m.slow_period": [20, 30, 40, 60]},
        "walk_forward": {"train_bars": 250, "test_bars": 125},
    }


def _measured(config: dict[str, Any]) -> list[str]:
    both: list[float] = []
    verified: list[float] = []
    events = _verify(config)
    gc.collect()
    gc.freeze()
    for turn in range(_ROUNDS):
        ways = ((both, _run_both), (verified, _verify))
        for times, way in ways if turn % 2 else reversed(ways):
            times.append(_timed(way, config))
    ratio = statistics.median(v / b for v, b in zip(verified, both, strict=True))
    medians = (f"{statistics.median(times):.2f}" for times in (both, verified))
    return [f"{events:,}", *medians, f"{ratio:.2f}"]


def _run_both(config: dict[str, Any]) -> int:
    results = [e.run_workflow(config) for e in (Coordinator(), DeclarativeWorkflowManager())]
    return len([result for result in results if result.success])


def _verify(config: dict[str, Any]) -> int:
    control, candidate = (subject_for(parse_subject(n)) for n in ("imperative", "declarative"))
    with tempfile.TemporaryDirectory() as root:
        verification = verify([("config", config)], control, [candidate], Path(root), oracle=False)
    return verification.totals.events


def _timed(way: Callable[[dict[str, Any]], int], config: dict[str, Any]) -> float:
    gc.collect()
    began = time.process_time()  # other work on the machine is not in it
    way(config)
    return time.process_time() - began
