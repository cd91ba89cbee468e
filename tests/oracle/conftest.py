"""Small markets written as files, and a configuration around them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import pytest

from parity.oracle import Backtest, run_backtest
from parity.oracle.settings import merge

Price: TypeAlias = float | tuple[float, float]
"""A close, which is the open too, or an open and a close."""

Market: TypeAlias = Mapping[str, Sequence[Price] | Mapping[str, Price]]
"""Bars by ``symbol`` or ``symbol_timeframe``: on consecutive days, or by label."""

BUY_AND_HOLD = {"type": "buy_and_hold"}


class RunBacktest(Protocol):
    def __call__(self, market: Market, **config: Any) -> Backtest: ...


@pytest.fixture
def backtest(tmp_path: Path) -> RunBacktest:
    """Run the oracle on a market: same_close, capital 1000, one aggressive buy-and-hold."""

    def run(market: Market, **config: Any) -> Backtest:
        base = {
            "workflow": "simple_backtest",
            "data": {"data_dir": "."},
            "symbols": write_market(tmp_path, market),
            "strategies": [BUY_AND_HOLD],
            "risk_profiles": [{"type": "aggressive"}],
            "execution": {"fill": "same_close"},
            "portfolio": {"initial_capital": 1000},
        }
        return run_backtest(merge(base, config), tmp_path)

    return run


def write_market(folder: Path, market: Market) -> list[str]:
    """Write a market's files; give its symbols, each once."""
    symbols = []
    for stem, bars in market.items():
        symbol, _, timeframe = stem.partition("_")
        _write(folder / f"{symbol}_{timeframe or '1d'}.csv", bars)
        symbols.append(symbol)
    return list(dict.fromkeys(symbols))


def _write(path: Path, bars: Sequence[Price] | Mapping[str, Price]) -> None:
    if not isinstance(bars, Mapping):
        first = dt.date(2020, 1, 1)
        bars = {str(first + dt.timedelta(days=day)): price for day, price in enumerate(bars)}
    lines = ["timestamp,open,high,low,close,volume"]
    for label, price in bars.items():
        open_, close = price if isinstance(price, tuple) else (price, price)
        lines.append(f"{label},{open_},{max(open_, close)},{min(open_, close)},{close},")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
