"""An adapter that gives what it may not, or not what it must, is told what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest

from containers.configuration.names import METRIC_NAMES
from containers.results import Trade
from parity.adapter import Adapter, Answers, CannotExpress, Task, time_ns
from parity.channels import Channel
from parity.errors import SubjectError, UsageError
from parity.record import Record
from parity.records.record_file import load_record, save_record
from parity.subjects import parse_subject, record_of, subject_for
from parity.verifying import verify
from tests.parity.subjects.installing import install
from tests.parity.subjects.test_same_record import config

PLACE = "iteration=0/phase=backtest/portfolio=momentum.moderate"
ROW: dict[str, Any] = {
    "symbol": "AAA", "side": 1, "quantity": 2, "entry_time": 10, "exit_time": 20,
    "entry_price": 1.0, "exit_price": 2.0, "bars_held": 1, "commission": 0.0, "net_profit": 2.0,
}  # fmt: skip
EQUITY = ([10, 20], [1.0, 2.0])
FIGURES = {"bars": 2, "win_rate": None}


class Giving(Adapter):
    figures = ("bars", "win_rate")

    def __init__(self, **given: Any) -> None:
        super().__init__({})
        self._given = {"trades": [ROW], "equity": EQUITY, "metrics": FIGURES, **given}

    def backtest(self, task: Task, answers: Answers) -> None:
        assert task.settings  # which are those of a simple backtest alone
        answers.portfolio("momentum.moderate", **self._given)


def ran(adapter: Adapter, given: Any = None, tmp_path: Path = Path("nowhere")) -> Record:
    return record_of(adapter, config() if given is None else given, tmp_path)


def test_rows_and_a_curve_and_figures_become_a_record() -> None:
    record = ran(Giving())
    assert record.status == "succeeded"
    assert record.declared == {Channel.TRADES, Channel.EQUITY, Channel.METRICS}
    assert record.covers == frozenset({"iteration=0/phase=backtest"})
    assert record.figures == frozenset({"bars", "win_rate"})
    (trade,) = record.channels[Channel.TRADES][PLACE]
    assert trade == Trade("momentum.moderate", "AAA", 1, 2.0, 10, 20, 1.0, 2.0, 1, 0.0, 2.0)
    assert type(trade.quantity) is float
    curve = record.channels[Channel.EQUITY][PLACE]
    assert (curve.time_ns.dtype, curve.equity.dtype) == (np.int64, np.float64)
    assert record.channels[Channel.METRICS][PLACE] == FIGURES


def test_numbers_of_numpy_and_moments_of_pandas_are_taken() -> None:
    row = {
        **ROW,
        "quantity": np.float64(2.0),
        "side": np.int64(1),
        "entry_time": pd.Timestamp(10, tz="UTC"),
        "exit_time": np.datetime64(20, "ns"),
    }
    given = ran(Giving(trades=[row], equity=(np.array([10, 20]), np.array([1.0, 2.0]))))
    plain = ran(Giving())
    assert given.channels[Channel.TRADES] == plain.channels[Channel.TRADES]
    assert type(given.channels[Channel.TRADES][PLACE][0].side) is int


def test_what_it_declares_is_kept_with_its_record(tmp_path: Path) -> None:
    for number, record in enumerate((ran(Giving()), ran(Giving(), {"workflow": "mine"}))):
        save_record(record, tmp_path / str(number))
        read = load_record(tmp_path / str(number)).record
        for field in ("declared", "covers", "figures", "beyond", "status"):
            assert getattr(read, field) == getattr(record, field)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, 5),
        (np.int64(5), 5),
        (datetime(1970, 1, 1, 0, 0, 1, 500, tzinfo=UTC), 1_000_500_000),
        (pd.Timestamp("1970-01-01T00:00:00.000000007+00:00"), 7),
        (pd.Timestamp("1970-01-01T01:00:00.000000007+01:00"), 7),
        (np.datetime64("1970-01-02"), 86_400_000_000_000),
    ],
)
def test_a_moment_is_whole_nanoseconds(value: Any, expected: int) -> None:
    assert time_ns(value) == expected


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (datetime(2024, 1, 1), "expected a time zone: say that it is UTC"),
        ("2024-01-01", "found '2024-01-01' as a time, expected nanoseconds or a datetime"),
        (1.5, "found 1.5 as a time"),
        (True, "found True as a time"),
        (np.datetime64("NaT"), "found np.datetime64('NaT'"),
        (pd.NaT, "found NaT as a time"),
    ],
)
def test_what_is_no_moment_is_refused(value: Any, message: str) -> None:
    with pytest.raises(SubjectError, match=re.escape(message)):
        time_ns(value)


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in ROW.items() if key != name}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"trades": None}, "gives no trades, which the adapter declares; an empty list says that"),
        ({"trades": [5]}, "trade 0: found int, expected a mapping or a Trade"),
        ({"trades": 5}, "trades: found int, expected rows"),
        ({"trades": [without("side")]}, "trade 0: column side is missing"),
        ({"trades": [{**without("side"), "sied": 1}]}, "unknown column 'sied'; did you mean 'sid"),
        ({"trades": [{**ROW, "quantity": "2"}]}, "trade 0: Expected `float`, got `str`"),
        ({"trades": [{**ROW, "side": 2}]}, "found side 2, quantity 2.0 and portfolio"),
        ({"trades": [{**ROW, "quantity": -2.0}]}, "expected side 1 or -1 and a quantity above 0"),
        ({"trades": [{**ROW, "quantity": float("nan")}]}, "and a quantity above 0"),
        ({"trades": [{**ROW, "exit_time": "x"}]}, "trade 0: found 'x' as a time"),
        ({"trades": [{**ROW, "exit_time": 2**63}]}, "beyond what 64 bits hold"),
        ({"trades": [{**ROW, "exit_time": 5}]}, "trade 0: it was closed before it was opened"),
        ({"trades": [{**ROW, "exit_time": 30}, ROW]}, "trade 1: it was closed before trade 0"),
        ({"trades": [Trade("other", *ROW.values())]}, "and portfolio 'other'"),
        ({"equity": None}, "gives no equity, which the adapter declares"),
        ({"equity": 5}, "equity: expected times and values"),
        ({"equity": ([1], [1.0], [2])}, "equity: expected times and values"),
        ({"equity": ([1, 2], [1.0])}, "equity: found 2 times and 1 values"),
        ({"equity": ([2, 1], [1.0, 2.0])}, "equity: times do not ascend"),
        ({"equity": ([1, 1], [1.0, 2.0])}, "equity: times do not ascend"),
        ({"equity": ([1], ["x"])}, "could not convert string to float: 'x'"),
        ({"equity": ([1], [None])}, "equity: expected times and values"),
        ({"equity": ([1], [float("nan")])}, "equity: found nan, expected numbers"),
        ({"metrics": None}, "gives no metrics, which the adapter declares"),
        ({"metrics": [1]}, "metrics: found list, expected a mapping"),
        ({"metrics": {"bars": 2}}, "metrics: figure win_rate is missing"),
        ({"metrics": {**FIGURES, "sharp": 1.0}}, "unknown figure 'sharp'"),
        ({"metrics": {"bars": 2, "win_rate": float("nan")}}, "win_rate: found nan, expected a fin"),
        ({"metrics": {"bars": 2, "win_rate": float("inf")}}, "win_rate: found inf, expected a fin"),
        ({"metrics": {"bars": True, "win_rate": None}}, "bars: found True, expected a finite"),
        ({"metrics": {"bars": "2", "win_rate": None}}, "bars: found '2', expected a finite"),
        ({"place": 5}, "found 5 as a place, expected text"),
    ],
    ids=repr,
)  # fmt: skip
def test_wrong_answers_are_a_failure_that_says_what_is_wrong(
    given: dict[str, Any], message: str
) -> None:
    record = ran(Giving(**given))
    assert record.status == "failed"
    assert "SubjectError: portfolio 'momentum.moderate'" in str(record.explanation)
    assert message in str(record.explanation)


def backtesting(act: Callable[[Task, Answers], None], **members: Any) -> Adapter:
    """Give an adapter that does `act`."""
    kind = type("Acting", (Adapter,), {"backtest": lambda _, *both: act(*both), **members})
    made: Adapter = kind({})
    return made


def test_a_portfolio_is_answered_once() -> None:
    def twice(task: Task, answers: Answers) -> None:
        for _ in range(2):
            answers.portfolio("a", trades=[])

    record = ran(backtesting(twice, fills=("trades",)))
    assert "portfolio 'a' is answered twice" in str(record.explanation)


@pytest.mark.parametrize("name", ["", None, 5])
def test_a_portfolio_has_a_name(name: Any) -> None:
    record = ran(backtesting(lambda t, a: a.portfolio(name, trades=[]), fills=("trades",)))
    assert "as the id of a portfolio, expected text" in str(record.explanation)


def test_what_is_not_declared_is_refused() -> None:
    record = ran(backtesting(lambda t, a: a.portfolio("a", trades=[]), fills=("equity",)))
    expected = "portfolio 'a' gives trades, which the adapter does not declare; add it to its"
    assert expected in str(record.explanation)


def test_an_adapter_that_gives_nothing_fails() -> None:
    record = ran(backtesting(lambda task, answers: None))
    assert "the adapter gave no portfolio; answers.portfolio takes each" in str(record.explanation)


def test_an_adapter_without_a_method_fails() -> None:
    record = ran(Adapter({}))
    assert "NotImplementedError: Adapter has no method 'backtest'" in str(record.explanation)


def test_figures_are_all_unless_it_says_otherwise() -> None:
    figures = dict.fromkeys(METRIC_NAMES)
    record = ran(backtesting(lambda t, a: a.portfolio("a", metrics=figures), fills=("metrics",)))
    assert record.status == "succeeded"
    assert record.figures is None


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("fills = ('trades', 'trace')", "fills has 'trace'; "),
        ("fills = ()", "fills is empty: there would be nothing to compare"),
        ("figures = ('sharpe',)", "figures has 'sharpe'; did you mean 'sharpe_ratio'?"),
        ("figures = ()", "figures is empty: leave it out for all, or 'metrics' out of fills"),
    ],
)
def test_a_wrong_declaration_is_wrong_usage(
    body: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = f"from parity.adapter import Adapter\nclass Wrong(Adapter):\n    {body}\n"
    name = f"wrong_{abs(hash(body))}"
    monkeypatch.syspath_prepend(install(tmp_path, name, source, {"wrong": f"{name}:Wrong"}))
    with pytest.raises(UsageError, match=re.escape(message)):
        subject_for(parse_subject("wrong"))


def test_a_task_has_settings_and_bars_and_what_was_written(tmp_path: Path) -> None:
    seen: dict[str, Any] = {}

    def look(task: Task, answers: Answers) -> None:
        seen.update(config=task.config, capital=task.settings.initial_capital, root=task.root)
        seen["bars"] = len(task.bars("AAA", "1d"))
        assert task.bars() == task.bars("AAA")

    ran(backtesting(look), config(), tmp_path)
    assert seen == {"config": config(), "capital": 100_000.0, "root": tmp_path, "bars": 10}


@pytest.mark.parametrize(
    ("given", "asks", "reason"),
    [
        (config(), ("ZZZ",), "the symbol 'ZZZ' is not configured"),
        (config(), ("AAA", "1h"), "AAA has no timeframe '1h'"),
        (config(data={"data_dir": "nowhere"}), (), "the data cannot be read: "),
        (config(symbols=5), (), "the configuration cannot be read: TypeError"),
        ({"workflow": "mine"}, (), "the workflow is 'mine', not 'simple_backtest'"),
        (config(strategies=[{"type": "own"}]), (), "no strategy of type 'own'"),
    ],
)
def test_what_a_task_does_not_have_cannot_be_expressed(
    given: dict[str, Any], asks: tuple[str, ...], reason: str
) -> None:
    def ask(task: Task, answers: Answers) -> None:
        task.bars(*asks)

    record = ran(backtesting(ask), given)
    assert (record.status, record.channels) == ("refused", {})
    assert reason in str(record.beyond)


def test_a_file_that_cannot_be_read_is_refused_as_the_engines_refuse_it(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("workflow: [")
    control = subject_for(parse_subject("imperative"))
    verification = verify([("c", tmp_path / "c.yaml")], control, [Giving()], tmp_path / "runs")
    assert verification.exit_code == 2


def test_nobody_has_expressed_it_when_nobody_can(tmp_path: Path) -> None:
    def silent(task: Task, answers: Answers) -> None:
        raise CannotExpress("never")

    both = backtesting(silent), backtesting(silent)
    verification = verify([("c", config())], both[0], [both[1]], tmp_path)
    assert verification.exit_code in (2, 4)  # whatever it is called, it is no parity


class Lying(Giving):
    """Says that it cannot express what it has run."""

    figures: ClassVar[Any] = None

    def run(self, given: Any, root: Path) -> Record:
        import msgspec

        record = subject_for(parse_subject("imperative")).run(given, root)
        return msgspec.structs.replace(record, beyond="no")


def test_who_ran_it_could_express_it(tmp_path: Path) -> None:
    control = subject_for(parse_subject("imperative"))
    verification = verify([("c", config())], control, [Lying()], tmp_path)
    assert verification.exit_code == 1
