"""A result, sorted into channels: the tree of passes, branches, phases and iterations.

Places are those of the journal: ``iteration=0/branch=wide/iteration=0/phase=x/window=2/window=0``,
for a leaf with ``/unit=0`` behind it. Figures, trades and curves are recorded wherever a result has
them; null ones were not kept, which is recorded too.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from containers.results import (
    IterationResult,
    LoopIterationResult,
    PhaseResult,
    PortfolioResult,
    WorkflowResult,
)
from parity.channels import Channel
from parity.recording.plain import plain, plain_error

__all__ = ["add_result"]


def add_result(
    channels: Mapping[Channel, dict[str, Any]], result: WorkflowResult, root: Path | None
) -> None:
    """Sort ``result`` into ``channels``; ``root`` is struck from what errors say.

    Left out: the id of the run, and the engine's name for itself.
    """
    _Sorter(channels, root).add_workflow(result, "")


class _Sorter:
    def __init__(self, channels: Mapping[Channel, dict[str, Any]], root: Path | None) -> None:
        self._channels = channels
        self._root = root

    def add_workflow(self, result: WorkflowResult, place: str) -> None:
        self._status(place, success=result.success)
        self._error(place, result.error)
        self._put(
            Channel.OUTPUTS,
            place,
            workflow=result.workflow,
            aggregated_results=result.aggregated_results,
            outputs=result.outputs,
            trace_summary=result.trace_summary,
            metadata=result.metadata,
        )
        for position, one in enumerate(result.iterations):
            self._add_pass(one, _below(place, f"iteration={position}"))
        self._add_shortcuts(result, place)

    def _add_shortcuts(self, result: WorkflowResult, place: str) -> None:
        """Record that what a result gives a second time is what it gave; else record it all."""
        last = result.iterations[-1].phase_results if result.iterations else {}
        branches = {
            f"{one.index}/{name}": branch
            for one in result.iterations
            for name, branch in one.branches.items()
        }
        self._put(
            Channel.OUTPUTS,
            place,
            phase_results={
                name: _is_same(phase, last.get(name))
                for name, phase in result.phase_results.items()
            },
            branches={
                name: _is_same(branch, branches.get(name))
                for name, branch in result.branches.items()
            },
        )
        for name, phase in result.phase_results.items():
            if not _is_same(phase, last.get(name)):
                self._add_phase(phase, _below(place, f"phase_results/phase={name}"))
        for name, branch in result.branches.items():
            if not _is_same(branch, branches.get(name)):
                self.add_workflow(branch, _below(place, f"branches/branch={name}"))

    def _add_pass(self, one: LoopIterationResult, place: str) -> None:
        self._status(place, success=one.success, index=one.index)
        for name, phase in one.phase_results.items():
            self._add_phase(phase, f"{place}/phase={name}")
        for name, branch in one.branches.items():
            self.add_workflow(branch, f"{place}/branch={name}")

    def _add_phase(self, phase: PhaseResult, place: str) -> None:
        self._status(place, status=phase.status, reason=phase.reason)
        self._error(place, phase.error)
        if phase.results_path is not None:
            self._put(Channel.FILES, f"{place}/result", results_path=phase.results_path)
        self._put(
            Channel.OUTPUTS,
            place,
            sequence=phase.sequence,
            topology=phase.topology,
            outputs=phase.outputs,
        )
        self._add_figures(phase, place)
        for index, iteration in enumerate(phase.iterations):
            self._add_iteration(iteration, f"{place}/window={index}")

    def _add_iteration(self, iteration: IterationResult, place: str) -> None:
        own = place if iteration.iterations else f"{place}/unit=0"
        self._put(
            Channel.OUTPUTS,
            own,
            window=iteration.window,
            parameters=iteration.parameters,
            seed=iteration.seed,
            spawn_key=iteration.spawn_key,
            trace_summary=iteration.trace_summary,
        )
        self._add_figures(iteration, own)
        if iteration.trace is not None:
            self._channels[Channel.TRACE][own] = iteration.trace
        for index, below in enumerate(iteration.iterations):
            self._add_iteration(below, f"{place}/window={index}")

    def _add_figures(self, found: PhaseResult | IterationResult, place: str) -> None:
        """Record what a phase and an iteration come to alike."""
        portfolios = dict(found.portfolios)  # which are read, where they lie in files
        self._put(
            Channel.OUTPUTS,
            place,
            best_portfolio=found.best_portfolio,
            best_parameters=found.best_parameters,
            aggregate_metrics=found.aggregate_metrics,
            signals=found.signals,
            portfolios={name: _described(p) for name, p in portfolios.items()},
        )
        self._channels[Channel.METRICS][place] = dict(found.metrics)
        for name, portfolio in portfolios.items():
            here = f"{place}/portfolio={name}"
            self._channels[Channel.METRICS][here] = portfolio.metrics
            if portfolio.trades is not None:
                self._channels[Channel.TRADES][here] = portfolio.trades
            if portfolio.equity_curve is not None:
                self._channels[Channel.EQUITY][here] = portfolio.equity_curve

    def _status(self, place: str, **values: Any) -> None:
        self._put(Channel.STATUS, place, **values)

    def _error(self, place: str, error: Any) -> None:
        if error is not None:
            self._put(Channel.ERRORS, _below(place, "result"), error=plain_error(error, self._root))

    def _put(self, channel: Channel, place: str, **values: Any) -> None:
        content = self._channels[channel].setdefault(place, {})
        content.update({key: plain(value) for key, value in values.items()})


def _described(portfolio: PortfolioResult) -> dict[str, Any]:
    return {
        "strategy": portfolio.strategy,
        "profile": portfolio.profile,
        "parameters": portfolio.parameters,
        "trades_kept": portfolio.trades is not None,
        "curve_kept": portfolio.equity_curve is not None,
    }


def _is_same(left: object, right: object) -> bool:
    """Whether two parts of a result hold the same, bit by bit; traces count by their summaries."""
    return left is right or _packed(left) == _packed(right)


def _packed(part: object) -> bytes:
    # MessagePack, unlike JSON, keeps 1 from 1.0 and NaN from null.
    return msgspec.msgpack.encode(plain(part))


def _below(place: str, part: str) -> str:
    return f"{place}/{part}" if place else part
