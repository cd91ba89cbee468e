"""The pytest plugin, used by test files of others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.parity.plugin.conftest import run

pytest_plugins = ("pytester",)


def test_the_fixture_passes_on_parity_and_gives_what_came_of_it(project: pytest.Pytester) -> None:
    result = run(
        project,
        """
        def test_one(parity):
            verification = parity("studies/one.yaml")
            assert verification.totals.events == 230
            assert [pair.candidate_name for pair in verification.pairs] == ["declarative", "oracle"]

        def test_a_mapping(parity):
            import yaml
            from pathlib import Path
            config = yaml.safe_load(Path("studies/one.yaml").read_text())
            assert parity(config, candidate="declarative:trace=standard").exit_code == 0
        """,
    )
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        ["parity: policy none, baselines baselines, records in the temporary folder"]
    )


def test_a_difference_fails_the_test_with_its_story(project: pytest.Pytester) -> None:
    source = """
        def test_one(parity):
            parity("studies/one.yaml", candidates=["declarative", "tampered"])
    """
    result = run(project, source, "--parity-records", "kept")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "NO PARITY: *events,*compared in 3 comparisons",
            "studies/one.yaml — tampered parts from imperative first in metrics",
            "  control:   4",
            "  candidate: 99",
            "record: *kept/000001",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    assert (project.path / "kept" / "000001" / "verify.json").is_file()


def test_nothing_compared_is_no_pass(project: pytest.Pytester) -> None:
    result = run(
        project,
        """
        def test_one(parity):
            parity("studies/one.yaml", control="idle", candidate="idle")
        """,
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*no event, trade or figure was compared*"])


def test_what_all_refuse_is_no_pass(project: pytest.Pytester) -> None:
    result = run(project, "def test_bad(parity):\n    parity('studies/bad.yml')")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["REFUSED by all alike*", "*symbls: unknown key 'symbls'*"])


def test_a_marker_makes_a_test_of_each_configuration(project: pytest.Pytester) -> None:
    result = run(
        project,
        """
        import pytest

        @pytest.mark.parity("studies/*.yaml")
        def test_studies():
            pass

        @pytest.mark.parity("studies/one.yaml", candidate="tampered")
        @pytest.mark.parity("studies/one.yaml", candidate="declarative:storage=disk")
        def test_one(parity_verification):
            assert parity_verification.candidates == ("declarative:storage=disk",)
            print("its own lines ran")
        """,
        "-v",
        "-rA",
    )
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*test_studies[[]studies/one.yaml[]] PASSED*",
            "*test_studies[[]studies/two.yaml[]] PASSED*",
            "*test_one[[]studies/one.yaml0[]] PASSED*",
            "*test_one[[]studies/one.yaml1[]] FAILED*",
            "*tampered parts from imperative first in metrics",
        ]
    )
    assert str(result.stdout).count("its own lines ran") == 1


def test_a_marker_of_a_class_is_for_all_its_tests(project: pytest.Pytester) -> None:
    result = run(
        project,
        """
        import pytest

        @pytest.mark.parity("studies/one.yaml", candidate="tampered")
        class TestStudies:
            def test_one(self): pass
            def test_two(self, tmp_path): pass
        """,
    )
    result.assert_outcomes(failed=2)


def test_a_path_is_looked_for_beside_the_test_and_then_from_the_root(
    project: pytest.Pytester,
) -> None:
    folder = project.mkdir("below")
    (folder / "test_below.py").write_text(
        "import pytest\n"
        "@pytest.mark.parity('studies/one.yaml')\n"
        "def test_root(parity, parity_verification):\n"
        "    assert parity('here.yaml').pairs[0].config == 'below/here.yaml'\n"
    )
    (folder / "here.yaml").write_text((project.path / "studies" / "one.yaml").read_text())
    result = run(project, "", "--rootdir", str(project.path), str(folder))
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ("'none.yaml'", "found no 'none.yaml' in *, expected a configuration there"),
        ("'none/*.yaml'", "found no 'none/[*].yaml' in *, expected configurations there"),
        ("", "the marker names no configuration; give it a path or a glob"),
        ("7", "the marker names 7, expected a path or a glob"),
        (
            "'studies/one.yaml', candidat='x'",
            "unknown keyword 'candidat'; did you mean 'candidate'?",
        ),
    ],
)
def test_a_marker_that_leads_nowhere_is_an_error_before_any_test_runs(
    project: pytest.Pytester, marker: str, message: str
) -> None:
    source = f"import pytest\n@pytest.mark.parity({marker})\ndef test_one(): pass\n"
    result = run(project, source)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines([f"test_one: *{message}*" if marker != "" else f"*{message}"])
    result.stdout.no_fnmatch_line("*Traceback*")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("'none.yaml'", "found no 'none.yaml' in "),
        ("'studies/one.yaml', candidate='declaratve'", "there is no engine 'declaratve'; did you"),
        ("'studies/one.yaml', control='imperative:trac=none'", "unknown key 'trac'; did you mean"),
        ("'studies/one.yaml', candidate='a', candidates=['b']", "'candidate' or 'candidates', not"),
        ("'studies/one.yaml', candidates=[]", "found no candidates, expected at least one"),
        ("'studies/one.yaml', candidates=7", "found candidates=7, expected a list of ENGINE"),
        ("'studies/one.yaml', control=None", "found control=None, expected text: ENGINE"),
        ("'studies/one.yaml', thorough='yes'", "found thorough='yes', expected True or False"),
        ("'studies/one.yaml', policy=1", "found policy=1, expected a path"),
        ("'studies/one.yaml', policy='none.yaml'", "found no 'none.yaml' in *, expected a policy"),
        (
            "'studies/one.yaml', policy='studies/bad.yml'",
            "studies/bad.yml: found no 'schema', expected",
        ),
        ("'studies/one.yaml', components='none'", "found no 'none' in *, expected a folder there"),
    ],
)
def test_a_call_that_leads_nowhere_is_a_usage_error_at_its_line(
    project: pytest.Pytester, call: str, message: str
) -> None:
    result = run(project, f"def test_one(parity):\n    parity({call})\n")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([">*parity(*", f"E *UsageError: *{message}*"])


@pytest.mark.parametrize(
    "source",
    [
        "def test_one(parity_verification): pass\n",
        """
import pytest, unittest
class TestOne(unittest.TestCase):
    @pytest.mark.parity('studies/one.yaml')
    def test_one(self): pass
""",
    ],
)
def test_a_marker_that_cannot_work_is_no_pass(project: pytest.Pytester, source: str) -> None:
    result = run(project, source)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["E *UsageError: test_one asks what came of its marker*"])


def test_settings_that_lead_nowhere_end_the_session(project: pytest.Pytester) -> None:
    result = run(project, "", "--parity-records", "own_engines.py/x")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --parity-records *own_engines.py is a file; choose a*"])
    result = run(project, "", "-o", "parity_policy=none.yaml")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: parity_policy = none.yaml: there is no such file in *"])


def test_the_verdict_is_a_property_of_the_test(project: pytest.Pytester) -> None:
    source = "def test_one(parity): parity('studies/one.yaml')"
    run(project, source, "--junit-xml", "out.xml").assert_outcomes(passed=1)
    assert 'name="parity" value="PARITY: 230 events' in Path("out.xml").read_text()


def test_other_tests_are_left_alone(project: pytest.Pytester) -> None:
    result = run(project, "def test_one(tmp_path): assert list(tmp_path.iterdir()) == []")
    result.assert_outcomes(passed=1)


def test_many_workers_keep_their_records_apart(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_many="""
        import pytest

        @pytest.mark.parametrize("number", range(2))
        @pytest.mark.parity("studies/*.yaml")
        def test_many(number): pass
        """
    )
    result = project.runpytest_subprocess(
        "-p", "xdist", "-p", "parity.pytest_plugin", "-n", "2", "-W", "error",
        "--parity-records", "kept", "-p", "no:cacheprovider",
    )  # fmt: skip
    result.assert_outcomes(passed=4)
    kept = sorted(path.name for path in (project.path / "kept").iterdir())
    assert kept == [f"{number:06d}" for number in range(1, 5)]
    assert all((project.path / "kept" / name / "verify.json").is_file() for name in kept)


def test_a_name_with_brackets_can_be_that_of_a_file(project: pytest.Pytester) -> None:
    (project.path / "studies" / "one.yaml").rename(project.path / "studies" / "o[1].yaml")
    source = "import pytest\n@pytest.mark.parity('studies/o[1].yaml')\ndef test_one(): pass\n"
    run(project, source).assert_outcomes(passed=1)


def test_collecting_loads_nothing_that_takes_long(project: pytest.Pytester) -> None:
    project.makeconftest(
        """
        import sys
        def pytest_collection_finish(session):
            heavy = {"numpy", "pandas", "pyarrow", "pydantic", "rich", "imperative", "declarative"}
            print("loaded:", sorted(heavy & set(sys.modules)))
        """
    )
    project.makepyfile(
        test_marked="import pytest\n@pytest.mark.parity('studies/*.yaml')\ndef test_one(): pass\n"
    )
    result = project.runpytest_subprocess("-p", "parity.pytest_plugin", "--collect-only", "-s")
    result.stdout.fnmatch_lines(["*test_one[[]studies/two.yaml[]]*", "loaded: []*"])


def test_the_plugin_loads_nothing_that_takes_long() -> None:
    code = (
        "import sys\n"
        "import parity.pytest_plugin\n"
        "heavy = {'numpy', 'pandas', 'pyarrow', 'pydantic', 'msgspec', 'rich', 'click', 'yaml',"
        " 'imperative', 'declarative', 'containers'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


POLICY = """
schema: paritykit/policy/1
rules:
  - channel: metrics
    path: "**: num_trades"
    abs: 100
    reason: one counts its open trade
  - channel: equity
    path: "**"
    abs: 1e-9
    reason: never needed
"""


def test_a_policy_by_name_is_held_to_every_rule(project: pytest.Pytester) -> None:
    (project.path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    result = run(
        project,
        """
        def test_one(parity):
            parity("studies/one.yaml", candidate="slanted", policy="policy.yaml")
        """,
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["rule of the policy: never fired: channel: equity*", "  at *policy.yaml:8:5"]
    )


@pytest.mark.parametrize(
    "workers",
    [(), pytest.param(("-p", "xdist", "-n", "2"), marks=pytest.mark.deep)],
)
def test_rules_of_the_settings_are_held_to_the_whole_session(
    project: pytest.Pytester, workers: tuple[str, ...]
) -> None:
    (project.path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    project.makeini("[pytest]\nparity_policy = policy.yaml\n")
    project.makepyfile(
        test_studies="""
        import pytest

        @pytest.mark.parity("studies/one.yaml", candidate="slanted")
        def test_one(parity_verification):
            assert parity_verification.verdict.value == "within_tolerance"

        @pytest.mark.parity("studies/two.yaml")
        def test_two(): pass
        """
    )
    common = ("-p", "parity.pytest_plugin", "-p", "no:cacheprovider", "-W", "error", *workers)
    for more, code in (((), 0), (("--parity-unused",), 1)):
        result = project.runpytest_subprocess(*common, *more)
        result.assert_outcomes(passed=2)
        assert result.ret == code
        result.stdout.fnmatch_lines(
            [
                "parity: policy policy.yaml, baselines baselines, records in the temporary folder",
                "*parity: not used by these tests*",
                "*policy.yaml:8:5: this rule never fired: channel: equity*",
            ]
        )
        assert str(result.stdout).count("this rule never fired") == 1


def test_a_rule_that_has_expired_fails_each_test(project: pytest.Pytester) -> None:
    expired = POLICY.replace("    abs: 100\n", "    abs: 100\n    expires: 2001-01-01\n")
    (project.path / "policy.yaml").write_text(expired, encoding="utf-8")
    source = "def test_one(parity): parity('studies/one.yaml')"
    result = run(project, source, "-o", "parity_policy=policy.yaml")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["rule of the policy: expired: channel: metrics*"])


@pytest.mark.deep
def test_a_thorough_verification_holds_relations(project: pytest.Pytester) -> None:
    result = run(
        project,
        """
        def test_one(parity):
            verification = parity("studies/one.yaml", thorough=True)
            assert {check.kind for check in verification.checks} == {"invariant", "relation"}
        """,
    )
    result.assert_outcomes(passed=1)
