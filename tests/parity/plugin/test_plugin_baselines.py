"""Baselines in the pytest plugin: approved by an option, held against by a fixture or a marker."""

from __future__ import annotations

import pytest

from tests.parity.plugin.conftest import run

pytest_plugins = ("pytester",)

CHECKS = """
import pytest

def test_one(parity):
    check = parity.check("studies/one.yaml")
    assert check.totals.events == 115

@pytest.mark.parity_check("studies/*.yaml", subject="declarative")
def test_studies(parity_checked):
    assert parity_checked.subject == "declarative"
"""


def test_what_is_approved_is_held_against_afterwards(project: pytest.Pytester) -> None:
    result = run(project, CHECKS, "--parity-approve")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["parity: policy none, baselines baselines (approving), *"])
    files = sorted(path.relative_to(project.path) for path in project.path.rglob("*.yaml.json"))
    assert [str(file) for file in files] == [
        "baselines/studies/one.yaml.json",
        "baselines/studies/two.yaml.json",
    ]
    before = [file.read_bytes() for file in files]
    run(project, CHECKS, "--parity-unused").assert_outcomes(passed=3)
    assert [file.read_bytes() for file in files] == before


def test_a_change_fails_and_can_be_approved(project: pytest.Pytester) -> None:
    run(project, CHECKS, "--parity-approve").assert_outcomes(passed=3)
    study = project.path / "studies" / "one.yaml"
    text = study.read_text()
    assert "initial_capital: 1000" in text
    study.write_text(text.replace("initial_capital: 1000", "initial_capital: 2000"))
    result = run(project, CHECKS)
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [
            "*studies/one.yaml: imperative parts from what was approved first in config:",
            "NOT AS APPROVED: *",
            "record: *",
            "to approve what it gives now: pytest --parity-approve",
        ]
    )
    run(project, CHECKS, "--parity-approve").assert_outcomes(passed=3)
    run(project, CHECKS).assert_outcomes(passed=3)


def test_what_was_never_approved_is_no_pass(project: pytest.Pytester) -> None:
    run(project, "def test_one(parity): parity.check('studies/two.yaml')", "--parity-approve")
    result = run(project, CHECKS)
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        ["*studies/one.yaml: there is no baseline *one.yaml.json; make it*"]
    )


def test_without_any_baseline_it_is_wrong_usage(project: pytest.Pytester) -> None:
    result = run(project, "def test_one(parity): parity.check('studies/one.yaml')")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *UsageError: *baselines does not exist, expected a folder of*"])


def test_a_damaged_baseline_is_wrong_usage(project: pytest.Pytester) -> None:
    run(project, CHECKS, "--parity-approve").assert_outcomes(passed=3)
    file = project.path / "baselines" / "studies" / "one.yaml.json"
    file.write_text(file.read_text().replace("succeeded", "failed"))
    result = run(project, "def test_one(parity): parity.check('studies/two.yaml')")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *UsageError: *one.yaml.json: the checksum does not fit*"])


def test_what_cannot_be_approved_fails(project: pytest.Pytester) -> None:
    source = "def test_one(parity): parity.check('studies/one.yaml', subject='idle')"
    result = run(project, source, "--parity-approve")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*it gave no event, trade or figure*", "NOT APPROVED: *"])
    assert not (project.path / "baselines").exists()


def test_a_baseline_that_no_test_uses_is_named(project: pytest.Pytester) -> None:
    project.makeini("[pytest]\nparity_baselines = approved\n")
    run(project, CHECKS, "--parity-approve").assert_outcomes(passed=3)
    one = "def test_one(parity): parity.check('studies/one.yaml')"
    for more, code in (((), 0), (("--parity-unused",), 1)):
        result = run(project, one, *more)
        result.assert_outcomes(passed=1)
        assert result.ret == code
        result.stdout.fnmatch_lines(["*approved/studies/two.yaml.json: not used"])


@pytest.mark.deep
def test_workers_add_up_what_they_used(project: pytest.Pytester) -> None:
    run(project, CHECKS, "--parity-approve").assert_outcomes(passed=3)
    result = project.runpytest_subprocess(
        "-p", "xdist", "-p", "parity.pytest_plugin", "-n", "2", "-W", "error",
        "-p", "no:cacheprovider", "--parity-unused",
    )  # fmt: skip
    result.assert_outcomes(passed=3)
    assert result.ret == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("'studies/one.yaml', subject='imperativ'", "there is no engine 'imperativ'; did you mean"),
        ("'studies/one.yaml', control='imperative'", "unknown keyword 'control'; "),
        ("'none.yaml'", "found no 'none.yaml' in *, expected a configuration there"),
    ],
)
def test_a_check_that_leads_nowhere_is_a_usage_error(
    project: pytest.Pytester, call: str, message: str
) -> None:
    run(project, CHECKS, "--parity-approve").assert_outcomes(passed=3)
    result = run(project, f"def test_one(parity):\n    parity.check({call})\n")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([">*parity.check(*", f"E *UsageError: {message}*"])
