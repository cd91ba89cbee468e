"""Runs, units and portfolios that all tests of storage write and read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from containers.results import (
    EquityCurve,
    IterationResult,
    PhaseResult,
    PortfolioResult,
    Signals,
    StoredSignal,
    Trade,
    Window,
)
from containers.storage import Identity, PhaseFolder, RunCard, RunFolder, UnitFolder

DIGEST = "0123456789abcdef0123456789abcdef"
IDENTITY = Identity(configuration="c" * 32, data={"AAA_1d": "d" * 32}, code="e" * 32, seed="7")

TRADES = (
    Trade("s.p", "AAA", 1, 10.0, 10, 30, 0.1, 0.3, 2, 0.0, 2.0),
    Trade("s.p", "BBB", -1, 5.0, 2**62, 2**62 + 1, 100.0, 110.0, 0, 1.5, -51.5),
)
SIGNALS = Signals(
    ("fast", "never"),
    (
        StoredSignal(2**62 + 1, "fast", "AAA", -1, 0.1 + 0.2, 0),
        StoredSignal(2**62 + 2, "fast", "ä", 0, 0.0, 2**40),
    ),
)


def card(**changes: Any) -> RunCard:
    fields: dict[str, Any] = {
        "engine": "imperative",
        "workflow": "simple_backtest",
        "storage": "disk",
        "identity": IDENTITY,
    }
    return RunCard(**{**fields, **changes})


def create(parent: Path, workflow_id: str | None = None, **changes: Any) -> RunFolder:
    return RunFolder.create(parent, card=card(**changes), digest=DIGEST, workflow_id=workflow_id)


def phase(parent: Path) -> PhaseFolder:
    return create(parent).phase((0, "backtest"))


def files(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def curve(samples: int = 2) -> EquityCurve:
    """Give a curve that begins with the numbers most easily lost on the way."""
    times = np.arange(samples, dtype=np.int64) + 2**62
    equities = np.sqrt(np.arange(samples, dtype=np.float64)) + 0.1
    equities[: min(samples, 2)] = (1000.0, 0.1 + 0.2)[: min(samples, 2)]
    return EquityCurve(times, equities)


def portfolio(
    trades: tuple[Trade, ...] | None = TRADES, samples: int | None = 2
) -> PortfolioResult:
    return PortfolioResult(
        strategy="s",
        profile="p",
        parameters={"fast": 3, "slow": 5.0},
        metrics={"num_trades": 2, "win_rate": 0.5, "sharpe_ratio": None},
        trades=trades,
        equity_curve=None if samples is None else curve(samples),
    )


def save_portfolio(unit: UnitFolder, name: str) -> None:
    sink = unit.portfolio_files(name)
    held = portfolio()
    assert held.equity_curve is not None
    assert held.trades is not None
    sink.add_samples(held.equity_curve)
    sink.complete(held.trades)


def window(name: str = "full", **changes: int) -> Window:
    fields = {"first_bar": 0, "last_bar": 9, "warmup_bars": 0, "start_ns": 1, "end_ns": 2}
    return Window(name=name, **{**fields, **changes})


def iteration(name: str = "full", **changes: Any) -> IterationResult:
    fields: dict[str, Any] = {"window": window(name), "parameters": {}, "seed": 7}
    return IterationResult(**{**fields, **changes})


def phase_result(**changes: Any) -> PhaseResult:
    fields: dict[str, Any] = {
        "status": "succeeded",
        "sequence": "single_pass",
        "topology": "backtest",
        "results_path": "0/backtest",
    }
    return PhaseResult(**{**fields, **changes})


def bits(found: EquityCurve | None) -> tuple[bytes, bytes]:
    assert found is not None
    assert (found.time_ns.dtype.str, found.equity.dtype.str) == ("<i8", "<f8")
    return found.time_ns.tobytes(), found.equity.tobytes()


def same_portfolios(
    found: Mapping[str, PortfolioResult], expected: Mapping[str, PortfolioResult]
) -> bool:
    """Compare bit by bit: structs that hold arrays have no equality of their own."""
    return list(found) == list(expected) and all(
        same_portfolio(found[name], expected[name]) for name in expected
    )


def same_portfolio(found: PortfolioResult, expected: PortfolioResult) -> bool:
    figures = [
        (p.strategy, p.profile, repr(dict(p.parameters)), repr(p.metrics), repr(p.trades))
        for p in (found, expected)
    ]
    curves = [p.equity_curve and bits(p.equity_curve) for p in (found, expected)]
    return figures[0] == figures[1] and curves[0] == curves[1]
