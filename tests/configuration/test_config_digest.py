from __future__ import annotations

import copy
from typing import Any

import pytest

from containers.configuration import canonical, config_digest

CONFIG: dict[str, Any] = {
    "workflow": "w",
    "data": {"data_dir": "a", "source": "csv"},
    "symbols": [{"symbol": "A"}, {"symbol": "B"}],
    "results": {"storage": "memory"},
    "trace": {"max_events": 5},
    "trace_level": "none",
    "random_seed": 1,
    "phases": {},
}


def test_the_digest_is_32_hexadecimal_digits_and_stays_the_same_over_versions() -> None:
    assert config_digest(CONFIG) == "1a2b768472b5814ac998ae62c5fc8d0b"


@pytest.mark.parametrize(
    "change",
    [
        {"data": {"data_dir": "elsewhere", "source": "csv"}},
        {"results": {"storage": "disk"}},
        {"trace": {}},
        {"trace_level": "detailed"},
        {"phases": {"a": {"trace_level": "none", "data": {"data_dir": "b"}}}},
        {"phases": {"a": {}}},
    ],
)
def test_where_things_lie_and_what_is_kept_does_not_count(change: dict[str, Any]) -> None:
    assert config_digest({**CONFIG, **change}) == config_digest(CONFIG)


@pytest.mark.parametrize(
    "change",
    [
        {"workflow": "v"},
        {"data": {"data_dir": "a", "source": "parquet"}},
        {"symbols": [{"symbol": "B"}, {"symbol": "A"}]},
        {"random_seed": 1.0},
        {"random_seed": True},
        {"random_seed": "1"},
        {"random_seed": None},
        {"phases": {"a": {"random_seed": 1}}},
    ],
)
def test_everything_else_counts_with_its_type_and_order(change: dict[str, Any]) -> None:
    assert config_digest({**CONFIG, **change}) != config_digest(CONFIG)


def test_the_order_of_keys_does_not_count() -> None:
    assert config_digest(dict(reversed(CONFIG.items()))) == config_digest(CONFIG)


def test_nothing_is_mutated() -> None:
    before = copy.deepcopy(CONFIG)
    config_digest(CONFIG)
    assert before == CONFIG


def test_neighbouring_floats_are_told_apart() -> None:
    assert canonical(0.1) != canonical(0.1 + 2**-56)


def test_what_is_not_plain_has_no_canonical_form() -> None:
    with pytest.raises(TypeError, match="a configuration holds set, which is not plain data"):
        canonical({"a": {1}})
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical(float("nan"))
