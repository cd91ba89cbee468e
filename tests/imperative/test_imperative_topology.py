from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from containers.components import default_components
from imperative import TopologyBuilder, Unit
from imperative.preparation import prepare
from imperative.workflows import WORKFLOWS


@pytest.fixture
def unit(config: dict[str, Any], market_folder: Path) -> Unit:
    rows = "timestamp,open,high,low,close\n2024-01-01T00:00,100,101,99,100\n"
    (market_folder / "BBB_1h.csv").write_text(rows, encoding="utf-8")
    config |= {
        "symbols": ["AAA", {"symbol": "BBB", "timeframes": ["1d", "1h"]}],
        "strategies": [
            {"type": "momentum", "name": "m", "parameters": {"fast_period": 2, "slow_period": 3}},
            {"type": "mean_reversion", "name": "r", "symbols": ["AAA"]},
            {"type": "momentum", "name": "d", "timeframe": "1d", "parameters": {"fast_period": 3}},
        ],
        "risk_profiles": [{"type": "conservative"}, {"type": "moderate"}],
    }
    components = default_components()
    [phase] = prepare(config, workflows=WORKFLOWS, components=components).phases
    assert phase.resolved is not None
    ready = phase.resolved
    return TopologyBuilder().build(ready.configuration.settings, ready.market)


def test_containers_stand_in_topology_order(unit: Unit) -> None:
    pairs = [f"{s}.{p}" for s in ("m", "r", "d") for p in ("conservative", "moderate")]
    assert [container.id for container in unit.bus.containers] == [
        "data/AAA/1d",
        "data/BBB/1h",
        "data/BBB/1d",
        "features/AAA/1d",
        "features/BBB/1h",
        "features/BBB/1d",
        "strategy/m",
        "strategy/r",
        "strategy/d",
        *[f"portfolio/{pair}" for pair in pairs],
        *[f"risk/{pair}" for pair in pairs],
        "execution",
    ]
    assert list(unit.portfolios) == pairs


def test_features_are_those_of_the_strategies_that_step_on_the_stream_each_once(
    unit: Unit,
) -> None:
    features = {c.id: c.settings()["features"] for c in unit.bus.containers if c.role == "features"}
    assert features == {
        "features/AAA/1d": ["sma_2", "sma_3", "sma_20", "std_20", "sma_30"],
        "features/BBB/1h": ["sma_2", "sma_3"],
        "features/BBB/1d": ["sma_3", "sma_30"],
    }


def test_strategies_hear_the_streams_they_step_on(unit: Unit) -> None:
    heard = {
        strategy: [r.publisher for r in unit.bus.routes if r.subscriber == strategy]
        for strategy in ("strategy/m", "strategy/r", "strategy/d")
    }
    assert heard == {
        "strategy/m": ["data/AAA/1d", "data/BBB/1h", "features/AAA/1d", "features/BBB/1h"],
        "strategy/r": ["data/AAA/1d", "features/AAA/1d"],
        "strategy/d": ["data/AAA/1d", "data/BBB/1d", "features/AAA/1d", "features/BBB/1d"],
    }


def test_execution_hears_base_bars_and_portfolios_all_bars(unit: Unit) -> None:
    def bars_of(subscriber: str) -> list[str]:
        routes = unit.bus.routes
        return [r.publisher for r in routes if r.kind == "BAR" and r.subscriber == subscriber]

    assert bars_of("execution") == ["data/AAA/1d", "data/BBB/1h"]
    assert bars_of("portfolio/r.moderate") == ["data/AAA/1d", "data/BBB/1h", "data/BBB/1d"]


def test_fills_and_cancellations_go_to_their_portfolio_alone(unit: Unit) -> None:
    routes = [r for r in unit.bus.routes if r.publisher == "execution"]
    assert {(r.kind, r.subscriber) for r in routes} == {
        (kind, f"portfolio/{portfolio}")
        for kind in ("FILL", "CANCELLATION")
        for portfolio in unit.portfolios
    }
    assert all(r.subscriber == f"portfolio/{r.topic}" for r in routes)
