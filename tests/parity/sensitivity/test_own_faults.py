"""Users' own faults come from a folder, and what is wrong with a file is told with its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from containers.errors import ConfigurationError
from parity.errors import UsageError
from parity.faults import Fault
from parity.faults.catalogue import CATALOGUE
from parity.faults.loading import checked, faults_of_entry_points, faults_of_folder
from tests.parity.conftest import Output

_YAML = """\
faults:
  - id: mine-1
    title: the averages are the other way round
    subject: both
    edits:
      - file: containers/components/averages.py
        before: "[: len(means)] +"
        after: "[: len(means)] -"
    scenario:
      config:
        workflow: simple_backtest
        data: {data_dir: .}
        symbols: [ONE]
        strategies: [{type: momentum, parameters: {fast_period: 2, slow_period: 4}}]
      bars: [{symbol: ONE, count: 40}]
    expected: oracle:trace
"""
_PYTHON = """\
from parity.faults import Edit, Fault, Scenario

FAULTS = [
    Fault("mine-2", "mine", "t", "both", (Edit("a.py", "x", "y"),), Scenario("{}"), "trace")
]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a fault in YAML."""
    made = tmp_path / "faults"
    made.mkdir()
    (made / "mine.yaml").write_text(_YAML, encoding="utf-8")
    return made


def test_a_folder_has_faults_in_yaml_and_python(folder: Path) -> None:
    (folder / "more.py").write_text(_PYTHON, encoding="utf-8")
    (folder / "_helper.yaml").write_text("not: faults", encoding="utf-8")
    assert sorted(fault.id for fault in faults_of_folder(folder)) == ["mine-1", "mine-2"]


def test_a_users_fault_is_put_in_as_any_other(folder: Path, parity: Callable[..., Output]) -> None:
    run = parity("sensitivity", "--faults", str(folder), "--only", "mine-*", "--json", "-")
    assert run.code == 0
    assert run.document["schema"] == "paritykit/sensitivity/1"
    (mutant,) = run.document["mutants"]
    assert mutant["id"] == mutant["fault"] == "mine-1"
    assert (mutant["outcome"], mutant["expected"]) == ("caught", "oracle:trace")
    assert run.document["score"] == 1.0
    assert "mine-1" in run.err


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("title:", "titel:", r"mine.yaml:3:5.*unknown key 'titel' \(did you mean 'title'\?\)"),
        ("after:", "than:", r"mine.yaml:8:.*unknown key 'than'"),
        ("count: 40", "counts: 40", r"mine.yaml:15:.*unknown key 'counts' \(did you mean"),
        ("count: 40", "count: many", r"mine.yaml:15:.*expected `int`, got `str`"),
        ("      bars:", "      bar:", r"mine.yaml:15:7.*unknown key 'bar' \(did you mean"),
        ("faults:", "fault:", r"mine.yaml:1:1.*unknown key 'fault' \(did you mean 'faults'\?\)"),
        ("    expected: oracle:trace\n", "", r"mine.yaml:2:5.*missing required field `expected`"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_told_with_its_place(
    folder: Path, before: str, after: str, message: str
) -> None:
    (folder / "mine.yaml").write_text(_YAML.replace(before, after), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=message):
        faults_of_folder(folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("FAULTS = 5", "is int, expected faults"),
        ("FAULTS = [5]", r"has int, expected a parity.faults.Fault"),
        ("OTHERS = []", "has no fault; expected .yaml files with a list 'faults'"),
    ],
)
def test_a_python_file_without_faults_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "mine.py").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        faults_of_folder(tmp_path)


def test_two_of_one_id_are_refused() -> None:
    fault = CATALOGUE[0]
    with pytest.raises(UsageError, match=f"two faults are called '{fault.id}'"):
        checked((fault, fault))


def test_what_is_expected_must_exist() -> None:
    wrong = Fault("w", "w", "", "both", (), CATALOGUE[0].scenario, "oracel:trace")
    with pytest.raises(UsageError, match="fault 'w' is expected to be seen by 'oracel:trace'"):
        checked((wrong,))


def test_installed_distributions_offer_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    class Point:
        name, value = "mine", "mine:faults"

        def __init__(self, offered: object) -> None:
            self.load = lambda: offered

    def offer(offered: object) -> None:
        monkeypatch.setattr("parity.faults.loading.entry_points", lambda group: [Point(offered)])

    offer(CATALOGUE[0])
    assert faults_of_entry_points() == CATALOGUE[:1]
    offer(lambda: CATALOGUE[:2])
    assert faults_of_entry_points() == CATALOGUE[:2]
    offer(lambda: 1 / 0)
    with pytest.raises(UsageError, match=r"'mine' \(mine:faults\).*cannot be loaded: ZeroDivision"):
        faults_of_entry_points()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--only", "F13-imperativ"),
            "faults is called so; did you mean 'F13-imperative'?",
        ),
        (("--seed", "3"), "--seed is for --sample"),
        (("--sample", "5", "--only", "F13*"), "are for the catalogue: add --catalogue"),
        (("--sample", "0"), "0 is not in the range x>=1"),
        (("--sample", "five"), "'five' is not a valid integer"),
        (("--sample", "1", "--seed", "-1"), "-1 is not in the range x>=0"),
        (("--fail-under", "101"), "101.0 is not in the range 0<=x<=100"),
        (("--jobs", "0"), "0 is not in the range x>=1"),
        (("--faults", "nowhere"), "Directory 'nowhere' does not exist"),
    ],
)
def test_wrong_usage_is_told(
    parity: Callable[..., Output], arguments: tuple[str, ...], message: str
) -> None:
    run = parity("sensitivity", *arguments)
    assert run.code == 2
    assert message in run.err


def test_the_list_runs_nothing(parity: Callable[..., Output]) -> None:
    run = parity("sensitivity", "--list", "--json", "-")
    assert run.code == 0
    assert [fault["id"] for fault in run.document["faults"]] == [fault.id for fault in CATALOGUE]
