from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from containers.components import default_components
from containers.configuration import (
    ParameterRange,
    RandomSampling,
    SpaceKey,
    StrategySettings,
)
from containers.data import Bars, MarketData, Timeframe
from containers.errors import ConfigurationError
from imperative.parameters import items_with, strategies_with, strategy_of
from imperative.sequences.bootstrap import bootstrapped, check_bootstrap, draw_bars
from imperative.sequences.combinations import (
    combinations,
    count_combinations,
    need_keys,
)
from imperative.sequences.noise import generator, noisy_parameters

DAY = 86_400_000_000_000


def key(name: str, *values: int, **more: Any) -> SpaceKey:
    bounds = more.get("range")
    return SpaceKey(
        key=name,
        strategy=name.split(".")[0],
        parameter=(name.split(".")[1],),
        values=None if bounds else values,
        range=ParameterRange(*bounds) if bounds else None,
        integer=more.get("integer", True),
        minimum=more.get("minimum", 1),
    )


def tried(*space: SpaceKey, count: int | None = None, spawn_key: tuple[int, ...] = ()) -> Any:
    random = None if count is None else RandomSampling(count)
    return list(combinations(space, random, seed=7, spawn_key=spawn_key))


def strategy(name: str, kind: str = "momentum", **parameters: Any) -> StrategySettings:
    return StrategySettings(kind, name, parameters, None, None)


def test_the_last_key_is_the_fastest() -> None:
    space = (key("a.x", 1, 2), key("a.y", 3, 4, 5))
    assert [tuple(c.values()) for c in tried(*space)] == [
        (1, 3), (1, 4), (1, 5), (2, 3), (2, 4), (2, 5),
    ]  # fmt: skip
    assert list(tried(*space)[0]) == ["a.x", "a.y"]
    assert count_combinations(space, None) == 6


def test_a_sample_depends_on_its_index_alone() -> None:
    space = (key("a.x", 1, 2, 3), key("a.y", range=(0.0, 10.0)))
    assert tried(*space, count=5)[:3] == tried(*space, count=3)
    assert tried(*space, count=3, spawn_key=(1,)) != tried(*space, count=3)
    assert count_combinations(space, RandomSampling(5)) == 5


def test_a_sample_draws_what_numpy_draws() -> None:
    sequence = np.random.SeedSequence(7, spawn_key=(4, 1))
    draw = np.random.Generator(np.random.PCG64(sequence))
    expected = {"a.x": (1, 2, 3)[int(draw.integers(0, 3))], "a.y": float(draw.uniform(0.5, 2.0))}
    space = (key("a.x", 1, 2, 3), key("a.y", range=(0.5, 2.0), integer=False, minimum=0.0))
    assert tried(*space, count=2, spawn_key=(4,))[1] == expected


def test_integers_of_a_range_are_rounded_and_kept_at_their_minimum() -> None:
    for sample in tried(key("a.x", range=(-5.0, 1.4)), count=20):
        assert sample == {"a.x": 1}


def test_without_keys_there_is_nothing_to_walk() -> None:
    with pytest.raises(ConfigurationError, match="a parameter_sweep has no key") as caught:
        need_keys((), "a parameter_sweep")
    assert caught.value.problems[0].path == ("parameter_space",)


def test_noise_takes_strategies_in_order_and_leaves_weights() -> None:
    strategies = (
        strategy("fast", fast_period=10, slow_period=30),
        strategy("vote", "ensemble", members={"fast": 1.0}, threshold=0.2),
    )
    draw = generator(3, (0,))
    z = generator(3, (0,)).standard_normal(3).tolist()
    found = noisy_parameters(strategies, default_components(), 0.1, draw)
    assert found == {
        "fast.fast_period": max(1, round(10 * (1 + 0.1 * z[0]))),
        "fast.slow_period": max(1, round(30 * (1 + 0.1 * z[1]))),
        "vote.threshold": 0.2 * (1 + 0.1 * z[2]),
    }


def test_no_parameter_falls_below_its_minimum() -> None:
    strategies = (strategy("m", "mean_reversion", lookback=1, num_std=2.0),)
    for index in range(30):
        found = noisy_parameters(strategies, default_components(), 50.0, generator(1, (index,)))
        assert found["m.lookback"] >= 1
        assert found["m.num_std"] >= 0.0
        assert type(found["m.lookback"]) is int


def test_the_longest_strategy_name_counts() -> None:
    assert strategy_of("a.b.x", ["a", "a.b", "b"]) == "a.b"
    with pytest.raises(KeyError):
        strategy_of("c.x", ["a"])


def test_parameters_are_put_in_and_nothing_is_changed() -> None:
    before = (strategy("a", x=1), strategy("v", members={"a": 1.0, "b.c": 2.0}))
    after = strategies_with(before, {"a.x": 5, "v.members.b.c": 0.5})
    assert [dict(s.parameters) for s in after] == [{"x": 5}, {"members": {"a": 1.0, "b.c": 0.5}}]
    assert before[1].parameters["members"]["b.c"] == 2.0
    items: list[dict[str, Any]] = [
        {"type": "a"},
        {"type": "m", "name": "v", "parameters": {"y": 2}},
    ]
    assert items_with(items, {"a.x": 1, "v.z": 3}) == [
        {"type": "a", "parameters": {"x": 1}},
        {"type": "m", "name": "v", "parameters": {"y": 2, "z": 3}},
    ]
    assert items[0] == {"type": "a"}


def bars(symbol: str, closes: list[float], *, timeframe: str = "1d", shift: int = 0) -> Bars:
    close = np.array(closes, np.float64)
    labels = (np.arange(len(closes), dtype=np.int64) + shift) * DAY
    volume = np.arange(len(closes), dtype=np.float64)
    return Bars(
        symbol, Timeframe.parse(timeframe), labels, labels + DAY,
        close - 1.0, close + 2.0, close - 3.0, close, volume, np.ones(len(closes), np.bool_),
    )  # fmt: skip


def test_every_bar_drawn_once_in_order_is_the_market_itself() -> None:
    market = MarketData([bars("AAA", [100.0, 103.0, 101.0, 99.0])])
    same = bootstrapped(market, np.arange(4))
    first = market["AAA", "1d"]
    drawn = same["AAA", "1d"]
    # Bar 0 moves from its own open, so the first close of the range is not its close.
    start = 100.0 * (100.0 / 99.0)
    assert drawn.close.tolist() == pytest.approx([start, start * 1.03, start * 1.01, start * 0.99])
    assert drawn.end_ns.tolist() == first.end_ns.tolist()


def test_a_drawn_bar_moves_as_its_source_did() -> None:
    market = MarketData([bars("AAA", [100.0, 110.0, 99.0]), bars("BBB", [50.0, 40.0, 60.0])])
    drawn = bootstrapped(market, np.array([1, 1, 2]))
    closes = drawn["AAA", "1d"].close.tolist()
    assert closes[0] == 110.0 / 100.0 * 100.0
    assert closes[1] == 110.0 / 100.0 * closes[0]
    assert closes[2] == 99.0 / 110.0 * closes[1]
    assert drawn["AAA", "1d"].open.tolist()[1] == (109.0 / 100.0) * closes[0]
    assert drawn["BBB", "1d"].volume.tolist() == [1.0, 1.0, 2.0]


def test_blocks_are_drawn_until_all_bars_are_there() -> None:
    found = draw_bars(10, 4, generator(0, (0,)))
    again = generator(0, (0,))
    starts = [int(again.integers(0, 7)) for _ in range(3)]
    assert found.tolist() == [start + k for start in starts for k in range(4)][:10]


@pytest.mark.parametrize(
    ("others", "block", "message"),
    [
        ([], 4, "blocks of 4 bars do not fit into 3 bars"),
        ([bars("BBB", [1.0, 2.0, 3.0], timeframe="2d")], 2, "needs one timeframe"),
        ([bars("BBB", [5.0, 6.0, 7.0], shift=1)], 2, "end at the same times"),
        ([bars("BBB", [5.0, 6.0])], 2, "end at the same times"),
    ],
)
def test_what_cannot_be_drawn_together_is_refused(
    others: list[Bars], block: int, message: str
) -> None:
    market = MarketData([bars("AAA", [5.0, 6.0, 7.0]), *others])
    with pytest.raises(ConfigurationError, match=message) as caught:
        check_bootstrap(market, block)
    assert caught.value.problems[0].path == ("monte_carlo",)


def test_prices_that_leave_the_floats_are_told() -> None:
    market = MarketData([bars("AAA", [4.0, 4e300, 5.0])])
    with pytest.raises(ValueError, match="left the range of floats"):
        bootstrapped(market, np.array([1, 1, 1]))
