"""Strategies and classifiers: what they are given, what they look at, what they say."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from parity.oracle.indicators import Request, feature_name

__all__ = [
    "PARAMETERS",
    "View",
    "classify",
    "decide",
    "decide_ensemble",
    "is_classifier",
    "is_strategy",
    "requested_indicators",
]

View: TypeAlias = tuple[int, float]
"""Direction (-1, 0, 1) and strength (in [0, 1]) of a strategy for a symbol."""

Values: TypeAlias = Mapping[str, float | None]

# Parameters in each component's own order with their defaults; a float default makes a float.
PARAMETERS: Final[Mapping[str, Mapping[str, Any]]] = {
    "momentum": {"fast_period": 10, "slow_period": 30},
    "mean_reversion": {"lookback": 20, "num_std": 2.0},
    "rsi": {"period": 14, "oversold": 30.0, "overbought": 70.0},
    "breakout": {"lookback": 20},
    "rate_of_change": {"lookback": 10, "threshold": 0.0},
    "buy_and_hold": {},
    "ensemble": {"members": {}, "threshold": 0.0},
    "trend": {"fast_period": 10, "slow_period": 30},
    "volatility": {"lookback": 20, "low": 0.1, "high": 0.3},
}
_CLASSIFIERS: Final = ("trend", "volatility")


def is_strategy(kind: str) -> bool:
    """Tell whether the oracle has a strategy of this type."""
    return kind in PARAMETERS and kind not in _CLASSIFIERS


def is_classifier(kind: str) -> bool:
    """Tell whether the oracle has a classifier of this type."""
    return kind in _CLASSIFIERS


def requested_indicators(kind: str, parameters: Mapping[str, Any]) -> list[Request]:
    """List the indicators a component looks at, in its order.

    >>> requested_indicators("momentum", {"fast_period": 3, "slow_period": 5})
    [('sma', 3), ('sma', 5)]
    """
    match kind:
        case "momentum" | "trend":
            return [("sma", parameters["fast_period"]), ("sma", parameters["slow_period"])]
        case "mean_reversion":
            return [("sma", parameters["lookback"]), ("std", parameters["lookback"])]
        case "rsi":
            return [("rsi", parameters["period"])]
        case "breakout":
            return [("highest", parameters["lookback"]), ("lowest", parameters["lookback"])]
        case "rate_of_change":
            return [("roc", parameters["lookback"])]
        case "volatility":
            return [("return_std", parameters["lookback"])]
    return []


def decide(
    kind: str, parameters: Mapping[str, Any], values: Values, close: float, last: int
) -> int:
    """Give a strategy's direction at a bar: 0 until it is ready; ``last`` is its previous one."""
    seen = _ready(kind, parameters, values)
    if seen is None:
        return 0
    match kind:
        case "momentum":
            fast, slow = seen
            return (fast > slow) - (fast < slow)
        case "mean_reversion":
            sma, std = seen
            band = parameters["num_std"] * std
            if close < sma - band:
                return 1
            if close > sma + band:
                return -1
            back = (last == 1 and close >= sma) or (last == -1 and close <= sma)
            return 0 if back else last
        case "rsi":
            (rsi,) = seen
            if rsi < parameters["oversold"]:
                return 1
            return -1 if rsi > parameters["overbought"] else last
        case "breakout":
            highest, lowest = seen
            if close > highest:
                return 1
            return -1 if close < lowest else last
        case "rate_of_change":
            (roc,) = seen
            return _beyond(roc, parameters["threshold"])
    return 1  # buy_and_hold


def decide_ensemble(parameters: Mapping[str, Any], views: Mapping[str, View]) -> View:
    """Give the view of an ensemble from those of its members: their weighted vote.

    >>> decide_ensemble({"members": {"a": 3, "b": 1}, "threshold": 0.0}, {"a": (1, 1.0)})
    (1, 0.75)
    """
    votes, weights = 0.0, 0.0
    for name, weight in parameters["members"].items():
        direction, strength = views.get(name, (0, 1.0))
        votes += (weight * direction) * strength
        weights += abs(weight)
    vote = votes / weights
    return _beyond(vote, parameters["threshold"]), min(1.0, abs(vote))


def classify(
    kind: str, parameters: Mapping[str, Any], values: Values, periods_per_year: float
) -> str | None:
    """Give a classifier's label at a bar; null until it is ready."""
    seen = _ready(kind, parameters, values)
    if seen is None:
        return None
    if kind == "trend":
        fast, slow = seen
        return "up" if fast > slow else "down" if fast < slow else "flat"
    volatility = seen[0] * math.sqrt(periods_per_year)
    if volatility < parameters["low"]:
        return "low"
    return "high" if volatility > parameters["high"] else "normal"


def _ready(kind: str, parameters: Mapping[str, Any], values: Values) -> Sequence[float] | None:
    """Give what the component looks at, or null while any of it warms up."""
    seen = [values[feature_name(request)] for request in requested_indicators(kind, parameters)]
    known = [value for value in seen if value is not None]
    return known if len(known) == len(seen) else None


def _beyond(value: float, threshold: float) -> int:
    if value > threshold:
        return 1
    return -1 if value < -threshold else 0
