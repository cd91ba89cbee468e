"""The oracle as a subject: it fills trace, trades, equity and metrics of the units it can express.

Of a simple backtest it works out everything, from what the user wrote. Of any longer study it takes
from the control's record what was decided before each unit (configuration of the phase, window,
warm-up, parameters), and works out the unit.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from containers.configuration import UserInput, read_user
from containers.events import Event
from containers.trace import Trace, TraceRecorder
from parity.channels import ORACLE, Channel
from parity.levels import due_kinds
from parity.oracle import Backtest, CannotExpress, Market, load_streams, run_backtest, run_unit
from parity.oracle.settings import Settings
from parity.record import Record, TraceSettings
from parity.subjects.engine import told, told_by
from parity.subjects.units import units_of

__all__ = ["OracleSubject"]

_SIMPLE: Final = "simple_backtest"
_PHASE: Final = "iteration=0/phase=backtest"
_UNIT: Final = f"{_PHASE}/window=0/unit=0"


class OracleSubject:
    """A third reading of the rules, in a straight loop.

    Args:
        options: As those of any subject.
        control: The record to hold it against; null: it can then express simple backtests only.

    Attributes:
        beyond: Units that it could not express, counted by the reason; filled by `run`.
    """

    def __init__(self, options: Mapping[str, str], control: Record | None = None) -> None:
        text = ",".join(f"{key}={value}" for key, value in options.items())
        self.name = f"oracle:{text}" if text else "oracle"
        self._options = options
        self._told = told_by(options)
        self._control = control
        self.beyond: Final[Counter[str]] = Counter()

    def against(self, control: Record) -> OracleSubject:
        """Give one of the same name that is held against ``control``."""
        other = OracleSubject(self._options, control)
        other.name = self.name
        return other

    def run(self, config: Mapping[str, Any] | Path, root: Path) -> Record:
        """Run ``config``; nothing is stored below ``root``.

        What the oracle cannot express it refuses. It takes what an engine has found good: wrong
        configurations and data are not its business, and may raise anything.
        """
        began = time.perf_counter()
        user = told(read_user(config), self._told)
        self.beyond.clear()
        found = _Findings(self._control)
        workflow = str(user.data.get("workflow"))
        if self._control is None or workflow == _SIMPLE:
            self._run_simple(user, found)
        else:
            self._run_units(self._control, user.base_dir, found)
        elapsed = time.perf_counter() - began
        if not found.covers:
            return self._refusal(elapsed)
        return Record(
            subject=self.name,
            workflow=workflow,
            status="succeeded",
            declared=frozenset(found.channels),
            channels=found.channels,
            duration_s=elapsed,
            told=self._told,
            trace_settings=found.settings,
            covers=None if self._control is None else frozenset(found.covers),
        )

    def _run_simple(self, user: UserInput, found: _Findings) -> None:
        try:
            backtest = run_backtest(user.data, user.base_dir)
        except CannotExpress as silence:
            self.beyond[silence.reason] += 1
            return
        found.add(_UNIT, [_PHASE], backtest, _own_trace_settings(user.data))

    def _run_units(self, control: Record, base_dir: Path, found: _Findings) -> None:
        markets: dict[str, Market] = {}

        def load(settings: Settings) -> Market:
            # The same bars serve all units of a phase, and mostly of all phases.
            key = repr((settings.data, settings.symbols))
            if key not in markets:
                markets[key] = load_streams(settings)
            return markets[key]

        for recorded in units_of(control):
            if recorded is None:
                self.beyond["its record does not say what it was"] += 1
                continue
            try:
                backtest = run_unit(recorded.unit, base_dir, load)
            except CannotExpress as silence:
                self.beyond[silence.reason] += 1
                continue
            settings = control.settings_of(recorded.place)
            found.add(recorded.place, recorded.same_as, backtest, settings)

    def _refusal(self, duration_s: float) -> Record:
        reasons = "; ".join(self.beyond) or "the control's record has no unit"
        return Record(
            subject=self.name,
            workflow=None,
            status="refused",
            declared=ORACLE,
            channels={},
            duration_s=duration_s,
            explanation=f"beyond the oracle: {reasons}",
            beyond=reasons,
        )


class _Findings:
    """What the oracle has found, by channel.

    Args:
        control: Where it kept neither trades nor curves, none are given.
    """

    def __init__(self, control: Record | None) -> None:
        self.channels: Final[dict[Channel, dict[str, Any]]] = {Channel.TRACE: {}}
        self.settings: Final[dict[str, TraceSettings]] = {}
        self.covers: Final[set[str]] = set()
        self._kept: dict[Channel, set[str]] | None = None
        if control is not None:
            self._kept = {
                channel: {p.rpartition("/portfolio=")[0] for p in control.channels.get(channel, ())}
                for channel in (Channel.TRADES, Channel.EQUITY)
            }

    def add(
        self, unit: str, same_as: Iterable[str], backtest: Backtest, settings: TraceSettings
    ) -> None:
        """Put in what a unit gave, at its own place and wherever it is given again."""
        self.channels[Channel.TRACE][unit] = _trace(backtest.events, settings)
        self.settings[unit] = settings
        for place in (unit, *same_as):
            self.covers.add(place)
            for name, portfolio in backtest.portfolios.items():
                here = f"{place}/portfolio={name}"
                self._put(Channel.METRICS, here, portfolio.metrics)
                if self._keeps(Channel.TRADES, place):
                    self._put(Channel.TRADES, here, portfolio.trades)
                if self._keeps(Channel.EQUITY, place):
                    self._put(Channel.EQUITY, here, portfolio.equity_curve)

    def _put(self, channel: Channel, place: str, content: Any) -> None:
        self.channels.setdefault(channel, {})[place] = content

    def _keeps(self, channel: Channel, place: str) -> bool:
        return self._kept is None or place in self._kept[channel]


def _own_trace_settings(data: Mapping[str, Any]) -> TraceSettings:
    """Read what the trace keeps: the phase's own word before the workflow's."""
    own = (data.get("phases") or {}).get("backtest") or {}
    trace = {**(data.get("trace") or {}), **(own.get("trace") or {})}
    containers = {
        **((data.get("trace") or {}).get("containers") or {}),
        **((own.get("trace") or {}).get("containers") or {}),
    }
    level = own.get("trace_level", data["trace_level"])
    return TraceSettings(level, containers, trace.get("max_events"))


def _trace(events: Iterable[Event], settings: TraceSettings) -> Trace:
    recorder = TraceRecorder(settings.limit)
    kept: dict[str, Any] = {}
    count = 0
    for event in events:
        count += 1
        if event.container not in kept:
            kept[event.container] = due_kinds(event.container, settings.level, settings.overrides)
        if event.kind in kept[event.container]:
            recorder.keeper(event.kind)(event)
    return recorder.finish(count)
