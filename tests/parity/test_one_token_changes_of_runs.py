"""A mistake of one token in what spreads, keeps and resumes units must be seen as well."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.parity.changing import Change, run_python
from tests.parity.mutations_of_runs import UNSEEN, Unseen


@pytest.mark.parametrize("mutation", UNSEEN, ids=lambda m: m.name)
def test_what_a_comparison_cannot_see_the_contract_sees(
    mutation: Unseen, changed: Callable[[Change], Path], tested_source: Path, tmp_path: Path
) -> None:
    changed(mutation)
    code, told = run_tests(tested_source, tmp_path, mutation.test)
    assert code == 1, told
    assert "1 failed" in told


def test_without_a_change_the_same_tests_pass(tested_source: Path, tmp_path: Path) -> None:
    code, told = run_tests(tested_source, tmp_path, *dict.fromkeys(m.test for m in UNSEEN))
    assert code == 0, told


def run_tests(source: Path, folder: Path, *tests: str) -> tuple[int, str]:
    """Run tests until one fails; give how pytest left, and what it told."""
    # Plain assertions: explaining how two journals differ takes minutes. A folder of its own: else
    # it would clear up after all sessions there were.
    options = ("-p", "no:cacheprovider", "--assert=plain", "--exitfirst", "--quiet")
    done = run_python(source, source, "pytest", *options, "--basetemp", folder / "tmp", *tests)
    return done.returncode, done.stdout + done.stderr
