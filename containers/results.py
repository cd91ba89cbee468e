"""What a run gives back: one schema for both engines.

The document (`WorkflowResult.to_document`) is what ``parity run --json`` prints: plain mappings,
lists, text and numbers, null where a figure is undefined. Traces stay out of it (a summary stands
for them); equity curves are part of it as two lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

__all__ = [
    "EquityCurve",
    "ErrorInfo",
    "IterationResult",
    "Label",
    "LoopIterationResult",
    "Metric",
    "Metrics",
    "PhaseResult",
    "PhaseStatus",
    "PlannedIteration",
    "PlannedRun",
    "PlannedRunPhase",
    "PortfolioResult",
    "Signals",
    "StoredSignal",
    "TraceSummary",
    "Trade",
    "Window",
    "WorkflowResult",
    "plain_part",
    "units",
]

Metric: TypeAlias = float | int | None
Metrics: TypeAlias = dict[str, Metric]
PhaseStatus: TypeAlias = Literal["succeeded", "failed", "skipped"]


class Window(msgspec.Struct, frozen=True):
    """A range of base bars of the first symbol that an iteration runs over.

    Attributes:
        name: What the iteration is: ``full``, ``train``, ``test``, ``window``, ``fold``, ``piece``,
            ``combination``, ``sample``.
        first_bar: Index of its first bar in the configured range.
        last_bar: Index of its last bar, inclusive.
        warmup_bars: Bars before ``first_bar`` that only warm up; 0 above the leaves.
        start_ns: End time of the first bar, int64 nanoseconds UTC.
        end_ns: End time of the last bar.
    """

    name: str
    first_bar: int
    last_bar: int
    warmup_bars: int
    start_ns: int
    end_ns: int


class ErrorInfo(msgspec.Struct, frozen=True):
    """A failure as a result carries it.

    Attributes:
        type: Class name of the first cause.
        message: Its message.
        path: Structural path of the phase and iteration, for example
            ``iteration=0/phase=backtest/window=0/unit=0``.
        container: Id of the container that failed; null when none did.
        activity: The lifecycle phase it failed in; null when none.
        causes: The chain of what it was raised from, nearest first, as ``Type: message``.
        attached: Errors in stop and cleanup that came after it; they never replace it.
    """

    type: str
    message: str
    path: str
    container: str | None = None
    activity: str | None = None
    causes: tuple[str, ...] = ()
    attached: tuple[ErrorInfo, ...] = ()


class Trade(msgspec.Struct, frozen=True):
    """An episode of one position from flat to flat.

    Attributes:
        portfolio: Id of the portfolio.
        symbol: What was traded.
        side: 1 long, -1 short.
        quantity: Shares entered in total, positive.
        entry_time: End of the slice of the first entry, int64 nanoseconds UTC.
        exit_time: End of the slice that closed it.
        entry_price: Average price of all entries, weighted by quantity.
        exit_price: Average price of all exits, weighted by quantity.
        bars_held: Base bars of the symbol from the first entry to the last exit.
        commission: Commissions of the episode, in currency.
        net_profit: side x (money out - money in) - commission, in currency.
    """

    portfolio: str
    symbol: str
    side: int
    quantity: float
    entry_time: int
    exit_time: int
    entry_price: float
    exit_price: float
    bars_held: int
    commission: float
    net_profit: float


class EquityCurve(msgspec.Struct, frozen=True):
    """Equity at each PORTFOLIO_UPDATE: two arrays of equal length, oldest first.

    Attributes:
        time_ns: End of the slice, int64 nanoseconds UTC.
        equity: Cash + positions value, float64, currency.
    """

    time_ns: npt.NDArray[np.int64]
    equity: npt.NDArray[np.float64]


class StoredSignal(msgspec.Struct, frozen=True, gc=False):
    """A SIGNAL as a signal_generation keeps it, to be replayed.

    Attributes:
        time_ns: End of its slice, int64 nanoseconds UTC.
        strategy: Name of the strategy, not the id of its container.
        symbol: What it is about.
        direction: -1, 0 or 1.
        strength: In [0, 1].
        seq: Its number in the unit that made it.
    """

    time_ns: int
    strategy: str
    symbol: str
    direction: int
    strength: float
    seq: int


class Signals(msgspec.Struct, frozen=True):
    """The signals of a unit, or of several one after the other.

    Attributes:
        strategies: Names of all strategies, in config order, also of those without a signal.
        rows: In the order in which they were published.
    """

    strategies: tuple[str, ...]
    rows: tuple[StoredSignal, ...]


class Label(msgspec.Struct, frozen=True, gc=False):
    """What a classifier said of a symbol, which holds until it says something else.

    Attributes:
        time_ns: End of the slice, int64 nanoseconds UTC.
        symbol: What it is about.
        label: The classifier's word.
    """

    time_ns: int
    symbol: str
    label: str


class PortfolioResult(msgspec.Struct, frozen=True):
    """What one portfolio did in one unit, or in several one after the other.

    Attributes:
        strategy: Name of its strategy.
        profile: Name of its risk profile.
        parameters: Of the strategy, all of them.
        metrics: Its figures, null where undefined.
        trades: Closed trades in order of their closing fills; null when they were not kept.
        equity_curve: Its equity; null when it was not kept.
    """

    strategy: str
    profile: str
    parameters: Mapping[str, Any]
    metrics: Metrics
    trades: tuple[Trade, ...] | None
    equity_curve: EquityCurve | None


class TraceSummary(msgspec.Struct, frozen=True):
    """What a trace holds.

    Attributes:
        events: Events of the unit, kept or not.
        kept: Events in the trace.
        dropped: Events that a limit removed again, oldest first.
        by_kind: Kept events of each kind that occurs.
        by_container: Kept events of each publisher.
        first_ns: Time of the first kept event; null without one.
        last_ns: Time of the last kept event; null without one.
        digest: Digest over all kept events, hexadecimal.
        path: Where it is stored, relative to the folder of the run; null in memory.
    """

    events: int
    kept: int
    dropped: int
    by_kind: Mapping[str, int]
    by_container: Mapping[str, int]
    first_ns: int | None
    last_ns: int | None
    digest: str
    path: str | None


class IterationResult(msgspec.Struct, frozen=True):
    """One iteration of a sequence: a unit, or the iterations below it and what they come to.

    Attributes:
        window: The bars it runs over.
        parameters: Its own changes, ``{strategy}.{parameter}`` to value.
        seed: The random seed of the configuration.
        spawn_key: Indexes of the random iterations it is in, outermost first; empty outside any.
        metrics: Of the best portfolio, or what stands for it; empty without portfolios.
        best_portfolio: Id of the best portfolio by the objective; null without one.
        portfolios: By id.
        aggregate_metrics: Sums of a unit, statistics above.
        best_parameters: What an optimisation in it has chosen.
        signals: Those it kept; null when it keeps none.
        iterations: Those below it, in order; empty in a leaf, which is a unit.
        trace_summary: Of a unit; null above.
        trace: Of a unit, a `containers.trace.Trace`; it stays out of documents.
    """

    window: Window
    parameters: Mapping[str, Any]
    seed: int
    spawn_key: tuple[int, ...] = ()
    metrics: Metrics = {}
    best_portfolio: str | None = None
    portfolios: Mapping[str, PortfolioResult] = {}
    aggregate_metrics: Mapping[str, Any] = {}
    best_parameters: Mapping[str, Any] = {}
    signals: Signals | None = None
    iterations: Sequence[IterationResult] = ()
    trace_summary: TraceSummary | None = None
    trace: Any = None


def units(
    iterations: Iterable[IterationResult], path: tuple[int, ...] = ()
) -> Iterator[tuple[tuple[int, ...], IterationResult]]:
    """Walk the leaves of a tree of iterations, in order, each with the indexes that lead to it.

    Args:
        iterations: The trees, for example those of a phase.
        path: What the indexes are appended to.
    """
    for index, iteration in enumerate(iterations):
        here = (*path, index)
        if iteration.iterations:
            yield from units(iteration.iterations, here)
        else:
            yield here, iteration


class PlannedIteration(msgspec.Struct, frozen=True):
    """An iteration of a sequence as it would run.

    Attributes:
        window: The bars it would run over.
        repeats: How many iterations over the same bars it stands for, itself the first. Where
            the warm-up is ``auto``, that of the others depends on their parameters.
        units: How many units all of them come to.
        iterations: Those below it, in order; empty in a leaf.
    """

    window: Window
    repeats: int
    units: int
    iterations: tuple[PlannedIteration, ...] = ()


class PlannedRunPhase(msgspec.Struct, frozen=True):
    """A phase as it would run.

    Attributes:
        name: Its name.
        topology: What its units are built by.
        sequence: As text, ``monte_carlo(walk_forward)``.
        depends_on: Phases it waits for.
        required: Whether its failure is the workflow's.
        conditions: As text.
        inputs: Name to path of the reference.
        units: How many units; null where references decide.
        combinations: Of the parameter space, where something walks it; null where nothing does.
        iterations: The tree; empty where references decide.
        containers: Ids of the containers of its first unit; empty where references decide, or
            a component cannot be made.
    """

    name: str
    topology: str
    sequence: str
    depends_on: tuple[str, ...]
    required: bool
    conditions: tuple[str, ...]
    inputs: Mapping[str, str]
    units: int | None
    combinations: int | None
    iterations: tuple[PlannedIteration, ...]
    containers: tuple[str, ...]


class PlannedRun(msgspec.Struct, frozen=True):
    """What a run would do in its first pass: phases in the order of execution."""

    workflow: str
    digest: str
    phases: tuple[PlannedRunPhase, ...]


class PhaseResult(msgspec.Struct, frozen=True):
    """What a phase did.

    ``metrics`` are those of its best portfolio by the primary metric, or what stands for it.
    ``signals`` are null unless its units keep them. With storage ``disk`` iterations, and trades
    and curves of portfolios, are read from files whenever they are asked for; a StorageError says
    that one is damaged or gone.
    """

    status: PhaseStatus
    sequence: str
    topology: str
    reason: str | None = None
    iterations: Sequence[IterationResult] = ()
    metrics: Metrics = {}
    best_portfolio: str | None = None
    portfolios: Mapping[str, PortfolioResult] = {}
    aggregate_metrics: Mapping[str, Any] = {}
    best_parameters: Mapping[str, Any] = {}
    signals: Signals | None = None
    outputs: Mapping[str, Any] = {}
    results_path: str | None = None
    error: ErrorInfo | None = None


class LoopIterationResult(msgspec.Struct, frozen=True):
    """One pass through a workflow's phases, with the branches it took."""

    index: int
    success: bool
    phase_results: Mapping[str, PhaseResult]
    branches: Mapping[str, WorkflowResult] = {}


class WorkflowResult(msgspec.Struct, frozen=True):
    """What `run_workflow` answers, from either engine.

    Attributes:
        phase_results: Of the last pass through the phases.
        iterations: Every pass, in order.
        aggregated_results: ``primary_metric`` and ``best_phase``.
        trace_summary: Over all units; counts are added up, ``digest`` chains theirs.
        error: The first failure that made the workflow fail; null on success.
    """

    workflow: str
    workflow_id: str
    engine: str
    success: bool
    error: ErrorInfo | None
    phase_results: Mapping[str, PhaseResult]
    iterations: tuple[LoopIterationResult, ...]
    branches: Mapping[str, Any]
    aggregated_results: Mapping[str, Any]
    outputs: Mapping[str, Any]
    trace_summary: TraceSummary | None
    metadata: Mapping[str, Any]

    def to_document(self) -> dict[str, Any]:
        """Give the result as plain mappings, lists and scalars, ready for JSON."""
        document: dict[str, Any] = msgspec.json.decode(
            msgspec.json.encode(self, enc_hook=plain_part)
        )
        return document


def plain_part(value: object) -> object:
    """Give what stands in a document for a part of a result that JSON does not know.

    Raises:
        TypeError: It has no place in a document.
    """
    if isinstance(value, np.ndarray):
        return value.tolist()
    if hasattr(value, "summary"):  # a trace: its summary already stands beside it
        return None
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"a result holds {type(value).__name__}, which has no place in a document")
