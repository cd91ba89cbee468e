"""The same work for every contender: a moving-average cross, all in, long only, 10 bps.

Configuration and data are loaded before the clock starts. A contender is a callable that runs the
whole backtest once, results included.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import pandas as pd

from benchmarks.bare_loop import run_bare_loop
from containers.components import default_components
from containers.data import Bars, load_market
from containers.storage import UnitFolder

__all__ = ["CONTENDERS", "LEVELS", "Contender", "minutes_config", "prepare", "sp500", "synthetic"]

Contender: TypeAlias = Callable[[], object]

LEVELS: Final = ("none", "minimal", "standard", "detailed")
CONTENDERS: Final = (
    "bare loop",
    "backtesting.py",
    *(f"{engine}, trace {level}" for engine in ("imperative", "declarative") for level in LEVELS),
)

_MARKET = Path(__file__).resolve().parents[1] / "fixtures" / "market"
_FAST, _SLOW, _CAPITAL, _BPS = 10, 30, 1_000_000.0, 10.0


def sp500() -> tuple[Path, str]:
    """Give folder and symbol of the S&P 500, daily."""
    return _MARKET, "SP500"


def synthetic(folder: Path, bars: int) -> tuple[Path, str]:
    """Write ``bars`` minutes of a random walk in hundredths, and give folder and symbol."""
    generator = np.random.Generator(np.random.PCG64(7))
    closes = 100.0 + np.cumsum(generator.integers(-5, 6, bars)) / 100
    closes = np.abs(closes - 20) + 20  # reflected, so that it stays a price
    opens = np.roll(closes, 1)
    opens[0] = closes[0]
    times = pd.Timestamp("2000-01-01", tz="UTC") + pd.to_timedelta(np.arange(bars), unit="min")
    frame = {
        "timestamp": times,
        "open": opens,
        "high": np.maximum(opens, closes),
        "low": np.minimum(opens, closes),
        "close": closes,
        "volume": 1000.0,
    }
    pd.DataFrame(frame).to_parquet(folder / "WALK_1m.parquet")
    return folder, "WALK"


def prepare(contender: str, folder: Path, symbol: str, *, storage: str = "memory") -> Contender:
    """Load everything ``contender`` needs and give the run to be timed."""
    timeframe = next(folder.glob(f"{symbol}_*")).stem.rpartition("_")[2]
    if contender == "bare loop":
        bars = load_market(folder, [(symbol, [timeframe])]).base(symbol)
        return lambda: run_bare_loop(
            bars, symbol, fast=_FAST, slow=_SLOW, capital=_CAPITAL, commission_bps=_BPS
        )
    if contender == "backtesting.py":
        return _backtesting(load_market(folder, [(symbol, [timeframe])]).base(symbol))
    engine, _, level = contender.partition(", trace ")
    config = {**_config(folder, symbol, timeframe, _BPS), "trace_level": level}
    return (_imperative if engine == "imperative" else _declarative)(config, storage)


def minutes_config(folder: Path, symbol: str) -> dict[str, Any]:
    """Give a configuration over minutes whose run goes on to the end: nothing costs anything."""
    return {**_config(folder, symbol, "1m", 0.0), "trace_level": "detailed"}


def _config(folder: Path, symbol: str, timeframe: str, commission_bps: float) -> dict[str, Any]:
    return {
        "workflow": "simple_backtest",
        "data": {"data_dir": str(folder)},
        "symbols": [{"symbol": symbol, "timeframes": [timeframe]}],
        "strategies": [
            {"type": "momentum", "parameters": {"fast_period": _FAST, "slow_period": _SLOW}}
        ],
        "risk_profiles": [{"type": "aggressive"}],
        "execution": {"commission_bps": commission_bps},
        "portfolio": {"initial_capital": _CAPITAL},
    }


def _imperative(config: Mapping[str, Any], storage: str) -> Contender:
    from imperative.preparation import prepare as prepare_run
    from imperative.topology import TopologyBuilder
    from imperative.unit import run_unit
    from imperative.workflows import WORKFLOWS

    [phase] = prepare_run(config, workflows=WORKFLOWS, components=default_components()).phases
    ready = phase.resolved
    if ready is None:
        raise TypeError("the phase holds references, which a benchmark has no values for")
    builder = TopologyBuilder()

    def run() -> object:
        with _folder(storage) as folder:
            return run_unit(
                builder.build(ready.configuration.settings, ready.market, folder=folder)
            )

    return run


def _declarative(config: Mapping[str, Any], storage: str) -> Contender:
    from declarative import DeclarativeWorkflowManager, run_unit

    phase = DeclarativeWorkflowManager().prepare(config).phases[0]

    def run() -> object:
        # Anew each time, as the first unit of a phase: nothing is kept of the one before.
        with _folder(storage) as folder:
            return run_unit(phase.unit(), folder=folder)

    return run


@contextmanager
def _folder(storage: str) -> Iterator[UnitFolder | None]:
    """Give a unit's folder that is gone afterwards; null in memory."""
    if storage == "memory":
        yield None
        return
    with tempfile.TemporaryDirectory() as name:
        yield UnitFolder(Path(name), "")


def _backtesting(bars: Bars) -> Contender:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its optional plotting
        from backtesting import Backtest, Strategy
        from backtesting.lib import crossover

    class Cross(Strategy):  # type: ignore[misc]  # the package has no types
        def init(self) -> None:
            close = pd.Series(self.data.Close)
            self.fast = self.I(lambda: close.rolling(_FAST).mean())
            self.slow = self.I(lambda: close.rolling(_SLOW).mean())

        def next(self) -> None:
            if crossover(self.fast, self.slow):
                self.buy()
            elif crossover(self.slow, self.fast):
                self.position.close()

    frame = pd.DataFrame(
        {
            "Open": bars.open,
            "High": bars.high,
            "Low": bars.low,
            "Close": bars.close,
            "Volume": bars.volume,
        },
        index=pd.to_datetime(bars.label_ns),
    )
    backtest = Backtest(frame, Cross, cash=_CAPITAL, commission=_BPS / 10000)

    def run() -> object:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a position open at the end
            return backtest.run()

    return run
