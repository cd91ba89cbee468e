"""Indicators, strategies and classifiers of the oracle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from containers.events import Classification, Event, Features, Signal
from parity.oracle import Backtest

if TYPE_CHECKING:
    from tests.oracle.conftest import RunBacktest

E = TypeVar("E", bound=Event)

DAY_NS = 86_400 * 10**9
# End of the daily bar of 2020-01-01: 18,263 days after 1970-01-01.
FIRST_END_NS = 18_263 * DAY_NS


def momentum(fast: int = 1, slow: int = 2) -> dict[str, Any]:
    return {"type": "momentum", "parameters": {"fast_period": fast, "slow_period": slow}}


def of(kind: type[E], result: Backtest) -> list[E]:
    return [event for event in result.events if isinstance(event, kind)]


def day(event: Event) -> int:
    """Number of the daily bar whose end is the event's time, from 1."""
    return (event.time_ns - FIRST_END_NS) // DAY_NS + 1


def signals(result: Backtest) -> list[tuple[int, int]]:
    return [(day(event), event.direction) for event in of(Signal, result)]


def test_momentum_is_flat_while_warming_up_and_on_a_tie(backtest: RunBacktest) -> None:
    # sma_2: null, 10, 10.5, 11, 10 against closes 10, 10, 11, 11, 9
    result = backtest({"A": [10, 10, 11, 11, 9]}, strategies=[momentum()])
    assert [event.values for event in of(Features, result)] == [
        {"sma_1": 10.0, "sma_2": None},
        {"sma_1": 10.0, "sma_2": 10.0},
        {"sma_1": 11.0, "sma_2": 10.5},
        {"sma_1": 11.0, "sma_2": 11.0},
        {"sma_1": 9.0, "sma_2": 10.0},
    ]
    assert signals(result) == [(3, 1), (4, 0), (5, -1)]


def test_mean_reversion_enters_beyond_the_band_keeps_and_leaves_at_the_mean(
    backtest: RunBacktest,
) -> None:
    # day 3: sma 9, std √2: 7 < 7.59. day 4: sma 8.33: keep. day 5: sma 7.67, std 0.47: 8 ≥ sma.
    # day 6: window 8 8 11, sma 9, std √2: 11 > 10.41. day 7: 8 11 9, sma 9.33 ≥ 9, std 1.25: 0
    strategy = {"type": "mean_reversion", "parameters": {"lookback": 3, "num_std": 1}}
    result = backtest({"A": [10, 10, 7, 8, 8, 11, 9]}, strategies=[strategy])
    assert signals(result) == [(3, 1), (5, 0), (6, -1), (7, 0)]
    assert of(Features, result)[2].values == {"sma_3": 9.0, "std_3": 1.4142135623730951}


def test_rsi_is_seeded_by_plain_means_then_smoothed(backtest: RunBacktest) -> None:
    # Changes +1 −1 +3 −7: means ½ ½ → 50; 1.75 ¼ → 87.5; 0.875 3.625 → 100 − 100 ÷ (1 + 7/29)
    result = backtest(
        {"A": [10, 11, 10, 13, 6]}, strategies=[{"type": "rsi", "parameters": {"period": 2}}]
    )
    values = [event.values["rsi_2"] for event in of(Features, result)]
    assert values[:4] == [None, None, 50.0, 87.5]
    assert values[4] == pytest.approx(100 * 7 / 36, rel=1e-14)
    assert signals(result) == [(4, -1), (5, 1)]


def test_rsi_without_losses_is_100_and_without_changes_50(backtest: RunBacktest) -> None:
    result = backtest(
        {"A": [10, 11, 12], "B": [10, 10, 10]},
        strategies=[{"type": "rsi", "parameters": {"period": 2}}],
    )
    assert [event.values["rsi_2"] for event in of(Features, result)[-2:]] == [100.0, 50.0]


def test_breakout_compares_with_the_bars_before_and_keeps_its_side(backtest: RunBacktest) -> None:
    # highest_2 and lowest_2 from day 3: 11 10, 12 11, 12 11 (day 5: 11.5 keeps), 12 11.5
    result = backtest(
        {"A": [10, 11, 12, 11, 11.5, 10]},
        strategies=[{"type": "breakout", "parameters": {"lookback": 2}}],
    )
    assert [event.values for event in of(Features, result)][1:3] == [
        {"highest_2": None, "lowest_2": None},
        {"highest_2": 11.0, "lowest_2": 10.0},
    ]
    assert signals(result) == [(3, 1), (6, -1)]


def test_rate_of_change_is_flat_within_its_threshold(backtest: RunBacktest) -> None:
    # roc_1: null, 0.5, 0.0, −0.25 (not below −0.25), −0.5
    strategy = {"type": "rate_of_change", "parameters": {"lookback": 1, "threshold": 0.25}}
    result = backtest({"A": [8, 12, 12, 9, 4.5]}, strategies=[strategy])
    assert signals(result) == [(2, 1), (3, 0), (5, -1)]


def test_an_ensemble_weighs_its_members_in_the_same_slice(backtest: RunBacktest) -> None:
    # day 1: (1 × 0 + 3 × 1) ÷ 4; day 2: momentum down: (−1 + 3) ÷ 4
    members = {"members": {"momentum": 1, "buy_and_hold": 3}, "threshold": 0.25}
    result = backtest(
        {"A": [10, 9]},
        strategies=[
            momentum(),
            {"type": "buy_and_hold"},
            {"type": "ensemble", "parameters": members},
        ],
    )
    views = [event for event in of(Signal, result) if event.container == "strategy/ensemble"]
    assert [(day(event), event.direction, event.strength) for event in views] == [
        (1, 1, 0.75),
        (2, 1, 0.5),
    ]


def test_a_classifier_speaks_once_it_is_ready_and_when_its_label_changes(
    backtest: RunBacktest,
) -> None:
    trend = {"type": "trend", "parameters": {"fast_period": 1, "slow_period": 2}}
    result = backtest({"A": [10, 10, 11, 12, 9]}, classifiers=[trend])
    labels = [(day(event), event.label) for event in of(Classification, result)]
    assert labels == [(2, "flat"), (3, "up"), (5, "down")]


def test_the_volatility_classifier_annualises_with_the_periods_of_the_unit(
    backtest: RunBacktest,
) -> None:
    # returns 0.1 and −0.1 have std 0.1, times √4 = 0.2; then −0.1 and 0.0: 0.05 × 2 = 0.1
    volatility = {"type": "volatility", "parameters": {"lookback": 2, "low": 0.15}}
    result = backtest(
        {"A": [10, 11, 9.9, 9.9]}, classifiers=[volatility], metrics={"periods_per_year": 4}
    )
    labels = [(day(event), event.label) for event in of(Classification, result)]
    assert labels == [(3, "normal"), (4, "low")]
