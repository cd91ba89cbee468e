"""Every number of the hand-made cases, from both engines and from the oracle, to the last bit."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from containers.configuration import read_user
from containers.events import Event
from containers.results import PortfolioResult, WorkflowResult
from parity.oracle import run_backtest
from tests.contract.conftest import HANDMADE, ROOT, Run

CASES = ("two_symbols", "drawdown")


def expected(case: str) -> dict[str, Any]:
    content = (HANDMADE / f"{case}.expected.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(content)
    return document


def plain_events(events: Iterable[Event]) -> list[dict[str, Any]]:
    """Give events in the form of the expected files."""
    header = ("seq", "time_ns", "container")
    plain = []
    for event in events:
        # Through JSON, since that is what was written: tuples become lists, numbers keep bits.
        fields = json.loads(msgspec.json.encode(event))
        head = {name: fields.pop(name) for name in header}
        plain.append({**head, "type": event.kind.value, **fields})
    return plain


def check(case: str, events: Iterable[Event], portfolios: Mapping[str, PortfolioResult]) -> None:
    document = expected(case)
    assert plain_events(events) == document["events"]
    trades = [msgspec.to_builtins(trade) for p in portfolios.values() for trade in p.trades or ()]
    by_exit = sorted(trades, key=lambda t: (t["portfolio"], t["exit_time"], t["symbol"]))
    assert by_exit == sorted(
        document["trades"], key=lambda t: (t["portfolio"], t["exit_time"], t["symbol"])
    )
    for name, portfolio in portfolios.items():
        curve = portfolio.equity_curve
        assert curve is not None
        samples = [list(s) for s in zip(curve.time_ns.tolist(), curve.equity.tolist(), strict=True)]
        assert samples == document["equity"][name]
        assert portfolio.metrics == document["metrics"][name]
        assert list(portfolio.metrics) == list(document["metrics"][name])
        types = {figure: type(value) for figure, value in portfolio.metrics.items()}
        assert types == {k: type(v) for k, v in document["metrics"][name].items()}
    assert portfolios.keys() == document["metrics"].keys()


def at_detailed_level(file: Path) -> dict[str, Any]:
    data = read_user(file).data
    data["data"]["data_dir"] = str(file.parent / data["data"]["data_dir"])
    return {**data, "trace_level": "detailed"}


@pytest.mark.parametrize("case", CASES)
def test_an_engine_equals_the_hand_computed_numbers(run: Run, case: str) -> None:
    result: WorkflowResult = run(at_detailed_level(HANDMADE / f"{case}.yaml"))
    phase = result.phase_results["backtest"]
    check(case, phase.iterations[0].trace.events(), phase.portfolios)


@pytest.mark.parametrize("case", CASES)
def test_the_oracle_equals_the_hand_computed_numbers(case: str) -> None:
    backtest = run_backtest(at_detailed_level(HANDMADE / f"{case}.yaml"), Path())
    check(case, backtest.events, backtest.portfolios)


def test_the_exact_tie_of_two_averages_is_a_signal_to_flat(run: Run) -> None:
    document = expected("ibm_tie")
    phase = run(at_detailed_level(HANDMADE / "ibm_tie.yaml")).phase_results["backtest"]
    events = plain_events(phase.iterations[0].trace.events())
    assert all(event in events for event in document["events_around"])
    assert any(e["type"] == "SIGNAL" and e["direction"] == 0 for e in document["events_around"])
    assert phase.metrics == document["metrics"]
    assert (
        json.loads(msgspec.json.encode(phase.portfolios[str(phase.best_portfolio)].trades))
        == (document["trades"])
    )


def test_the_script_that_computed_them_gives_them_again() -> None:
    command = [sys.executable, str(HANDMADE / "compute.py"), "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_script_that_computed_them_imports_none_of_our_packages() -> None:
    for file in HANDMADE.glob("*.py"):
        text = file.read_text(encoding="utf-8")
        for package in ("containers", "imperative", "declarative", "parity"):
            assert f"import {package}" not in text
            assert f"from {package}" not in text
