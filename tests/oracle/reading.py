"""Reading what the oracle gave, in the units a person counts in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from containers.events import (
    Event,
    Fill,
    Order,
    PortfolioUpdate,
    Rejection,
    Signal,
)
from containers.results import Trade
from parity.oracle import Backtest

if TYPE_CHECKING:
    pass

E = TypeVar("E", bound=Event)

DAY_NS = 86_400 * 10**9
# End of the daily bar of 2020-01-01: 18,263 days after 1970-01-01.
FIRST_END_NS = 18_263 * DAY_NS
NEXT_OPEN = {"execution": {"fill": "next_open"}}


def momentum(fast: int = 1, slow: int = 2) -> dict[str, Any]:
    return {"type": "momentum", "parameters": {"fast_period": fast, "slow_period": slow}}


def fixed(quantity: float, **rules: Any) -> list[dict[str, Any]]:
    return [{"type": "custom", "fixed_quantity": quantity, **rules}]


def of(kind: type[E], result: Backtest) -> list[E]:
    return [event for event in result.events if isinstance(event, kind)]


def day(event: Event) -> int:
    """Number of the daily bar whose end is the event's time, from 1."""
    return (event.time_ns - FIRST_END_NS) // DAY_NS + 1


def signals(result: Backtest) -> list[tuple[int, int]]:
    return [(day(event), event.direction) for event in of(Signal, result)]


def trades(result: Backtest, portfolio: str) -> tuple[Trade, ...]:
    kept = result.portfolios[portfolio].trades
    assert kept is not None
    return kept


def fills(result: Backtest) -> list[tuple[int, float, float]]:
    return [(day(event), event.quantity, event.price) for event in of(Fill, result)]


def orders(result: Backtest) -> list[tuple[float, float, tuple[str, ...]]]:
    return [
        (event.requested, event.quantity, event.rules)
        for event in result.events
        if isinstance(event, Order | Rejection)
    ]


def equities(result: Backtest) -> list[float]:
    return [event.equity for event in of(PortfolioUpdate, result)]
