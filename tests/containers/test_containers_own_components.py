"""Components that a user wrote, in a folder that is not ours: those of docs/components.md."""

from __future__ import annotations

import re
import runpy
import struct
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from containers.components import ArrayIndicator, Components, UnitContext, default_components
from containers.configuration import validate_partial
from containers.data import Bars
from containers.errors import ConfigurationError
from containers.events import Bar, Classification, Event, Features, Signal
from containers.trading import ClassifierContainer, StrategyContainer

RunStreams: TypeAlias = Callable[..., list[Event]]
MakeBars: TypeAlias = Callable[[str, str, Sequence[tuple[float, float]]], Bars]

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "components.md"


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """What the first example defines, run from a folder of its own."""
    example = re.findall(r"^```python\n(.*?)^```", DOCUMENT.read_text("utf-8"), re.M | re.S)[0]
    file = tmp_path_factory.mktemp("elsewhere") / "mine.py"
    file.write_text(example, encoding="utf-8")
    return runpy.run_path(str(file))


@pytest.fixture
def components(mine: Mapping[str, Any]) -> Components:
    shipped = default_components()
    return replace(
        shipped,
        strategies={**shipped.strategies, "fade": mine["Fade"]},
        classifiers={**shipped.classifiers, "calm": mine["Calm"]},
    )


def test_the_parameters_of_own_components_are_checked_like_any_others(
    components: Components,
) -> None:
    part = {
        "strategies": [{"type": "fade", "parameters": {"size": 1}}],
        "classifiers": [{"type": "calm", "parameters": {"lookback": 5}}],
    }
    checked = validate_partial(part, components=components)
    assert repr(checked["strategies"][0]["parameters"]) == "{'size': 1.0}"
    part["strategies"][0]["parameters"] = {"sise": -1}
    with pytest.raises(ConfigurationError, match=r"did you mean 'size'\?"):
        validate_partial(part, components=components)


def test_own_components_run(components: Components, run_streams: RunStreams) -> None:
    strategy = components.strategies["fade"](size=0.25)
    classifier = components.classifiers["calm"](UnitContext(4.0), lookback=1, limit=0.5)
    events = run_streams(
        {"AAA/1d": [(8.0, 8.0), (12.0, 8.0), (10.0, 10.0), (5.0, 5.0)]},
        [*strategy.indicators, *classifier.indicators],
        {
            ClassifierContainer("classifier/calm", classifier=classifier): ["AAA/1d"],
            StrategyContainer("strategy/fade", strategy=strategy): ["AAA/1d"],
        },
    )
    gaps = [event.values["gap"] for event in events if isinstance(event, Features)]
    assert gaps == [None, 0.5, 0.25, -0.5]
    signals = [(e.time_ns, e.direction) for e in events if isinstance(e, Signal)]
    assert signals == [(1, -1), (3, 1)]
    # The deviation of a single return is 0.
    labels = [(e.time_ns, e.label) for e in events if isinstance(e, Classification)]
    assert labels == [(1, "calm")]


prices = st.floats(min_value=0.01, max_value=1e4)


@given(rows=st.lists(st.tuples(prices, prices), min_size=1, max_size=9), cut=st.integers(0, 9))
def test_an_own_indicator_over_arrays_has_the_bits_of_its_steps(
    mine: Mapping[str, Any], make_bars: MakeBars, rows: list[tuple[float, float]], cut: int
) -> None:
    indicator = mine["Gap"]()
    assert isinstance(indicator, ArrayIndicator)
    state, stepped = indicator.initial, []
    for first, close in rows:
        bar = Bar(0, 0, "data/AAA/1d", None, "AAA", "1d", first, first, close, close, None)
        state, value = indicator.step(state, bar)
        stepped += [] if value is None else [value]
    bars, edge = make_bars("AAA", "1d", rows), min(cut, len(rows))
    middle, early = indicator.over(indicator.initial, bars.rows(0, edge - 1))
    end, late = indicator.over(middle, bars.rows(edge, len(rows) - 1))
    assert end == state
    over = [*early.tolist(), *late.tolist()]
    assert [struct.pack("<d", v) for v in over] == [struct.pack("<d", v) for v in stepped]
