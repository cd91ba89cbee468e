"""Mistakes in what both engines share of a unit: bars, components, orders, accounts, figures."""

from __future__ import annotations

from typing import Final

from parity.faults.catalogue.writing import fault
from parity.faults.fault import Fault
from parity.faults.scenarios import (
    COMPONENTS,
    COOLDOWN,
    DRAWDOWN,
    STOP_AT_THE_LIMIT,
    TIE,
    TWO_SYMBOLS,
    WALK,
)

__all__ = ["FAULTS"]

FAULTS: Final[tuple[Fault, ...]] = (
    fault(
        "X05-both-first-bar",
        "the first bar of a window only warms up",
        WALK,
        "oracle:trace",
        (
            "containers/data/bars.py",
            "int(self.end_ns.searchsorted(time_ns))",
            'int(self.end_ns.searchsorted(time_ns, side="right"))',
        ),
    ),
    fault(
        "X06-both-close",
        "orders fill at the close of the next bar",
        TWO_SYMBOLS,
        "oracle:trace",
        (
            "containers/trading/execution.py",
            "self._fill_pending(_OPEN)",
            "self._fill_pending(_CLOSE)",
        ),
    ),
    fault(
        "X06-both-late",
        "orders fill one bar late",
        TWO_SYMBOLS,
        "oracle:trace",
        (
            "containers/trading/execution.py",
            "if bars[order.symbol].time_ns == now]",
            "if bars[order.symbol].time_ns == now > order.time_ns + 86_400_000_000_000]",
        ),
    ),
    fault(
        "X07-both-tie",
        "a tie of two averages counts as above",
        TIE,
        "oracle:trace",
        ("containers/components/strategies.py", "if fast > slow:", "if fast >= slow:"),
    ),
    fault(
        "X08-both-average",
        "an average of one close too many",
        TWO_SYMBOLS,
        "oracle:trace",
        (
            "containers/components/windows.py",
            "_added(_residuals(series, length)) / length\n\n",
            "_added(_residuals(series, length)) / (length + 1)\n\n",
        ),
    ),
    fault(
        "F31-both-figures",
        "population instead of sample deviation",
        TWO_SYMBOLS,
        "oracle:metrics",
        ("containers/metrics.py", "math.sqrt(self._m2 / (n - 1))", "math.sqrt(self._m2 / n)"),
    ),
    fault(
        "F31-both-feature",
        "sample instead of population deviation",
        DRAWDOWN,
        "oracle:trace",
        (
            "containers/components/windows.py",
            "for r in _residuals(series, length)) / length)\n\n",
            "for r in _residuals(series, length)) / (length - 1))\n\n",
        ),
    ),
    fault(
        "X09-both-commission",
        "commission is received",
        TWO_SYMBOLS,
        "oracle:trace",
        (
            "containers/trading/account.py",
            "(self.cash - quantity * price) - commission",
            "(self.cash - quantity * price) + commission",
        ),
    ),
    fault(
        "X10-both-lots",
        "lots are rounded to the nearest",
        TWO_SYMBOLS,
        "oracle:trace",
        (
            "containers/trading/sizing.py",
            "math.trunc(quantity / lot_size",
            "round(quantity / lot_size",
        ),
    ),
    fault(
        "X09-both-slippage",
        "slippage in the trader's favour",
        TWO_SYMBOLS,
        "oracle:trace",
        (
            "containers/trading/costs.py",
            "side = 1.0 if quantity > 0 else -1.0",
            "side = 1.0 if quantity < 0 else -1.0",
        ),
    ),
    fault(
        "X11-both",
        "a flip's commission is shared the other way round",
        TWO_SYMBOLS,
        "oracle:trades",
        (
            "containers/trading/episodes.py",
            "commission * (abs(held) / abs(quantity))",
            "commission * (abs(after) / abs(quantity))",
        ),
    ),
    fault(
        "X12-both",
        "the cooldown takes one bar more",
        COOLDOWN,
        "oracle:trace",
        (
            "containers/trading/risk.py",
            "if self._cooling == cooldown:",
            "if self._cooling > cooldown:",
        ),
    ),
    fault(
        "X07-both-stop",
        "a stop is hit above the limit only",
        STOP_AT_THE_LIMIT,
        "oracle:trace",
        (
            "containers/trading/portfolio.py",
            "return bar if bar.close <= average * (1 - self._stop_loss) else None",
            "return bar if bar.close < average * (1 - self._stop_loss) else None",
        ),
    ),
    fault(
        "F30-both-start-of-bar",
        "a bar is known at its start",
        TWO_SYMBOLS,
        "oracle:trace",
        (
            "containers/data/timeframe.py",
            "return label_ns + np.int64(",
            "return label_ns + 0 * np.int64(",
        ),
    ),
    fault(
        "X13-both",
        "pending orders stay when a symbol ends",
        TWO_SYMBOLS,
        "oracle:trace",
        (
            "containers/trading/execution.py",
            "if symbol in self._ended:",
            "if symbol in self._ended[1:]:",
        ),
    ),
    fault(
        "X20-both",
        "weights of members count with their signs",
        COMPONENTS,
        "oracle:trace",
        ("containers/components/ensemble.py", "weights += abs(weight)", "weights += weight"),
    ),
    fault(
        "X08-both-smoothing",
        "gains are smoothed over one change less",
        COMPONENTS,
        "oracle:trace",
        (
            "containers/components/smoothing.py",
            "gain = (gain * (n - 1) + up) / n",
            "gain = (gain * (n - 2) + up) / n",
        ),
    ),
)
