"""``docs/invariants-and-relations.md`` has every invariant and relation, with its rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity.invariants import INVARIANTS
from parity.relations import RELATIONS

_PAGE = Path(__file__).resolve().parents[3] / "docs" / "invariants-and-relations.md"

_ROWS = {
    **{f"| `{name}` |": (i.rule, i.source) for name, i in INVARIANTS.items()},
    **{
        f"| `{name}`{' *' if r.needs_process else ''} |": (r.why, r.source)
        for name, r in RELATIONS.items()
    },
}


@pytest.mark.parametrize("beginning", _ROWS)
def test_a_check_is_documented_with_its_rule(beginning: str) -> None:
    rule, source = _ROWS[beginning]
    rows = [line for line in _PAGE.read_text("utf-8").splitlines() if line.startswith(beginning)]
    assert len(rows) == 1
    _, _, shown, section, catches, _ = (cell.strip() for cell in rows[0].split("|"))
    assert (shown, section) == (rule, source)
    assert catches


def test_the_page_has_no_check_that_does_not_exist() -> None:
    lines = _PAGE.read_text("utf-8").splitlines()
    rows = [line for line in lines if line.startswith("| `")]
    assert len(rows) == len(INVARIANTS) + len(RELATIONS)


def test_names_do_not_clash() -> None:
    assert not INVARIANTS.keys() & RELATIONS.keys()
