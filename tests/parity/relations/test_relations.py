"""Every relation holds of both engines, and breaks for an engine with a fault that it is about."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from parity.case import Case, case_of
from parity.checks import CheckKind, CheckOutcome
from parity.own import Own
from parity.record import Record
from parity.relations import RELATIONS
from parity.subjects import SubjectSpec, record_of, subject_for
from parity.verdicts import Verdict
from tests.parity.relations.faulty import Fault, Run, faulty

ROOT = Path(__file__).resolve().parents[3]
MARKET = ROOT / "fixtures" / "market"

_WALKED: dict[str, Any] = {
    "workflow": "walk_forward_validation",
    "data": {
        "data_dir": str(MARKET),
        "start_date": "2003-01-02",
        "end_date": "2003-08-29",
    },
    "symbols": ["AAPL", "MSFT"],
    "strategies": [
        {"type": "momentum", "parameters": {"fast_period": 3, "slow_period": 9}},
        {"type": "breakout", "parameters": {"lookback": 5}},
    ],
    "walk_forward": {"train_bars": 60, "test_bars": 30},
}

_TWO = """
kind: workflow
name: two
phases:
  - {name: first, topology: backtest, sequence: single_pass}
  - {name: second, topology: backtest, sequence: train_test}
"""

_TWO_IN_PYTHON = """
from imperative.workflow import Phase, Workflow


class Two(Workflow):
    name = "two"

    def get_phases(self, config):
        return [
            Phase(name="first", topology="backtest", sequence="single_pass"),
            Phase(name="second", topology="backtest", sequence="train_test"),
        ]
"""

_LOOKING_AROUND = """
import multiprocessing
import os
from containers.components import FLAT, LONG


class Looks:
    type_name = "looks"
    parameters = {}
    indicators = ()

    def decide(self, last, close, values):
        return LONG if WHAT else FLAT
"""


def _case(folder: Path, own: type[Own] = Own, **changes: Any) -> Case:
    return Case("case", {**copy.deepcopy(_WALKED), **changes}, own())


def _two(folder: Path, own: type[Own]) -> Case:
    for name, file, text in (
        ("patterns", "two.yaml", _TWO),
        ("components", "two.py", _TWO_IN_PYTHON),
    ):
        (folder / name).mkdir()
        (folder / name / file).write_text(text, encoding="utf-8")
    config = {**copy.deepcopy(_WALKED), "workflow": "two"}
    return Case("two", config, own(folder / "patterns", folder / "components"))


def _looking(folder: Path, what: str) -> Case:
    (folder / "components").mkdir()
    text = _LOOKING_AROUND.replace("WHAT", what)
    (folder / "components" / "looks.py").write_text(text, encoding="utf-8")
    config = {**copy.deepcopy(_WALKED), "strategies": [{"type": "looks"}]}
    return Case("looking", config, Own(None, folder / "components"))


def _hold(name: str, case: Case, engine: str, folder: Path, seed: int = 1) -> CheckOutcome:
    base = _base(case, engine, folder)
    return RELATIONS[name].hold(case, engine, base, random.Random(seed), folder / name)


def _base(case: Case, engine: str, folder: Path) -> Record:
    subject = subject_for(SubjectSpec(engine), case.own)
    return record_of(subject, case.config, folder / "base")


@pytest.mark.parametrize("engine", ["imperative", "declarative"])
@pytest.mark.parametrize("name", [n for n, r in RELATIONS.items() if not r.needs_process])
def test_a_relation_holds(name: str, engine: str, tmp_path: Path) -> None:
    case = _two(tmp_path, Own) if name == "phases_permuted" else _case(tmp_path)
    outcome = _hold(name, case, engine, tmp_path)
    assert (outcome.verdict, outcome.first) == (Verdict.EQUAL, None)
    assert outcome.compared > 0
    assert (outcome.kind, outcome.name) == (CheckKind.RELATION, name)
    assert (outcome.config, outcome.subject) == (case.name, engine)


@pytest.mark.deep
@pytest.mark.parametrize("name", [n for n, r in RELATIONS.items() if r.needs_process])
def test_a_relation_with_a_process_holds(name: str, tmp_path: Path) -> None:
    outcome = _hold(name, _case(tmp_path), "declarative", tmp_path)
    assert (outcome.verdict, outcome.first) == (Verdict.EQUAL, None)


def _keeps_costs(run: Run) -> None:
    if run.config.get("random_seed") == 271828:
        run.seen["costs"] = run.config["execution"]["commission_fixed"]
    elif "costs" in run.seen:
        run.section("execution")["commission_fixed"] = run.seen["costs"]


def _peeks(run: Run) -> None:
    close = run.first_lines("AAPL")[-1].split(",")[4]
    run.section("execution")["slippage_bps"] = float(close) % 7


def _reads_before_the_range(run: Run) -> None:
    opened = run.first_lines("AAPL")[1].split(",")[1]
    run.section("execution")["slippage_bps"] = float(opened) % 7


def _minds_the_header(run: Run) -> None:
    lines = run.first_lines("AAPL")
    run.richer(not lines or not lines[0].startswith("timestamp"))


def _drops_at_any_rate(run: Run) -> None:
    run.config["data"]["on_bad_bar"] = "drop"


def _costs_a_fixed_amount(run: Run) -> None:
    run.section("execution")["commission_minimum"] = 3.0


def _counts_days(run: Run) -> None:
    dates = [date.fromisoformat(line[:10]) for line in run.first_lines("AAPL")[1:]]
    apart = (dates[-1] - dates[0]).days / len(dates)
    run.section("walk_forward")["train_bars"] = 60 if apart < 2.0 else 50


def _forgives(run: Run) -> None:
    run.seen.setdefault("instead", copy.deepcopy(run.config))


FAULTS: dict[str, Fault] = {
    "repeated": lambda run: run.richer(run.number > 1),
    "other_between": _keeps_costs,
    "engine_reused": lambda run: run.richer(run.of_engine > 1),
    "as_file": lambda run: run.richer(run.from_file),
    "storage": lambda run: run.richer(run.config["results"].get("storage") in ("disk", "hybrid")),
    "trace_level": lambda run: run.richer(run.config["trace_level"] != "detailed"),
    "interrupted": lambda run: run.richer(run.resumed),
    "future_perturbed": _peeks,
    "out_of_range": _reads_before_the_range,
    "data_rewritten": _minds_the_header,
    "bad_rows": _drops_at_any_rate,
    "prices_scaled": _costs_a_fixed_amount,
    "time_stretched": _counts_days,
    "symbols_renamed": lambda run: run.richer(str(run.config["symbols"][0]) > "M"),
    "symbols_permuted": lambda run: run.richer(run.config["symbols"][0] == "MSFT"),
    "strategy_alone": lambda run: run.richer(len(run.config["strategies"]) == 1),
    "window_alone": lambda run: run.richer(run.config["workflow"] == "simple_backtest"),
    "first_part": lambda run: run.richer(run.config["data"]["end_date"] != "2003-08-29"),
    "trace_kept": lambda run: run.richer("max_events" in run.section("trace")),
    "unused_sections": lambda run: run.richer("folds" in run.section("k_fold")),
    "reseeded": lambda run: run.richer("random_seed" in run.config),
    "mistaken": _forgives,
    "phases_permuted": lambda run: run.richer(
        "run-" in str(run.own.folder) + str(run.own.patterns)
    ),
}


def test_every_relation_has_a_fault_that_it_sees() -> None:
    in_processes = {name for name, relation in RELATIONS.items() if relation.needs_process}
    assert FAULTS.keys() | in_processes == RELATIONS.keys()


@pytest.mark.parametrize("name", FAULTS)
def test_a_relation_sees_a_fault(name: str, tmp_path: Path) -> None:
    own = faulty(FAULTS[name])
    case = _two(tmp_path, own) if name == "phases_permuted" else _case(tmp_path, own)
    outcome = _hold(name, case, "imperative", tmp_path)
    assert outcome.verdict is Verdict.DIFFERENT
    assert outcome.first is not None
    relation = RELATIONS[name]
    assert outcome.reason == f"{relation.why} (semantics {relation.source})"


@pytest.mark.parametrize(
    ("name", "what"),
    [
        pytest.param(
            "executor", "multiprocessing.parent_process() is not None", marks=pytest.mark.deep
        ),
        pytest.param("fresh_process", "os.environ.get('LC_ALL') == 'C'", marks=pytest.mark.deep),
        ("hash_seed", "os.environ.get('PYTHONHASHSEED', '').isdecimal()"),
    ],
)
def test_a_relation_with_a_process_sees_a_component_that_looks_around(
    name: str, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("LC_ALL", "PYTHONHASHSEED"):
        monkeypatch.delenv(variable, raising=False)
    case = _looking(tmp_path, what)
    outcome = _hold(name, case, "declarative", tmp_path)
    assert outcome.verdict is Verdict.DIFFERENT
    assert outcome.first is not None


@pytest.mark.parametrize(
    ("name", "changes", "reason"),
    [
        ("symbols_permuted", {"symbols": ["AAPL"]}, "there is only one symbol"),
        (
            "strategy_alone",
            {"strategies": [{"type": "buy_and_hold"}]},
            "there is only one strategy with one profile",
        ),
        ("reseeded", {"workflow": "research_pipeline"}, "it draws at random"),
        (
            "phases_permuted",
            {"workflow": "simple_backtest"},
            "each of its phases depends on the one before it",
        ),
        ("mistaken", {"capital": 5}, "the configuration is refused as it is"),
        ("prices_scaled", {"capital": 5}, "the run refused"),
        (
            "prices_scaled",
            {
                "objective": {
                    "constraints": [{"metric": "final_equity", "operator": ">", "value": 1}]
                }
            },
            "a constraint is on an amount of money",
        ),
        ("trace_kept", {"trace": {"max_events": 5}}, "the run itself keeps only the newest events"),
        ("symbols_renamed", {"trace": {"containers": {"data/*": "none"}}},
         "trace settings may name symbols"),
        ("interrupted", {"capital": 5},
         "no unit came to its end, so nothing can be interrupted after one"),
    ],
)  # fmt: skip
def test_a_relation_says_when_it_has_nothing_to_say(
    name: str, changes: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    more = {"parameter_space": {"breakout.lookback": [4, 5]}, "monte_carlo": {"iterations": 2}}
    if changes.get("workflow") == "research_pipeline":
        changes = {**changes, **more}
    outcome = _hold(name, _case(tmp_path, **changes), "imperative", tmp_path)
    assert (outcome.verdict, outcome.reason) == (Verdict.NOT_COMPARABLE, reason)


def test_a_case_is_not_changed_by_holding_relations(tmp_path: Path) -> None:
    case = _case(tmp_path)
    before = copy.deepcopy(case.config)
    for name in ("other_between", "mistaken", "bad_rows", "symbols_permuted"):
        _hold(name, case, "imperative", tmp_path / name)
    assert case.config == before
    assert case_of("again", dict(case.config)).config == before


def test_relations_draw_from_the_seed_alone(tmp_path: Path) -> None:
    case = _case(tmp_path)
    drawn: list[Callable[[], CheckOutcome]] = [
        lambda: _hold("future_perturbed", case, "imperative", tmp_path / "a", seed=7),
        lambda: _hold("future_perturbed", case, "imperative", tmp_path / "b", seed=7),
    ]
    first, second = (hold() for hold in drawn)
    assert first == second


@pytest.mark.parametrize("seed", range(4))
def test_a_warm_up_that_goes_by_what_was_chosen_later_is_no_look_ahead(
    seed: int, tmp_path: Path
) -> None:
    changes: dict[str, Any] = {"parameter_space": {"breakout.lookback": [3, 12]}}
    case = _case(tmp_path, **changes)
    outcome = _hold("future_perturbed", case, "imperative", tmp_path, seed)
    assert (outcome.verdict, outcome.first) == (Verdict.EQUAL, None)


_OWN_SETTINGS: dict[str, Any] = {
    "first": {
        "data": {**_WALKED["data"]},
        "metrics": {},
        "trace": {},
        "random_seed": 0,
        "portfolio": {},
        "walk_forward": {"train_bars": 50},
    },
    "second": {"data": {}, "metrics": {"periods_per_year": "auto"}, "trace": {"max_events": None}},
}


@pytest.mark.parametrize("whole_range", [True, False])
@pytest.mark.parametrize(
    "name",
    [
        "future_perturbed", "out_of_range", "data_rewritten", "bad_rows", "prices_scaled",
        "time_stretched", "symbols_renamed", "trace_kept", "unused_sections", "reseeded",
    ],
)  # fmt: skip
def test_a_relation_holds_where_phases_have_settings_of_their_own(
    name: str, whole_range: bool, tmp_path: Path
) -> None:
    case = _two(tmp_path, Own)
    phases = copy.deepcopy(_OWN_SETTINGS)
    data = {**_WALKED["data"], **({"start_date": None, "end_date": None} if whole_range else {})}
    if whole_range:
        data = {**data, "data_dir": str(_hourly(tmp_path / "hours"))}
    phases["first"]["data"] = data
    config = {**case.config, "data": dict(data), "phases": phases}
    if whole_range:
        config |= {"symbols": [{"symbol": "AAPL", "timeframes": ["1h"]}]}
    outcome = _hold(name, Case("two", config, case.own), "imperative", tmp_path)
    assert (outcome.first, outcome.reason, outcome.verdict) == (None, None, Verdict.EQUAL)


def _hourly(folder: Path) -> Path:
    """Write hourly bars, of which later days have fewer."""
    folder.mkdir()
    lines = ["timestamp,open,high,low,close"]
    for day in range(1, 13):
        for hour in range(13 - day):
            price = 100 + (7 * day + 3 * hour) % 11
            time = f"2024-01-{day:02d}T{hour:02d}:00"
            lines.append(f"{time},{price},{price + 1},{price - 1},{price}")
    (folder / "AAPL_1h.csv").write_text("\n".join(lines), encoding="utf-8")
    return folder


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("periods", ["auto", 100])
@pytest.mark.parametrize("name", ["first_part", "time_stretched"])
def test_how_many_bars_a_year_has_is_kept_where_bars_decide_it(
    name: str, periods: object, seed: int, tmp_path: Path
) -> None:
    config = {
        "workflow": "simple_backtest",
        "data": {"data_dir": str(_hourly(tmp_path / "hours"))},
        "symbols": [{"symbol": "AAPL", "timeframes": ["1h"]}],
        "strategies": [{"type": "buy_and_hold"}],
        "classifiers": [
            {"type": "volatility", "parameters": {"lookback": 2, "low": 1.4, "high": 1.8}}
        ],
        "metrics": {"periods_per_year": periods},
    }
    outcome = _hold(name, Case("hours", config, Own()), "declarative", tmp_path, seed)
    assert (outcome.first, outcome.reason, outcome.verdict) == (None, None, Verdict.EQUAL)
