"""What is blamed when a container raises, and what an interruption leaves; see recovery too."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from containers.components import default_components
from containers.container import Role
from containers.journal import Entry, LifecycleMoved
from containers.trading import (
    FeaturesContainer,
    PortfolioContainer,
    StrategyContainer,
)
from tests.contract.conftest import Config, Run


class BoomError(RuntimeError):
    """What the failing containers raise."""


def told(entries: list[Entry]) -> list[tuple[str, str, str]]:
    """List the moves of containers as (container, trigger, target)."""
    moves = [entry.record for entry in entries if isinstance(entry.record, LifecycleMoved)]
    return [(move.container, move.trigger, move.target) for move in moves]


def test_an_interruption_stops_cleans_and_goes_on_its_way(run: Run, config: Config) -> None:
    class Interrupting(StrategyContainer):
        def publish_signals(self) -> None:
            raise KeyboardInterrupt

    journal: list[Entry] = []
    components = msgspec.structs.replace(
        default_components(), containers={Role.STRATEGY.value: Interrupting}
    )
    with pytest.raises(KeyboardInterrupt):
        run(config, components=components, journal=journal)
    moves = told(journal)
    started = [c for c, trigger, _ in moves if trigger == "start"]
    assert [c for c, trigger, _ in moves if trigger == "stop"] == started[::-1]
    assert [c for c, trigger, _ in moves if trigger == "cleanup"] == started[::-1]


def test_the_cause_of_a_cause_is_told(run: Run, config: Config) -> None:
    class Chained(FeaturesContainer):
        def publish_features(self) -> None:
            try:
                raise KeyError("inner")
            except KeyError as inner:
                raise BoomError("outer") from inner

    components = msgspec.structs.replace(
        default_components(), containers={Role.FEATURES.value: Chained}
    )
    error = run(config, components=components).error
    assert error is not None
    assert (error.message, error.causes) == ("outer", ("KeyError: 'inner'",))


def test_a_handler_that_raises_is_blamed_and_not_the_publisher(run: Run, config: Config) -> None:
    class Deaf(PortfolioContainer):
        def on_bar(self, bar: Any) -> None:
            raise BoomError("deaf")

    components = msgspec.structs.replace(
        default_components(), containers={Role.PORTFOLIO.value: Deaf}
    )
    error = run(config, components=components).error
    assert error is not None
    assert error.container == "portfolio/momentum.aggressive"
