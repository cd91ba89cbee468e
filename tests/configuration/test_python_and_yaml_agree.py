from __future__ import annotations

import datetime
import json
import string
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from containers.components import default_components
from containers.configuration import (
    config_digest,
    names,
    read_user,
    validate_partial,
    validate_resolved,
)
from containers.strict_yaml import loads
from containers.yaml_scalars import scalar

COMPONENTS = default_components()
COMPLETE = loads((Path(__file__).parent / "complete.yaml").read_text("utf-8"), "c.yaml").data

AWKWARD = ["on", "no", "010", "1e3", "12:30", "null", "~", "2005-01-03", "true", "a: b", "- x"]
name = st.text(string.ascii_letters + "0123456789._-é", min_size=1).map(lambda text: f"n{text}")
text = st.sampled_from(AWKWARD) | name
number = st.integers(1, 10**20) | st.floats(1e-300, 1e300)
date = st.dates(datetime.date(1700, 1, 1), datetime.date(2200, 1, 1)).map(str)
value = st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


strategy = st.builds(
    lambda given, more: {**given, **more},
    st.sampled_from(
        [
            {"type": "momentum", "parameters": {"fast_period": 3}},
            {"type": "mean_reversion", "parameters": {"num_std": 2}},
            {"type": "buy_and_hold"},
        ]
    ),
    some(name=text, symbols=st.none() | st.lists(text), timeframe=st.sampled_from([None, "1d"])),
)
part = some(
    data=some(data_dir=text, start_date=st.none() | date, timestamp=st.sampled_from(names.LABELS)),
    symbols=st.lists(text | st.fixed_dictionaries({"symbol": text}), max_size=3),
    strategies=st.lists(strategy, max_size=3),
    portfolio=some(initial_capital=number, fractional=st.booleans(), lot_size=number),
    metrics=some(periods_per_year=number | st.just("auto")),
    random_seed=st.integers(0, 10**40),
    parameter_space=st.dictionaries(
        text,
        st.lists(value, min_size=1, max_size=3) | st.just({"low": 1, "high": 2.5}),
        max_size=3,
    ),
)
configurations = st.builds(
    lambda whole, phases: {**whole, "phases": phases},
    part,
    st.dictionaries(text, part, max_size=2),
)


def typed(data: object) -> str:
    """Write data so that equal text means equal values of equal types."""
    return json.dumps(data, ensure_ascii=False)


def block_style(data: Any, indent: str = "") -> str:
    """Write YAML as people do: in blocks, with quotes only where they are needed."""
    if isinstance(data, dict) and data:
        lines = [f"{indent}{word(key)}:{below(item, indent)}" for key, item in data.items()]
        return "\n".join(lines)
    if isinstance(data, list) and data:
        return "\n".join(f"{indent}-{below(item, indent)}" for item in data)
    return word(data)


def below(item: Any, indent: str) -> str:
    nested = isinstance(item, dict | list) and item
    return "\n" + block_style(item, indent + "  ") if nested else " " + word(item)


def word(item: Any) -> str:
    if isinstance(item, str) and item.isalnum() and scalar(item) == item:
        return item
    return json.dumps(item, ensure_ascii=False)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(configurations)
def test_python_objects_and_yaml_give_equal_equally_typed_values(config: dict[str, Any]) -> None:
    before = typed(config)
    from_python = validate_partial(read_user(config).data, components=COMPONENTS)
    assert typed(config) == before
    for written in (before, block_style(config)):  # JSON is YAML
        from_yaml = validate_partial(loads(written, "c.yaml").data, components=COMPONENTS)
        assert typed(from_yaml) == typed(from_python)


@settings(derandomize=True, deadline=None, max_examples=30)
@given(configurations)
def test_checking_what_was_checked_changes_nothing(config: dict[str, Any]) -> None:
    once = validate_partial(config, components=COMPONENTS)
    assert typed(validate_partial(once, components=COMPONENTS)) == typed(once)


def test_a_complete_configuration_is_the_same_from_both() -> None:
    written = loads(json.dumps(COMPLETE), "c.yaml").data
    from_python = validate_resolved(COMPLETE, components=COMPONENTS)
    assert repr(validate_resolved(written, components=COMPONENTS)) == repr(from_python)
    assert config_digest(written) == config_digest(COMPLETE)
