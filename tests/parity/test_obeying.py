"""Settings in play: of iterations, of several strategies, and of records that hold anything."""

from __future__ import annotations

from typing import Any

import pytest

from containers.events import Features, Fill, OrderRequest, Signal
from parity.channels import ALL, Channel
from parity.obeying import configuration_at, parsed_path, path_text, settings_in_play
from parity.record import Record

UNIT = "iteration=0/phase=sweep/window=1/unit=0"
CONFIG = {
    "symbols": [{"symbol": "AAA", "timeframes": ["1d"]}, {"symbol": "BBB", "timeframes": ["1d"]}],
    "strategies": [
        {"type": "momentum", "name": "slow", "parameters": {"fast_period": 10, "slow_period": 30}},
        {"type": "momentum", "name": "fast", "parameters": {"fast_period": 1, "slow_period": 2}},
    ],
    "classifiers": [{"type": "trend", "name": "trend", "parameters": {"fast_period": 10}}],
    "risk_profiles": [{"name": "tame", "stop_loss": None}, {"name": "wild", "stop_loss": 0.2}],
    "execution": {"slippage_bps": 0.0, "fill": "next_open", "close_at_end": False},
    "walk_forward": {"train_bars": 10},
    "random_seed": 0,
}


def record(config: Any = CONFIG, **channels: Any) -> Record:
    content = {
        Channel.CONFIG: {"iteration=0/phase=sweep": [{"type": "ConfigResolved", "config": config}]},
        Channel.WINDOWS: {
            "iteration=0/phase=sweep/window=1": [{"parameters": {"fast.slow_period": 5}}]
        },
        Channel.PLAN: {
            "": [{"phases": [{"name": "sweep", "sequence": "monte_carlo(walk_forward)"}]}]
        },
        **{Channel(name): value for name, value in channels.items()},
    }
    return Record("s", "w", "succeeded", ALL, content, 0.0)


def paths(
    channel: Channel, inside: str, container: str | None, left: Any, right: Any, *fields: str
) -> list[str]:
    both = record(), record()
    found = settings_in_play(*both, channel, f"{UNIT}: {inside}", container, fields, left, right)
    return [setting.path for setting in found]


def test_an_iteration_changes_the_parameters_of_its_strategy_alone() -> None:
    config = configuration_at(record(), UNIT)
    assert config is not None
    assert [entry["parameters"]["slow_period"] for entry in config["strategies"]] == [30, 5]
    assert CONFIG["strategies"][1]["parameters"]["slow_period"] == 2  # type: ignore[index]


def test_a_signal_obeys_the_strategy_that_published_it() -> None:
    left = Signal(1, 0, "strategy/fast", 0, "AAA", 1, 1.0)
    right = Signal(1, 0, "strategy/fast", 0, "AAA", 0, 1.0)
    assert paths(Channel.TRACE, "event 1", "strategy/fast", left, right, "direction") == [
        "strategies[1].parameters.fast_period",
        "strategies[1].parameters.slow_period",
    ]


def test_a_feature_obeys_whoever_declares_it() -> None:
    left = Features(1, 0, "features/AAA/1d", 0, "AAA", "1d", {"sma_10": 1.0, "sma_5": 1.0})
    right = Features(1, 0, "features/AAA/1d", 0, "AAA", "1d", {"sma_10": 2.0, "sma_5": 1.0})
    assert paths(Channel.TRACE, "event 1", "features/AAA/1d", left, right, "values") == [
        "strategies[0].parameters.fast_period",
        "classifiers[0].parameters.fast_period",
    ]


def test_a_request_obeys_the_profile_of_its_portfolio() -> None:
    left = OrderRequest(1, 0, "portfolio/fast.wild", 0, "AAA", 1.0, 1.0, "signal")
    right = OrderRequest(1, 0, "portfolio/fast.wild", 0, "AAA", 1.0, 1.0, "stop_loss")
    found = paths(Channel.TRACE, "event 1", "portfolio/fast.wild", left, right, "reason")
    assert found == ["risk_profiles[1].stop_loss"]


def test_an_event_of_one_side_obeys_what_lets_it_come() -> None:
    fill = Fill(1, 0, "execution", 0, "fast.wild", "AAA", 1.0, 1.0, 0.0, "order")
    for left, right in ((fill, None), (None, fill)):
        found = paths(Channel.TRACE, "event 1", "execution", left, right)
        assert found == ["execution.fill", "execution.close_at_end"]


def test_a_window_obeys_the_sections_of_its_sequences() -> None:
    assert paths(Channel.WINDOWS, "[0].window.first_bar", None, 1, 2) == ["walk_forward"]
    assert paths(Channel.WINDOWS, "[0].seed", None, 1, 2) == ["random_seed", "walk_forward"]


@pytest.mark.parametrize(
    "config",
    [
        5,
        {},
        {"symbols": 5, "strategies": "x", "classifiers": {"a": 1}, "execution": []},
        {"symbols": [5, None], "strategies": [5, {}, {"name": 5, "parameters": 7}]},
        {"strategies": [{"name": "fast", "parameters": {"x": [1]}}], "risk_profiles": [None]},
    ],
)
def test_a_configuration_that_is_none_is_no_crash(config: Any) -> None:
    both = record(config), record(config, windows={UNIT: 5}, plan={"": 5, "x": [5, {"phases": 7}]})
    events = [
        Fill(1, 0, "execution", 0, "fast.wild", "AAA", 1.0, 1.0, 0.0, "order"),
        Signal(1, 0, "strategy/fast", 0, "AAA", 1, 1.0),
        Features(1, 0, "features/AAA/1d", 0, "AAA", "1d", {"sma_10": 1.0}),
    ]
    for event in events:
        for one, other in (both, both[::-1]):
            settings_in_play(
                one, other, Channel.TRACE, f"{UNIT}: event 1", event.container, (), event, None
            )
    for channel in Channel:
        settings_in_play(*both[::-1], channel, f"{UNIT}: [0].x", None, ("price",), 1, {"a": 2})
    assert configuration_at(record(5), UNIT) is None


@pytest.mark.parametrize(
    "path", [(), ("a",), ("a", 0, "b"), ("parameter_space", "fast.fast_period", 1), ("a", 0, 1)]
)
def test_a_path_that_was_written_is_read_back(path: tuple[str | int, ...]) -> None:
    assert parsed_path(path_text(path)) == path
