"""Units of longer studies: windows, warm-up, changed parameters, combinations side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from containers.events import Bar, Classification, Features, Fill, PortfolioUpdate, Signal
from containers.results import Window
from parity.oracle import Backtest, CannotExpress, Unit, run_unit
from parity.oracle.settings import DEFAULTS, merge
from tests.oracle.conftest import Market, RunBacktest, write_market
from tests.oracle.reading import day, equities, fills, momentum, of, signals

TREND = {"type": "trend", "parameters": {"fast_period": 1, "slow_period": 2}}
SECTIONS: Mapping[str, Any] = {
    "random_seed": 0,
    "parameter_space": {},
    "parameter_sweep": {"random": None, "only": None, "skip": []},
    "monte_carlo": {"method": "parameter_noise"},
    "walk_forward": {"close_at_end": True},
    "train_test": {"close_at_end": True},
    "k_fold": {"close_at_end": True},
}
PRICES = [10, 11, 12, 11, 10, 9, 10, 11]


class Units:
    """Runs units over a market on a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def run(
        self,
        market: Market,
        windows: Sequence[tuple[str, int, int, int]],
        *,
        sequence: str = "walk_forward",
        topology: str = "backtest",
        parameters: Mapping[str, Any] | None = None,
        **config: Any,
    ) -> Backtest:
        symbols = write_market(self._folder, market)
        base = {
            "data": {"data_dir": "."},
            "symbols": symbols,
            "strategies": [{"type": "buy_and_hold"}],
            "risk_profiles": [{"type": "aggressive"}],
            "execution": {"fill": "same_close"},
            "portfolio": {"initial_capital": 1000},
        }
        unit = Unit(
            topology=topology,
            sequence=sequence,
            config=merge(merge(merge(DEFAULTS, SECTIONS), base), config),
            windows=[
                Window(
                    name=name, first_bar=first, last_bar=last, warmup_bars=warmup, start_ns=0,
                    end_ns=0,
                )
                for name, first, last, warmup in windows
            ],
            parameters=parameters or {},
        )  # fmt: skip
        return run_unit(unit, self._folder)


@pytest.fixture
def units(tmp_path: Path) -> Units:
    return Units(tmp_path)


def train(first: int, last: int, warmup: int = 0) -> list[tuple[str, int, int, int]]:
    return [("window", 0, 7, 0), ("train", first, last, warmup)]


def test_a_window_without_warm_up_is_a_backtest_of_its_bars(
    units: Units, backtest: RunBacktest
) -> None:
    cut = units.run({"A": PRICES}, train(2, 5), strategies=[momentum()])
    whole = backtest(
        {"A": PRICES},
        strategies=[momentum()],
        data={"start_date": "2020-01-03", "end_date": "2020-01-06"},
    )
    assert list(cut.events) == list(whole.events)
    name = "momentum.aggressive"
    assert cut.portfolios[name].metrics == whole.portfolios[name].metrics


def test_before_the_window_bars_and_features_and_labels_alone_are_published(units: Units) -> None:
    result = units.run({"A": PRICES}, train(3, 5, 2), strategies=[momentum()], classifiers=[TREND])
    warm = [event for event in result.events if day(event) < 4]
    assert [type(event) for event in warm] == [Bar, Features, Bar, Features, Classification]
    # Features start with the first warm-up bar: day 2 has no average of two, day 3 has.
    seen = [event.values["sma_2"] for event in of(Features, result)]
    assert seen == [None, 11.5, 11.5, 10.5, 9.5]
    assert result.slices == 5


def test_a_window_knows_what_the_warm_up_saw_and_trades_from_its_first_bar(units: Units) -> None:
    # Days 2, 3 rise; day 4 falls: without warm-up the first view would come a day later.
    result = units.run({"A": [10, 11, 12, 13, 14]}, train(2, 4, 1), strategies=[momentum()])
    assert signals(result) == [(3, 1)]
    # 1000 ÷ 12 = 83 shares; the window's metrics count its own three bars.
    assert fills(result) == [(3, 83.0, 12.0)]
    metrics = result.portfolios["momentum.aggressive"].metrics
    assert metrics["bars"] == 3
    assert equities(result) == [1000.0, 1083.0, 1166.0]


def test_bars_held_and_the_end_of_a_symbol_know_the_window_alone(units: Units) -> None:
    # Bought on day 3 at 12, closed by the window's end on day 5, though data go on.
    result = units.run({"A": [10, 11, 12, 13, 14, 15]}, [("window", 0, 4, 0), ("test", 2, 4, 2)])
    (trade,) = result.portfolios["buy_and_hold.aggressive"].trades or ()
    assert (trade.bars_held, trade.exit_price) == (2, 14.0)
    assert [event.reason for event in of(Fill, result)] == ["order", "close_at_end"]


@pytest.mark.parametrize(
    ("windows", "sequence", "section", "closed"),
    [
        ([("window", 0, 7, 0), ("test", 2, 4, 0)], "walk_forward", "walk_forward", True),
        ([("window", 0, 7, 0), ("test", 2, 4, 0)], "walk_forward", "k_fold", None),
        ([("fold", 0, 7, 0), ("test", 2, 4, 0)], "k_fold", "k_fold", True),
        ([("test", 2, 4, 0)], "train_test", "train_test", True),
        ([("test", 2, 4, 0)], "out_of_sample", "train_test", True),
        (
            [("test", 2, 4, 0), ("sample", 2, 4, 0)],
            "train_test(monte_carlo)",
            "train_test",
            True,
        ),
        ([("train", 2, 4, 0)], "train_test", "train_test", False),
    ],
)
def test_a_test_closes_its_positions_unless_its_section_says_not(
    units: Units,
    windows: list[tuple[str, int, int, int]],
    sequence: str,
    section: str,
    closed: bool | None,
) -> None:
    result = units.run({"A": PRICES}, windows, sequence=sequence)
    assert (len(of(Fill, result)) == 2) is (closed is not False)
    off: dict[str, Any] = {section: {"close_at_end": False}}
    result = units.run({"A": PRICES}, windows, sequence=sequence, **off)
    assert (len(of(Fill, result)) == 2) is (closed is None)  # another section decides nothing


def test_the_last_window_takes_all_that_follows_and_others_end_before_their_next_bar(
    units: Units,
) -> None:
    market: Market = {
        "A": {"2020-01-01": 10, "2020-01-03": 10, "2020-01-05": 10},
        "B": [20, 21, 22, 23, 24, 25, 26],
    }
    for first, last, days in ((0, 0, [1, 2]), (1, 1, [3, 4]), (2, 2, [5, 6, 7])):
        result = units.run(market, train(first, last))
        seen = [day(event) for event in of(Bar, result) if event.symbol == "B"]
        assert seen == days


def test_only_what_no_window_cuts_has_what_ends_before_the_first_bar(units: Units) -> None:
    market: Market = {"A": {"2020-01-03": 10, "2020-01-04": 11}, "B": [20, 21, 22, 23]}
    for names, sequence, days in (
        (["full"], "single_pass", [1, 2, 3, 4]),
        (["sample", "combination"], "monte_carlo(parameter_sweep)", [1, 2, 3, 4]),
        (["train", "full"], "in_sample(single_pass)", [3, 4]),
    ):
        windows = [(name, 0, 1, 0) for name in names]
        result = units.run(market, windows, sequence=sequence)
        assert [day(e) for e in of(Bar, result) if e.symbol == "B"] == days


def test_a_symbol_without_a_base_bar_in_the_window_is_never_traded(units: Units) -> None:
    market: Market = {"A": PRICES, "B_1d": [5, 5], "B_2d": [5, 5, 5, 5]}
    symbols = ["A", {"symbol": "B", "timeframes": ["1d", "2d"]}]
    result = units.run(
        market,
        [("window", 0, 7, 0), ("test", 2, 4, 1)],
        symbols=symbols,
        strategies=[{"type": "buy_and_hold", "timeframe": None}, {
            "type": "buy_and_hold", "name": "slow", "symbols": ["B"], "timeframe": "2d"
        }],
    )  # fmt: skip
    assert any(event.symbol == "B" for event in of(Signal, result))
    assert {event.symbol for event in of(Fill, result)} == {"A"}


def test_parameters_go_to_the_strategy_with_the_longest_name_that_fits(units: Units) -> None:
    strategies = [
        {**momentum(1, 2), "name": "a"},
        {**momentum(1, 2), "name": "a.b"},
        {"type": "ensemble", "parameters": {"members": {"a": 1.0, "a.b": 1.0}}},
    ]
    result = units.run(
        {"A": PRICES},
        [("combination", 0, 7, 0)],
        sequence="parameter_sweep",
        strategies=strategies,
        parameters={"a.b.slow_period": 3, "ensemble.members.a.b": 0.25},
    )
    found = {p.strategy: p.parameters for p in result.portfolios.values()}
    assert found["a"]["slow_period"] == 2
    assert found["a.b"]["slow_period"] == 3
    assert found["ensemble"]["members"] == {"a": 1.0, "a.b": 0.25}


def test_an_optimization_has_all_strategies_of_one_combination_before_those_of_the_next(
    units: Units,
) -> None:
    strategies = [
        momentum(1, 2),
        {"type": "ensemble", "parameters": {"members": {"momentum": 1.0}}},
    ]
    space = {"momentum.fast_period": [1, 2], "momentum.slow_period": [3, 4]}
    result = units.run(
        {"A": PRICES},
        [("full", 0, 7, 0)],
        sequence="single_pass",
        topology="optimization",
        strategies=strategies,
        parameter_space=space,
    )
    names = [p.strategy for p in result.portfolios.values()]
    assert names == [f"{name}#{k}" for k in range(4) for name in ("momentum", "ensemble")]
    periods = [
        (p.parameters["fast_period"], p.parameters["slow_period"])
        for p in result.portfolios.values()
        if "fast_period" in p.parameters
    ]
    assert periods == [(1, 3), (1, 4), (2, 3), (2, 4)]  # the last key is fastest
    members = [p.parameters["members"] for p in list(result.portfolios.values())[1::2]]
    assert members == [{f"momentum#{k}": 1.0} for k in range(4)]


def test_keys_that_only_and_skip_leave_out_are_not_combined(units: Units) -> None:
    def names(**sweep: Any) -> int:
        result = units.run(
            {"A": PRICES},
            [("train", 0, 3, 0)],
            sequence="train_test",
            topology="optimization",
            strategies=[momentum(), {"type": "breakout"}],
            parameter_space={"momentum.slow_period": [2, 3, 4], "breakout.lookback": [2, 3]},
            parameter_sweep=sweep,
        )
        return len(result.portfolios) // 2

    assert (names(), names(only=["momentum"]), names(skip=["momentum"])) == (6, 3, 2)


def test_random_combinations_are_drawn_one_generator_each(units: Units) -> None:
    # PCG64(SeedSequence(7, spawn_key=(i,))), integers(0, 3) first, then uniform(0.1, 6.0), gave
    # (0, 0.413…), (2, 0.451…), (1, 2.971…); a period is at least 1.
    result = units.run(
        {"A": PRICES},
        [("full", 0, 7, 0)],
        sequence="single_pass",
        topology="optimization",
        strategies=[momentum()],
        random_seed=7,
        parameter_space={
            "momentum.fast_period": [1, 2, 3],
            "momentum.slow_period": {"low": 0.1, "high": 6.0},
        },
        parameter_sweep={"random": {"count": 3}},
    )
    drawn = [tuple(p.parameters.values()) for p in result.portfolios.values()]
    assert drawn == [(1, 1), (3, 1), (2, 3)]


def test_the_test_of_an_optimization_runs_the_best_parameters_alone(units: Units) -> None:
    result = units.run(
        {"A": PRICES},
        [("window", 0, 7, 0), ("test", 4, 7, 2)],
        topology="optimization",
        strategies=[momentum()],
        parameter_space={"momentum.slow_period": [2, 3]},
        parameters={"momentum.slow_period": 3},
    )
    assert list(result.portfolios) == ["momentum.aggressive"]


def test_signal_generation_has_no_portfolios_and_an_analysis_labels_alone(units: Units) -> None:
    for topology, kinds in (
        ("signal_generation", {Bar, Features, Classification, Signal}),
        ("analysis", {Bar, Features, Classification}),
    ):
        result = units.run(
            {"A": PRICES},
            [("full", 0, 7, 0)],
            sequence="single_pass",
            topology=topology,
            strategies=[momentum(2, 3)],
            classifiers=[TREND],
        )
        assert {type(event) for event in result.events} == kinds
        assert result.portfolios == {}
        assert of(PortfolioUpdate, result) == []
    assert list(of(Features, result)[0].values) == ["sma_1", "sma_2"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"topology": "signal_replay"}, "it replays stored signals"),
        ({"topology": "mine"}, "the oracle has no topology 'mine'"),
        ({"sequence": "walk_forward(mine)"}, "the oracle has no sequence 'mine'"),
        ({"sequence": "k_fold"}, "k_fold has no iteration called 'window'"),
        (
            {
                "sequence": "monte_carlo(walk_forward)",
                "windows": [("sample", 0, 7, 0), ("window", 0, 7, 0), ("test", 2, 4, 0)],
                "monte_carlo": {"method": "block_bootstrap"},
            },
            "it runs over bootstrapped bars",
        ),
        ({"parameters": {"mine.x": 1}}, "no strategy has the parameter 'mine.x'"),
    ],
)
def test_what_the_oracle_does_not_cover_it_says(
    units: Units, changes: dict[str, Any], reason: str
) -> None:
    windows = changes.pop("windows", train(0, 7))
    with pytest.raises(CannotExpress) as said:
        units.run({"A": PRICES}, windows, **changes)
    assert said.value.reason == reason
