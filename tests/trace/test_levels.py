from __future__ import annotations

import random
from itertools import pairwise

import pytest

from containers.events import EventKind
from containers.trace import KINDS, TraceLevel, kept_kinds, lower_level


def test_each_level_keeps_what_the_contract_lists() -> None:
    assert KINDS[TraceLevel.NONE] == set()
    assert KINDS[TraceLevel.MINIMAL] == {EventKind.FILL}
    assert KINDS[TraceLevel.STANDARD] == set(EventKind) - {EventKind.BAR, EventKind.FEATURES}
    assert KINDS[TraceLevel.DETAILED] == set(EventKind)


def test_levels_are_ordered_by_what_they_keep_not_by_the_alphabet() -> None:
    levels = list(TraceLevel)
    shuffled = random.Random(3).sample(levels, len(levels))
    assert sorted(shuffled) == levels
    for lower, higher in pairwise(levels):
        assert KINDS[lower] < KINDS[higher]
        assert lower < higher
        assert lower <= higher
        assert higher > lower
        assert higher >= lower
        assert lower_level(higher, lower) is lower
        assert lower_level(lower, higher) is lower


def test_without_overrides_the_level_of_the_unit_decides() -> None:
    assert kept_kinds("execution", "minimal") == {EventKind.FILL}
    assert kept_kinds("execution", TraceLevel.NONE, {}) == set()


def test_the_last_declared_of_several_matching_globs_wins() -> None:
    overrides = {"strategy/*": "none", "*/fast": "detailed", "portfolio/*": "minimal"}
    assert kept_kinds("strategy/slow", "standard", overrides) == set()
    assert kept_kinds("strategy/fast", "standard", overrides) == set(EventKind)
    assert kept_kinds("execution", "standard", overrides) == KINDS[TraceLevel.STANDARD]
    backwards = dict(reversed(overrides.items()))
    assert kept_kinds("strategy/fast", "standard", backwards) == set()


def test_globs_match_with_case_and_across_slashes() -> None:
    assert kept_kinds("data/GOOG/1d", "none", {"data/*": "detailed"}) == set(EventKind)
    assert kept_kinds("data/GOOG/1d", "none", {"data/goog/*": "detailed"}) == set()


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="verbose"):
        kept_kinds("execution", "verbose")
    with pytest.raises(ValueError, match="verbose"):
        kept_kinds("execution", "standard", {"*": "verbose"})
