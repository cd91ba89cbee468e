"""A mistake of one token in what spreads, keeps and resumes units must be seen as well."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.parity.changing import Change, first_channels, run_python, verify
from tests.parity.mutations_of_runs import SEEN, UNSEEN, OfRun, Unseen


@pytest.mark.parametrize("mutation", SEEN, ids=lambda m: m.name)
def test_a_change_of_one_token_is_seen_where_it_is_expected(
    mutation: OfRun,
    changed: Callable[[Change], Path],
    config_file: Callable[[str], Path],
    tmp_path: Path,
) -> None:
    source = changed(mutation)
    subjects = ("--control", mutation.control, "--candidate", mutation.candidate)
    code, document = verify(source, tmp_path, config_file(mutation.config), *subjects)
    assert code == 1
    assert first_channels(document).get(mutation.candidate) == mutation.channel


@pytest.mark.parametrize("control", sorted({m.control for m in SEEN}))
def test_without_a_change_the_same_runs_are_in_parity(
    control: str, compiled_source: Path, config_file: Callable[[str], Path], tmp_path: Path
) -> None:
    mine = [m for m in SEEN if m.control == control]
    configs = sorted({m.config for m in mine})
    candidates = sorted({m.candidate for m in mine})
    options = [option for each in candidates for option in ("--candidate", each)]
    files = map(config_file, configs)
    code, document = verify(compiled_source, tmp_path, *files, "--control", control, *options)
    assert code == 0
    assert {pair["verdict"] for pair in document["workflows"]} == {"equal"}
    assert len(document["workflows"]) == len(configs) * (len(candidates) + 1)  # and the oracle


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
