"""All invariants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from parity.channels import Channel
from parity.invariants import (
    accounting,
    aggregation,
    causes,
    execution,
    features,
    files,
    journals,
    lifecycles,
    limits,
    ordering,
    replays,
    resolved,
    statuses,
    summaries,
    topologies,
    trading,
    values,
    windows,
)
from parity.invariants.checking import Check, Invariant

__all__ = ["INVARIANTS"]

_TRACED: Final = (Channel.TRACE, Channel.CONFIG, Channel.PLAN, Channel.WINDOWS, Channel.TOPOLOGY)

_ABOVE: Final = (*_TRACED, Channel.METRICS, Channel.OUTPUTS)


def _of(name: str, source: str, needs: Iterable[Channel], check: Check, rule: str) -> Invariant:
    return Invariant(name, rule, source, frozenset(needs), check)


_C: Final = Channel
_DECIDED: Final = (_C.CONFIG, _C.PLAN, _C.WINDOWS, _C.STATUS)

_ALL: Final = (
    _of(
        "configurations", "1.4", [_C.CONFIG], resolved.check_configurations,
        "what was resolved fits together: names, portfolios, symbols, timeframes, members, sizes",
    ),
    _of(
        "digests", "1.5", [_C.CONFIG, _C.OUTPUTS], resolved.check_digests,
        "a digest is the hash of its resolved configuration, without paths and ways to run",
    ),
    _of(
        "statuses", "7.1", (*_DECIDED, _C.METRICS), statuses.check_statuses,
        "a phase runs after its dependencies, and is skipped when one failed or was skipped",
    ),
    _of(
        "conditions", "7.3", (*_DECIDED, _C.METRICS), statuses.check_conditions,
        "a phase runs when its thresholds are met, and else is skipped with the value as reason",
    ),
    _of(
        "success", "7.1", (*_DECIDED, _C.ERRORS), statuses.check_success,
        "a pass succeeds when every required phase succeeded or was skipped by a condition",
    ),
    _of(
        "passes", "7.6", (*_DECIDED, _C.HOOKS), statuses.check_passes,
        "passes count from 0, go on as should_continue says, and none follows at max_iterations",
    ),
    _of(
        "branches", "7.6", (*_DECIDED, _C.HOOKS, _C.OUTPUTS), statuses.check_branches,
        "the branches that get_branches names run in order, each name once, and none is a workflow "
        "around it",
    ),
    _of(
        "aggregated_results", "9.2", (*_DECIDED, _C.METRICS, _C.OUTPUTS),
        statuses.check_aggregated_results,
        "the best phase is the succeeded one with the best value of the metric, null last",
    ),
    _of(
        "journal", "9.1", [_C.STATUS], journals.check_journal,
        "every path has its records in their order, and is heard of in one piece",
    ),
    _of(
        "lifecycle", "10", [_C.TOPOLOGY, _C.LIFECYCLE], lifecycles.check_lifecycle,
        "containers move as the table says: forward in topology order, backward in reverse",
    ),
    _of(
        "units", "8", (*_DECIDED, _C.TOPOLOGY, _C.LIFECYCLE, _C.TRACE), lifecycles.check_units,
        "every iteration that is a unit was built, executed once, and has events",
    ),
    _of(
        "errors", "10.3", (*_DECIDED, _C.ERRORS, _C.TOPOLOGY, _C.LIFECYCLE),
        lifecycles.check_errors,
        "an error says where it happened, a phase that failed has one, later ones are attached",
    ),
    _of(
        "topology", "7.5", (*_DECIDED, _C.TOPOLOGY), topologies.check_topologies,
        "a unit has the containers and the routes of its topology, and no others",
    ),
    _of(
        "settings", "8.4", (*_DECIDED, _C.TOPOLOGY), resolved.check_settings,
        "a unit's containers have the phase's settings with the parameters of its iterations",
    ),
    _of(
        "numbers", "3.1", (*_TRACED, Channel.LIFECYCLE), ordering.check_numbers,
        "seq counts a unit's events from 0, without gaps, kept or not",
    ),
    _of(
        "time_order", "3", _TRACED, ordering.check_time_order,
        "slices run in order of time: no event is earlier than the one before it",
    ),
    _of(
        "step_order", "3", _TRACED, ordering.check_step_order,
        "steps are barriers: in a slice no step begins again after a later one",
    ),
    _of(
        "container_order", "3", _TRACED, ordering.check_container_order,
        "within a step containers act in topology order",
    ),
    _of(
        "slices", "2.4", (*_TRACED, Channel.LIFECYCLE), ordering.check_slices,
        "every bar of every stream in the unit's range is published, in the slice of its end",
    ),
    _of(
        "warm_up", "8.1", _TRACED, ordering.check_warm_up,
        "a unit has the bars of its window and of its warm-up, in which nobody trades",
    ),
    _of(
        "causes", "3.1", _TRACED, causes.check_causes,
        "every event has the cause that the table of events names, before it and in its unit",
    ),
    _of(
        "answers", "3", _TRACED, causes.check_answers,
        "every request has one answer, and every order one end: a fill or a cancellation",
    ),
    _of(
        "changes", "3", _TRACED, causes.check_changes,
        "a SIGNAL and a CLASSIFICATION say something else than the publisher's last of the symbol",
    ),
    _of(
        "features", "5.1", _TRACED, features.check_features,
        "FEATURES have the value of every declared indicator under its name, null while warming up",
    ),
    _of(
        "signals", "7.5", (*_TRACED, _C.OUTPUTS), replays.check_signals,
        "a signal_generation keeps every SIGNAL of its units, and nobody else keeps any",
    ),
    _of(
        "replay", "7.5", (*_TRACED, _C.OUTPUTS), replays.check_replay,
        "a signal_replay publishes what was stored, each in the slice of its time",
    ),
    _of(
        "equity", "3", _TRACED, accounting.check_equity,
        "an update's equity is its cash + its positions value",
    ),
    _of(
        "cash", "4.4", _TRACED, accounting.check_cash,
        "cash changes by fills alone: (cash - quantity x price) - commission",
    ),
    _of(
        "positions_value", "3", _TRACED, accounting.check_positions_value,
        "an update's positions value is the sum, in config order, of position x last base close",
    ),
    _of(
        "curves", "6", (*_TRACED, Channel.EQUITY), accounting.check_curves,
        "a unit's equity curve has one sample for each update of the portfolio, and no other",
    ),
    _of(
        "references", "4.1", _TRACED, limits.check_references,
        "a request's reference price is the symbol's last base close",
    ),
    _of(
        "reductions", "4.3", _TRACED, limits.check_reductions,
        "risk cuts or refuses by a rule that it names, in whole lots, and never adds or reverses",
    ),
    _of(
        "leverage", "4.3", _TRACED, limits.check_leverage,
        "an order that adds exposure leaves gross within max_leverage x equity",
    ),
    _of(
        "stops", "4.2", _TRACED, limits.check_stops,
        "a stop closes the whole position, where the profile has a stop_loss",
    ),
    _of(
        "fill_bars", "3", _TRACED, execution.check_fill_bars,
        "an order fills in the next base bar's slice, with same_close already in its own",
    ),
    _of(
        "prices", "4.4", _TRACED, execution.check_prices,
        "a fill's price is the bar's open or close x (1 + (side x slippage_bps) / 10000)",
    ),
    _of(
        "commissions", "4.4", _TRACED, execution.check_commissions,
        "a fill's commission follows from its quantity and price and the settings",
    ),
    _of(
        "ends", "3", _TRACED, execution.check_ends,
        "positions are closed where they must be, and short only where that is allowed",
    ),
    _of(
        "updates", "3", (*_TRACED, Channel.METRICS), execution.check_updates,
        "every portfolio has one update in every slice of the window, until its ruin",
    ),
    _of(
        "trades", "4.5", (*_TRACED, Channel.TRADES), trading.check_trades,
        "a unit's trades are the episodes that its fills make, in order of the closing fills",
    ),
    _of(
        "metrics", "6", (*_TRACED, Channel.METRICS), trading.check_metrics,
        "the figures of a unit's portfolio follow from its curve, trades and fills",
    ),
    _of(
        "windows", "8", (Channel.CONFIG, Channel.PLAN, Channel.WINDOWS, Channel.OUTPUTS),
        windows.check_windows,
        "the iterations are those that configuration, bars and seeds come to, in bars, disjoint",
    ),
    _of(
        "aggregation", "8.3", _ABOVE, aggregation.check_aggregation,
        "an iteration and a phase come to what follows from the iterations below them",
    ),
    _of(
        "summaries", "11", (*_ABOVE, _C.STATUS), summaries.check_summaries,
        "a summary counts the kept events of its units, and has the digest of their bits",
    ),
    _of(
        "levels", "11", _TRACED, summaries.check_levels,
        "a trace keeps what its level and its limit say, and no other event",
    ),
    _of(
        "finite", "6", [_C.METRICS, _C.OUTPUTS], values.check_numbers_are_finite,
        "what is undefined or overflows is null, never NaN or infinity",
    ),
    _of(
        "types", "6", [_C.METRICS], values.check_types,
        "counts and times are whole numbers, all other figures floats",
    ),
    _of(
        "files", "9.4", [_C.FILES, _C.CONFIG], files.check_files,
        "every file of a run is in its manifest with its bytes and digest, and nothing else is",
    ),
    _of(
        "output_files", "7.4", [_C.FILES], files.check_output_files,
        "the file of an output holds the output",
    ),
)  # fmt: skip

INVARIANTS: Final[Mapping[str, Invariant]] = {invariant.name: invariant for invariant in _ALL}
"""What is true of every run, by name, in the order in which it is looked at."""
