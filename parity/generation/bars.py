"""Bars from a few numbers: stretches of prices, each with a way of moving.

A stretch is cheap to draw (kind, length, seed) and shrinks to few, plain bars. What there is: bars
that stand still, that tie two averages, that trend, that wander, that jump, and whose high and low
are far away.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

__all__ = ["KINDS", "Prices", "Stretch", "prices"]


class Stretch(NamedTuple):
    """Some bars that move alike.

    Attributes:
        kind: One of `KINDS`.
        length: How many.
        seed: Chooses among the ways of its kind.
    """

    kind: str
    length: int
    seed: int


class Prices(NamedTuple):
    """Open, high, low and close of one bar, all above 0."""

    open: float
    high: float
    low: float
    close: float


def prices(stretches: Sequence[Stretch], first: float) -> list[Prices]:
    """Give the bars of all stretches, one after the other, the first at about ``first``."""
    made: list[Prices] = []
    price = first
    for stretch in stretches:
        for bar in KINDS[stretch.kind](price, stretch.length, random.Random(stretch.seed)):
            made.append(bar)
            price = bar.close
    return made


def _rounded(price: float) -> float:
    """Keep six digits, as prices are written, and stay within what floats multiply safely."""
    return min(max(float(f"{price:.6g}"), 1e-6), 1e12)


def _bar(open_: float, close: float, above: float = 0.0, below: float = 0.0) -> Prices:
    open_, close = _rounded(open_), _rounded(close)
    high = max(_rounded(max(open_, close) * (1 + above)), open_, close)
    low = min(_rounded(min(open_, close) * (1 - below)), open_, close)
    return Prices(open_, high, low, close)


def _flat(price: float, length: int, rng: random.Random) -> Iterator[Prices]:
    for _ in range(length):
        yield _bar(price, price)


def _ties(price: float, length: int, rng: random.Random) -> Iterator[Prices]:
    """Go up and down by the same step: averages over whole periods are equal."""
    step, half = price / 8, rng.choice([1, 1, 2, 3])
    for index in range(length):
        down = index // half % 2
        close = price if down else price + step
        yield _bar(price + step if down else price, close)


def _trend(price: float, length: int, rng: random.Random) -> Iterator[Prices]:
    factor = rng.choice([1.01, 0.99, 1.05, 0.95])
    for _ in range(length):
        close = price * factor
        yield _bar(price, close, 0.01, 0.01)
        price = close


def _walk(price: float, length: int, rng: random.Random) -> Iterator[Prices]:
    width = rng.choice([0.01, 0.03, 0.1])
    for _ in range(length):
        open_ = price * (1 + rng.uniform(-width, width) / 2)
        close = open_ * (1 + rng.uniform(-width, width))
        yield _bar(open_, close, rng.uniform(0, width), rng.uniform(0, width))
        price = close


def _jump(price: float, length: int, rng: random.Random) -> Iterator[Prices]:
    """Open far from the close before, once, and stay there."""
    price *= rng.choice([2.0, 0.5, 10.0, 0.1, 3.0])
    for _ in range(length):
        yield _bar(price, price * rng.choice([1.0, 1.01, 0.99]))


def _wide(price: float, length: int, rng: random.Random) -> Iterator[Prices]:
    for _ in range(length):
        yield _bar(price, price * rng.choice([1.0, 0.9, 1.1]), 1.5, 0.6)


KINDS: Final[dict[str, Callable[[float, int, random.Random], Iterator[Prices]]]] = {
    "flat": _flat,
    "walk": _walk,
    "ties": _ties,
    "trend": _trend,
    "jump": _jump,
    "wide": _wide,
}
"""Ways of moving; each goes on from a price, for so many bars."""
