"""All invariants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from parity.channels import Channel
from parity.invariants import accounting
from parity.invariants.checking import Check, Invariant

__all__ = ["INVARIANTS"]

_TRACED: Final = (Channel.TRACE, Channel.CONFIG, Channel.PLAN, Channel.WINDOWS, Channel.TOPOLOGY)


def _of(name: str, source: str, needs: Iterable[Channel], check: Check, rule: str) -> Invariant:
    return Invariant(name, rule, source, frozenset(needs), check)


_ALL: Final = (
    _of(
        "equity", "3", _TRACED, accounting.check_equity,
        "an update's equity is its cash + its positions value",
    ),
    _of(
        "cash", "4.4", _TRACED, accounting.check_cash,
        "cash changes by fills alone: (cash - quantity x price) - commission",
    ),
    _of(
        "positions_value", "3", _TRACED, accounting.check_positions_value,
        "an update's positions value is the sum, in config order, of position x last base close",
    ),
    _of(
        "curves", "6", (*_TRACED, Channel.EQUITY), accounting.check_curves,
        "a unit's equity curve has one sample for each update of the portfolio, and no other",
    ),
)  # fmt: skip

INVARIANTS: Final[Mapping[str, Invariant]] = {invariant.name: invariant for invariant in _ALL}
"""What is true of every run, by name, in the order in which it is looked at."""
