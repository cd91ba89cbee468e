"""Print speed and memory of both engines, a published peer and a bare loop, from one run.

    python -m benchmarks [PART…]

| part | what |
|---|---|
| speed | bars per second; contenders take turns, so a drift of the machine hits them all |
| studies | what sweeps, Monte Carlos and plans cost beyond their units |
| runs | two processes, storage on disk, checkpoints, resuming |
| verifying | what a verification costs beyond both runs |
| memory | peak memory of each in a process of its own, also with a million bars on disk |
| comparing | equal traces of a million events, in full, against plain numpy |
| traces | comparing traces of ten million events on disk |

Without a part all of them are run, in this order.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from benchmarks.peaks import own_peak_kb
from benchmarks.runs import measure_runs
from benchmarks.studies import measure_studies
from benchmarks.traces import TRACES_IN_CHILD, compare_in_child, measure_traces
from benchmarks.verifying import measure_verifying
from benchmarks.workloads import CONTENDERS, LEVELS, prepare, sp500, synthetic
from containers.events import Event
from containers.trace import Trace, align

_ROUNDS = 20
_MILLION = 1_000_000
_CHUNK_BYTES = 65_536 * 8
_MEMORY_IN_CHILD = "memory-in-child"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the parts that are asked for, or, for a child process, what it is to measure."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given[:1] == [TRACES_IN_CHILD]:
        _, left, right, how = given
        compare_in_child(Path(left), Path(right), how)
        return
    if given[:1] == [_MEMORY_IN_CHILD]:
        _, contender, folder, symbol, storage = given
        prepare(contender, Path(folder), symbol, storage=storage)()
        print(own_peak_kb())
        return
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(_PARTS)}")
    asked = parser.parse_args(given).parts
    unknown = [part for part in asked if part not in _PARTS]
    if unknown:
        parser.error(f"found {unknown[0]!r} for a part, expected one of {', '.join(_PARTS)}")
    console = Console(width=110)
    for part, measure in _PARTS.items():
        if not asked or part in asked:
            measure(console)


def _speed(console: Console) -> None:
    folder, symbol = sp500()
    runs = {name: prepare(name, folder, symbol) for name in CONTENDERS}
    bars = sum(1 for _ in (folder / f"{symbol}_1d.csv").open()) - 1
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()
    # What is imported and prepared by now is nobody's work: without this, whoever happens to start
    # a full collection pays for walking all of it.
    gc.collect()
    gc.freeze()
    names = list(runs)
    for turn in range(_ROUNDS):
        # Everyone leads once, so nobody always finds the caches as the same neighbour left them.
        lead = turn % len(names)
        for name in names[lead:] + names[:lead]:
            seconds[name].append(_timed(runs[name]))
    table = Table(title=f"One backtest over {bars:,} daily bars of the S&P 500, {_ROUNDS} rounds")
    for heading in ("", "bars/s", "x backtesting.py", "x bare loop"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, own in seconds.items():
        ratios = (
            statistics.median(other / mine for other, mine in zip(theirs, own, strict=True))
            for theirs in (seconds["backtesting.py"], seconds["bare loop"])
        )
        rate = bars / statistics.median(own)
        table.add_row(name, f"{rate:,.0f}", *(f"{ratio:.2f}" for ratio in ratios))
    console.print(table)


def _memory(console: Console) -> None:
    with tempfile.TemporaryDirectory() as name:
        _memory_with(console, *synthetic(Path(name), _MILLION))


def _memory_with(console: Console, folder: Path, symbol: str) -> None:
    table = Table(title="Peak memory of a process that does nothing else, MB")
    for heading in ("", "S&P 500 daily, in memory", f"{_MILLION:,} bars, trace on disk"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name in CONTENDERS:
        small = _peak_mb(name, *sp500(), "memory")
        # The peers have no trace to put anywhere; trace none has none either.
        large = _peak_mb(name, folder, symbol, "disk")
        table.add_row(name, f"{small:,.0f}", f"{large:,.0f}")
    console.print(table)


def _compare(console: Console) -> None:
    left, right = traces = [_million_events() for _ in range(2)]
    buffers = [[b for chunk in trace.chunks for b in chunk.buffers()] for trace in traces]
    flat = [np.concatenate([b.reshape(-1).view(np.uint8) for b in part]) for part in buffers]
    ours = _median(lambda: align(left, right, use_digests=False))
    plain = _median(lambda: _plain_numpy(*flat))
    digests = _median(lambda: align(left, right))
    table = Table(title=f"Comparing two equal traces of {len(traces[0]):,} events in memory")
    for heading in ("", "ms", "x plain numpy"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, seconds in (
        (f"plain numpy, {flat[0].nbytes / 1e6:,.0f} MB a side, in chunks", plain),
        ("every buffer", ours),
        ("by prefix digests", digests),
    ):
        table.add_row(name, f"{seconds * 1e3:,.3f}", f"{seconds / plain:.3f}")
    console.print(table)


def _million_events() -> Trace:
    """Record a detailed trace of a million events of real runs, one after the other."""
    folder, symbol = sp500()
    run = prepare(f"imperative, trace {LEVELS[-1]}", folder, symbol)
    events: list[Event] = []
    trace: Trace = getattr(run(), "trace")  # noqa: B009  # whichever engine's outcome it is
    once = list(trace.events())
    while len(events) < _MILLION:
        base = len(events)
        events += (
            msgspec.structs.replace(
                e, seq=e.seq + base, cause=None if e.cause is None else e.cause + base
            )
            for e in once
        )
    return Trace.from_events(events[:_MILLION])


def _plain_numpy(left: npt.NDArray[np.uint8], right: npt.NDArray[np.uint8]) -> bool:
    whole = len(left) // 8 * 8
    a, b = left[:whole].view(np.uint64), right[:whole].view(np.uint64)
    step = _CHUNK_BYTES // 8
    equal = all(not (a[i : i + step] != b[i : i + step]).any() for i in range(0, len(a), step))
    return equal and bool((left[whole:] == right[whole:]).all())


def _median(work: Callable[[], object]) -> float:
    work()
    return statistics.median(_timed(work) for _ in range(_ROUNDS))


def _timed(work: Callable[[], object]) -> float:
    gc.collect()  # what the one before left behind is not this one's to clear away
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _peak_mb(contender: str, folder: Path, symbol: str, storage: str) -> float:
    job = (contender, str(folder), symbol, storage)
    command = [sys.executable, "-m", "benchmarks", _MEMORY_IN_CHILD, *job]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout.strip().splitlines()[-1]) / 1024


_PARTS: Mapping[str, Callable[[Console], None]] = {
    "speed": _speed,
    "studies": lambda console: measure_studies(console, *sp500()),
    "runs": lambda console: measure_runs(console, *sp500()),
    "verifying": measure_verifying,
    "memory": _memory,
    "comparing": _compare,
    "traces": measure_traces,
}


if __name__ == "__main__":
    main()
