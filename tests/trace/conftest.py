"""Events of a small unit that looks like a real one, for all tests of traces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

import pytest

from containers.events import (
    Bar,
    Cancellation,
    Classification,
    Event,
    Features,
    Fill,
    Order,
    OrderRequest,
    PortfolioUpdate,
    Rejection,
    Signal,
)
from containers.trace import Trace


def _endless(symbols: tuple[str, ...]) -> Iterator[Event]:
    seq = slice_ = 0
    id_ = "fast.moderate"
    while True:
        time = slice_ * 60_000_000_000
        last = 0
        for symbol in symbols:
            price = 100.0 + (seq * 7919 % 1000) / 7
            last, features = seq, seq + 1
            volume = None if slice_ % 5 == 0 else float(slice_)
            prices = (price, price + 1.0, price - 1.0, price + 0.25)
            yield Bar(seq, time, f"data/{symbol}/1m", None, symbol, "1m", *prices, volume)
            values = {"sma_10": price if slice_ > 2 else None, "std_20": price / 3}
            yield Features(
                features, time, f"features/{symbol}/1m", last, symbol, "1m", values if seq else {}
            )
            seq += 2
            if slice_ % 3 == 1:
                label = ("up", "down", "flat")[slice_ % 7 % 3]
                yield Classification(seq, time, "classifier/trend", features, symbol, label)
                yield Signal(
                    seq + 1,
                    time,
                    "strategy/fast",
                    features,
                    symbol,
                    slice_ % 2,
                    1.0,
                    slice_ % 3 or None,
                )
                yield OrderRequest(
                    seq + 2, time, f"portfolio/{id_}", seq + 1, symbol, 10.0, price, "signal"
                )
                ids = (f"risk/{id_}", seq + 2, id_, symbol)
                if slice_ % 2:
                    yield Order(seq + 3, time, *ids, 9.0, 10.0, ("max_drawdown", "max_leverage"))
                    yield Fill(
                        seq + 4, time, "execution", seq + 3, id_, symbol, 9.0, price, 1.0, "order"
                    )
                else:
                    yield Rejection(seq + 3, time, *ids, 0.0, 10.0, ())
                    yield Cancellation(
                        seq + 4, time, "execution", seq + 3, id_, symbol, 10.0, "end_of_data"
                    )
                seq += 5
        yield PortfolioUpdate(seq, time, f"portfolio/{id_}", last, 1000.0 - seq, 0.5 * seq, 1.0)
        seq += 1
        slice_ += 1


def endless(count: int) -> list[Event]:
    """Give the first events of a unit, as many as asked for; all ten kinds occur in 100."""
    return list(islice(_endless(("AAA", "BBB")), count))


@pytest.fixture(scope="session")
def unit() -> Callable[[int], list[Event]]:
    """Give `endless`."""
    return endless


@pytest.fixture(scope="session")
def long_unit(unit: Callable[[int], list[Event]]) -> list[Event]:
    """Give events for two whole chunks and a bit."""
    return unit(2 * 65_536 + 1000)


@pytest.fixture(scope="session")
def long_trace(long_unit: list[Event]) -> Trace:
    """Give these events as a trace in memory: making it takes longer than any one test."""
    return Trace.from_events(long_unit)
