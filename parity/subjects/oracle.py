"""The oracle as a subject: it fills trace, trades, equity and metrics of single-pass backtests."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from containers.configuration import read_user
from containers.events import Event
from containers.trace import Trace, TraceRecorder, kept_kinds
from parity.channels import ORACLE, Channel
from parity.oracle import CannotExpress, run_backtest
from parity.record import Record, TraceSettings
from parity.subjects.engine import told, told_by

__all__ = ["OracleSubject"]

_UNIT = "iteration=0/phase=backtest/window=0/unit=0"


class OracleSubject:
    """A third reading of the rules, in a straight loop."""

    name = "oracle"

    def __init__(self, options: Mapping[str, str]) -> None:
        self._told = told_by(options)

    def run(self, config: Mapping[str, Any] | Path, root: Path) -> Record:
        """Run ``config``; nothing is stored below ``root``.

        What the oracle cannot express it refuses. It takes what an engine has found good: wrong
        configurations and data are not its business, and may raise anything.
        """
        began = time.perf_counter()
        user = told(read_user(config), self._told)
        try:
            backtest = run_backtest(user.data, user.base_dir)
        except CannotExpress as silence:
            return self._refusal(silence.reason, time.perf_counter() - began)
        settings, limit = _trace_settings(user.data)
        trace = _trace(backtest.events, settings, limit)
        places = {name: f"{_UNIT}/portfolio={name}" for name in backtest.portfolios}
        portfolios = backtest.portfolios
        return Record(
            subject=self.name,
            workflow=str(user.data.get("workflow")),
            status="succeeded",
            declared=ORACLE,
            channels={
                Channel.TRACE: {_UNIT: trace},
                Channel.TRADES: {places[name]: p.trades for name, p in portfolios.items()},
                Channel.EQUITY: {places[name]: p.equity_curve for name, p in portfolios.items()},
                Channel.METRICS: {places[name]: p.metrics for name, p in portfolios.items()},
            },
            duration_s=time.perf_counter() - began,
            told=self._told,
            trace_settings={_UNIT: settings},
        )

    def _refusal(self, reason: str, duration_s: float) -> Record:
        return Record(
            subject=self.name,
            workflow=None,
            status="refused",
            declared=ORACLE,
            channels={},
            duration_s=duration_s,
            explanation=f"beyond the oracle: {reason}",
        )


def _trace_settings(data: Mapping[str, Any]) -> tuple[TraceSettings, int | None]:
    """Read what the trace keeps: the phase's own word before the workflow's."""
    own = (data.get("phases") or {}).get("backtest") or {}
    trace = {**(data.get("trace") or {}), **(own.get("trace") or {})}
    containers = {
        **((data.get("trace") or {}).get("containers") or {}),
        **((own.get("trace") or {}).get("containers") or {}),
    }
    level = own.get("trace_level", data["trace_level"])
    limit = trace.get("max_events")
    return TraceSettings(level, containers, limit), limit


def _trace(events: Any, settings: TraceSettings, limit: int | None) -> Trace:
    recorder = TraceRecorder(limit)
    kept: dict[str, Any] = {}
    count = 0
    event: Event
    for event in events:
        count += 1
        if event.container not in kept:
            kept[event.container] = kept_kinds(event.container, settings.level, settings.overrides)
        if event.kind in kept[event.container]:
            recorder.keeper(event.kind)(event)
    return recorder.finish(count)
