"""What a trace keeps is written down twice, in both packages the same."""

from __future__ import annotations

import pytest

from containers.events import EventKind
from containers.trace import KINDS, TraceLevel, kept_kinds
from parity.levels import due_kinds


@pytest.mark.parametrize("level", TraceLevel)
def test_both_tables_say_the_same(level: TraceLevel) -> None:
    assert due_kinds("execution", level) == KINDS[level]


def test_the_last_glob_that_fits_decides_with_case() -> None:
    overrides = {"strategy/*": "detailed", "*": "minimal", "Strategy/*": "none"}
    assert due_kinds("strategy/a", "standard", overrides) == {EventKind.FILL}
    for container in ("strategy/a", "Strategy/a", "execution", "data/A/1d"):
        assert due_kinds(container, "standard", overrides) == kept_kinds(
            container, "standard", overrides
        )


def test_there_is_no_other_level() -> None:
    with pytest.raises(KeyError):
        due_kinds("execution", "verbose")
