"""Numbers and nulls: nothing that is undefined is a number, nothing that is a number is NaN."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Final

from parity.channels import Channel
from parity.invariants.findings import Findings, surely_finite
from parity.invariants.run import Run

__all__ = ["check_numbers_are_finite", "check_types"]

_CHANNELS: Final = (
    Channel.CONFIG,
    Channel.WINDOWS,
    Channel.METRICS,
    Channel.OUTPUTS,
    Channel.HOOKS,
)
_WHOLE: Final = ("num_trades", "bars", "ruined_at")
_ALWAYS: Final = (
    "final_equity",
    "total_return",
    "max_drawdown",
    "num_trades",
    "bars",
    "periods_per_year",
)


def check_numbers_are_finite(run: Run, found: Findings) -> None:
    """Look for NaN and infinity anywhere in results and records."""
    for channel in _CHANNELS:
        for place, content in run.channel(channel).items():
            found.compared += 1
            if not _is_clean(content):
                _walk(f"{channel} {place}", content, found)
    for place, trades in run.channel(Channel.TRADES).items():
        for number, trade in enumerate(trades):
            for value in (
                trade.quantity, trade.entry_price, trade.exit_price, trade.commission,
                trade.net_profit,
            ):  # fmt: skip
                if not math.isfinite(value):
                    found.breaks(f"{place}: trade {number}", "finite numbers", repr(value))


def _is_clean(tree: Any) -> bool:
    """Whether a plain tree has neither NaN nor infinity; where it is not plain, it may have."""
    if surely_finite(tree):
        return True
    try:
        json.dumps(tree, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return True


def _walk(place: str, tree: Any, found: Findings) -> None:
    if isinstance(tree, float):
        if tree - tree != 0.0:
            found.breaks(place, "a finite number, or null", repr(tree))
    elif isinstance(tree, Mapping):
        for key, value in tree.items():
            if type(value) is not str:
                _walk(f"{place}.{key}", value, found)
    elif isinstance(tree, list | tuple) and tree and type(tree[0]) is not str:
        for number, value in enumerate(tree):
            _walk(f"{place}[{number}]", value, found)


def check_types(run: Run, found: Findings) -> None:
    """Hold the type of every figure of a portfolio against the table of metrics."""
    for place, figures in run.channel(Channel.METRICS).items():
        if "/portfolio=" not in place:
            continue
        for name, value in figures.items():
            due = int if name in _WHOLE else float
            fits = type(value) is due or (value is None and name not in _ALWAYS[3:])
            found.holds(f"{place}: {name}", fits, due.__name__, repr(value))
