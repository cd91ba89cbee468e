"""Damaged files: never a wrong number, and always a message that names the file."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from containers.errors import StorageError
from containers.results import IterationResult
from tests.contract.conftest import made
from tests.parity.conftest import Output
from tests.parity.conftest import parity as parity_fixture
from tests.survival.damaging import WAYS, damaged, outcome, study_of
from tests.survival.observing import ID, Observation, Study, observe
from tests.survival.test_survival_interrupts import interrupting

ENGINES = ("imperative", "declarative")
RUN = Path("results") / ID
Parity = Callable[..., Output]
parity = parity_fixture


class Case:
    """A run that was interrupted at its last records, and one that came to its end."""

    def __init__(self, engine: str, folder: Path) -> None:
        self.engine = engine
        self.study: Study = study_of(folder / "market")
        self.finished = folder / "finished"
        self.finished.mkdir()
        self.expected: Observation = observe(engine, self.study, self.finished)
        self.sound: IterationResult | None = None
        self.cut: dict[str, Path] = {}
        count = len(self.expected.journal)
        for name, after in (("early", count // 3), ("late", count - 40)):
            self.cut[name] = folder / name
            self.cut[name].mkdir()
            with pytest.raises(KeyboardInterrupt):
                observe(engine, self.study, self.cut[name], consumers=[interrupting(after)])


@pytest.fixture(scope="module", params=ENGINES)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    return Case(str(request.param), tmp_path_factory.mktemp("damage"))


def test_runs_that_are_damaged_have_files_of_every_kind(case: Case) -> None:
    files = {file.name for file in (case.finished / RUN).rglob("*")}
    assert files >= {
        "run.json", "result.json", "manifest.json", "iterations.log", "trace.json", "fill.parquet",
        "signals.parquet", "trades.parquet", "equity.parquet", "best.json", "curve.parquet",
    }  # fmt: skip
    assert list((case.cut["early"] / RUN).rglob("units.log"))
    assert list((case.cut["late"] / RUN).rglob("iterations.log"))


@pytest.mark.parametrize("way", WAYS)
def test_a_damaged_card_is_refused(case: Case, way: str, tmp_path: Path) -> None:
    for base in (case.finished, *case.cut.values()):
        if damaged(tmp_path / "run", base, RUN / "run.json", way) is None:
            continue
        told = outcome(case.engine, case.study, tmp_path / "run", case.expected)
        whole = (tmp_path / "run" / RUN / "run.json").read_bytes()
        if way == "cut at the end":  # which is the end of a line
            assert whole.endswith(b"}\n")
            assert told == "same"
        else:
            assert "run.json" in told or "cannot be resumed: " in told


@pytest.mark.parametrize("way", WAYS)
def test_a_damaged_log_is_refused_or_goes_on_before_its_last_record(
    case: Case, way: str, tmp_path: Path
) -> None:
    root = tmp_path / "run"
    for base in (case.finished, case.cut["early"]):
        for log in sorted((base / RUN).glob("0/work/*.log")):
            if damaged(root, base, log.relative_to(base), way) is None:
                continue
            told = outcome(case.engine, case.study, root, case.expected)
            assert told == "same" or f"0/work/{log.name}" in told
            if told != "same":  # what it says helps
                (root / log.relative_to(base)).unlink()
                told = outcome(case.engine, case.study, root, case.expected)
                assert told == "same"


@pytest.mark.parametrize("name", ["result.json", "manifest.json"])
@pytest.mark.parametrize("way", WAYS)
def test_a_finished_run_is_told_again_from_its_logs_alone(
    case: Case, way: str, name: str, tmp_path: Path
) -> None:
    damaged(tmp_path / "run", case.finished, RUN / name, way)
    assert outcome(case.engine, case.study, tmp_path / "run", case.expected) == "same"
    content = (tmp_path / "run" / RUN / name).read_text()
    assert content.startswith("{")
    assert content.count("\n") > 9


def second_unit(case: Case, root: Path) -> IterationResult:
    """Take a finished run up again, and give its second unit."""
    subject = made(case.engine, case.study.definitions, root / "patterns", root=root)
    result = subject.run_workflow(case.study.config, ID, resume=True)
    assert result.error is None or result.error.type == "StorageError"
    return result.phase_results["work"].iterations[0].iterations[1]


def portfolio_of(unit: IterationResult) -> list[str]:
    held = unit.portfolios["momentum.aggressive"]
    assert held.equity_curve is not None
    curve = held.equity_curve
    return [repr(held.trades), curve.time_ns.tobytes().hex(), curve.equity.tobytes().hex()]


def trace_of(unit: IterationResult) -> list[str]:
    return [repr(event) for event in unit.trace]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("portfolios/momentum.aggressive/trades.parquet", portfolio_of),
        ("portfolios/momentum.aggressive/equity.parquet", portfolio_of),
        ("trace/trace.json", trace_of),
        ("trace/portfolio_update.parquet", trace_of),
    ],
)
def test_a_damaged_file_of_a_unit_is_named_when_it_is_read(
    case: Case, name: str, read: Callable[[IterationResult], list[str]], way: str, tmp_path: Path
) -> None:
    if case.sound is None:
        case.sound = second_unit(case, case.finished)
    expected = read(case.sound)
    root = tmp_path / "run"
    damaged(root, case.finished, RUN / "0/work/0/1" / name, way)
    unit = second_unit(case, root)
    told, seen = told_or_read(unit, read)
    if told is not None:
        assert name in told
    else:  # a byte that says nothing, such as the first of a Parquet file
        assert seen == expected
        assert way.startswith(("changed", "cut at the end", "of another format"))


def told_or_read(
    unit: IterationResult, read: Callable[[IterationResult], list[str]]
) -> tuple[str | None, list[str]]:
    """Read a part of a unit, or give the message that says why it cannot be read."""
    try:
        return None, read(unit)
    except StorageError as error:
        return str(error), []


@pytest.mark.parametrize("way", WAYS)
def test_runs_are_listed_and_shown_whatever_is_damaged(
    case: Case,
    way: str,
    parity: Parity,
    tmp_path: Path,
) -> None:
    for base in (case.finished, case.cut["early"]):
        files = sorted((base / RUN).rglob("*.log")) + sorted((base / RUN).glob("*.json"))
        for file in files:
            root = tmp_path / "run"
            damaged(root, base, file.relative_to(base), way)
            listed = parity("runs", str(root / "results"), "--json", "-")
            assert listed.code == 0
            (one,) = listed.document["runs"]
            shown = parity("runs", "show", str(root / RUN), "--json", "-")
            assert "Traceback" not in shown.err
            assert shown.code in (0, 3)
            assert parity("runs", "show", str(root / RUN)).code == shown.code
            assert one["id"] == ID
    shutil.rmtree(root)
