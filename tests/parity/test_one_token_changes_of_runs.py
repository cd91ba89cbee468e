"""A mistake of one token in what spreads, keeps and resumes units must be seen as well."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.parity.changing import change, first_channels, run_python, verify
from tests.parity.conftest import ROOT
from tests.parity.mutations_of_runs import SEEN, UNSEEN, OfRun, Unseen

UNCHANGED = sorted({(m.config, m.control) for m in SEEN})


@pytest.mark.parametrize("mutation", SEEN, ids=lambda m: m.name)
def test_a_change_of_one_token_is_seen_where_it_is_expected(
    mutation: OfRun,
    source_copy: Path,
    config_file: Callable[[str], Path],
    tmp_path: Path,
) -> None:
    change(mutation, source_copy)
    config, subjects = config_file(mutation.config), subjects_of(mutation)
    code, document = verify(source_copy, tmp_path, config, *subjects)
    assert code == 1
    assert first_channels(document).get(mutation.candidate) == mutation.channel


@pytest.mark.parametrize(("config", "control"), UNCHANGED)
def test_without_a_change_the_same_runs_are_in_parity(
    config: str,
    control: str,
    compiled_source: Path,
    config_file: Callable[[str], Path],
    tmp_path: Path,
) -> None:
    mine = [m for m in SEEN if (m.config, m.control) == (config, control)]
    subjects = dict.fromkeys(option for m in mine for option in subjects_of(m)[2:][1::2])
    options = [option for each in subjects for option in ("--candidate", each)]
    code, document = verify(
        compiled_source, tmp_path, config_file(config), "--control", control, *options
    )
    assert code == 0
    assert {pair["verdict"] for pair in document["workflows"]} == {"equal"}
    assert {pair["candidate"] for pair in document["workflows"]} == {*subjects, "oracle"}


@pytest.mark.parametrize("mutation", UNSEEN, ids=lambda m: m.name)
def test_what_a_comparison_cannot_see_the_contract_sees(
    mutation: Unseen, tested_copy: Path
) -> None:
    change(mutation, tested_copy)
    code, told = run_tests(tested_copy, mutation.test)
    assert code == 1, told
    assert "1 failed" in told


def test_without_a_change_the_same_tests_pass(tested_copy: Path) -> None:
    code, told = run_tests(tested_copy, *dict.fromkeys(m.test for m in UNSEEN))
    assert code == 0, told


def subjects_of(mutation: OfRun) -> tuple[str, ...]:
    """Give the options that name control and candidate."""
    return "--control", mutation.control, "--candidate", mutation.candidate


def run_tests(copy: Path, *tests: str) -> tuple[int, str]:
    """Run tests on a copy until one fails; give how pytest left, and what it told."""
    # Plain assertions: explaining how two journals differ takes minutes.
    options = ("-p", "no:cacheprovider", "--assert=plain", "--exitfirst", "--quiet")
    done = run_python(copy, copy, "pytest", *options, *tests)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def tested_copy(source_copy: Path) -> Path:
    """Copy the tests beside the packages; what they read stays where it is."""
    shutil.copytree(
        ROOT / "tests", source_copy / "tests", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / name, source_copy)
    (source_copy / "fixtures").symlink_to(ROOT / "fixtures")
    return source_copy
