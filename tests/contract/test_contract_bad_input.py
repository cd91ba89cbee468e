"""Bad input: one clear message with its place, the same from both engines, and nothing written."""

from __future__ import annotations

from pathlib import Path

import pytest

from containers.errors import ConfigurationError
from containers.journal import Entry
from tests.contract.conftest import Run

GOOD = """\
workflow: simple_backtest
data: {data_dir: data}
symbols: [AAA]
strategies:
  - {type: momentum, parameters: {fast_period: 2, slow_period: 3}}
results: {storage: disk}
"""

BARS = """\
timestamp,open,high,low,close,volume
2024-01-01,10,11,9,10,100
2024-01-02,10,11,9,10,100
2024-01-03,10,11,9,10,100
"""

# (what, text to replace, its replacement, start of the place, fragments of the message)
CONFIGURATIONS = [
    ("an unknown key", "data_dir", "data_dri", "c.yaml:2:8", ["data_dri", "'data_dir'"]),
    ("an unknown section", "symbols:", "symbol:", "c.yaml:3:1", ["symbol", "'symbols'"]),
    ("a wrong type", "fast_period: 2", "fast_period: two", "c.yaml:5:", ["'two'", "whole number"]),
    ("a text for a number", "results:", 'random_seed: "1"\nresults:', "c.yaml:6:", ["'1'"]),
    (
        "negative capital",
        "results:",
        "portfolio: {initial_capital: -5}\nresults:",
        "c.yaml:6:",
        ["-5", "portfolio.initial_capital"],
    ),
    (
        "a key twice",
        "results:",
        "symbols: [BBB]\nresults:",
        "c.yaml:6:1",
        ["symbols", "line 3, column 1"],
    ),
    ("broken YAML", "symbols: [AAA]", "symbols: [AAA", "c.yaml:", []),
    ("an unknown strategy", "type: momentum", "type: momentun", "c.yaml:5:", ["'momentum'"]),
    (
        "an unknown parameter",
        "fast_period",
        "fast_perio",
        "c.yaml:5:",
        ["fast_perio", "'fast_period'"],
    ),
    (
        "an unknown workflow",
        "workflow: simple_backtest",
        "workflow: simple_backtst",
        "c.yaml:1:11",
        ["simple_backtst", "'simple_backtest'"],
    ),
    (
        "no strategies",
        "strategies:\n  - {type: momentum, parameters: {fast_period: 2, slow_period: 3}}\n",
        "",
        "c.yaml:",
        ["strategies", "required"],
    ),
    ("an unknown symbol", "[AAA]", "[AAB]", "c.yaml:3:", ["AAB", "AAA"]),
    (
        "an empty range",
        "data_dir: data",
        "data_dir: data, start_date: 2030-01-01",
        "c.yaml:",
        ["2030-01-01", "2024-01-01"],
    ),
    (
        "dates in the wrong order",
        "data_dir: data",
        "data_dir: data, start_date: 2024-01-03, end_date: 2024-01-01",
        "c.yaml:2:",
        ["2024-01-03", "2024-01-01"],
    ),
    ("a folder that is not there", "data_dir: data", "data_dir: dtaa", "c.yaml:", ["dtaa"]),
    (
        "an unknown phase",
        "results:",
        "phases: {backtets: {random_seed: 1}}\nresults:",
        "c.yaml:6:10",
        ["backtets", "'backtest'"],
    ),
    (
        "a mistake inside a phase",
        "results:",
        "phases: {backtest: {symbols: [ZZZ]}}\nresults:",
        "c.yaml:6:",
        ["phases.backtest.symbols[0]", "ZZZ"],
    ),
    (
        "a storage that does not exist",
        "storage: disk",
        "storage: hybird",
        "c.yaml:6:",
        ["hybird", "hybrid"],
    ),
    (
        "an alias bomb",
        "symbols: [AAA]",
        "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
        + "".join(
            f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 10)}]\n"
            for i in range(7)
        ),
        "c.yaml:",
        [],
    ),
]  # fmt: skip

# (what, line 3 of the file, fragments of the message)
BARS_THAT_ARE_BAD = [
    ("a duplicate time", "2024-01-01,10,11,9,10,100", ["timestamp", "2024-01-01"]),
    ("a time going back", "2023-12-31,10,11,9,10,100", ["timestamp", "2023-12-31"]),
    ("an unreadable time", "soon,10,11,9,10,100", ["timestamp", "soon"]),
    ("a missing price", "2024-01-02,,11,9,10,100", ["open"]),
    ("a price that is no number", "2024-01-02,10,11,9,ten,100", ["close", "ten"]),
    ("an infinite price", "2024-01-02,10,inf,9,10,100", ["high", "inf"]),
    ("a high below the close", "2024-01-02,10,9.5,9,10,100", ["high", "9.5"]),
    ("a low above the open", "2024-01-02,10,11,10.5,11,100", ["low", "10.5"]),
    ("a price of zero", "2024-01-02,10,11,0,10,100", ["low", "0"]),
    ("a negative volume", "2024-01-02,10,11,9,10,-1", ["volume", "-1"]),
    ("an infinite volume", "2024-01-02,10,11,9,10,inf", ["volume", "inf"]),
    ("a row too short", "2024-01-02,10,11,9,10", []),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "AAA_1d.csv").write_text(BARS, encoding="utf-8")
    (tmp_path / "c.yaml").write_text(GOOD, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refusals(both: dict[str, Run], folder: Path) -> list[ConfigurationError]:
    """Run ``c.yaml`` through both engines; both must refuse, journal and write nothing."""
    before = sorted(folder.rglob("*"))
    refused = []
    for run in both.values():
        journal: list[Entry] = []
        with pytest.raises(ConfigurationError) as caught:
            run("c.yaml", journal=journal)
        assert journal == []
        refused.append(caught.value)
    assert sorted(folder.rglob("*")) == before
    return refused


def test_the_good_configuration_is_good(both: dict[str, Run], folder: Path) -> None:
    assert all(run("c.yaml").success for run in both.values())


@pytest.mark.parametrize("case", CONFIGURATIONS, ids=lambda case: case[0])
def test_a_bad_configuration_is_refused_alike_with_its_place(
    both: dict[str, Run], folder: Path, case: tuple[str, str, str, str, list[str]]
) -> None:
    _, before, after, place, fragments = case
    assert GOOD.count(before) == 1
    (folder / "c.yaml").write_text(GOOD.replace(before, after), encoding="utf-8")
    left, right = refusals(both, folder)
    assert left.problems == right.problems
    assert type(left) is type(right)
    message = str(left)
    assert message.startswith(place)
    for fragment in fragments:
        assert fragment in message


@pytest.mark.parametrize("case", BARS_THAT_ARE_BAD, ids=lambda case: case[0])
def test_a_bad_bar_is_refused_alike_with_its_row_and_column(
    both: dict[str, Run], folder: Path, case: tuple[str, str, list[str]]
) -> None:
    _, line, fragments = case
    rows = BARS.splitlines()
    rows[2] = line
    (folder / "data" / "AAA_1d.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    left, right = refusals(both, folder)
    assert left.problems == right.problems
    assert str(left).startswith("data/AAA_1d.csv:3")
    for fragment in fragments:
        assert fragment in str(left)


def test_a_file_in_both_formats_is_refused_alike(both: dict[str, Run], folder: Path) -> None:
    (folder / "data" / "AAA_1d.parquet").write_bytes(b"")
    left, right = refusals(both, folder)
    assert left.problems == right.problems
    assert "AAA_1d.csv" in str(left)
    assert "AAA_1d.parquet" in str(left)


def test_a_folder_that_cannot_be_written_is_refused_alike(
    both: dict[str, Run], folder: Path
) -> None:
    (folder / "results").write_text("a file, not a folder", encoding="utf-8")
    left, right = refusals(both, folder)
    assert left.problems == right.problems
    assert "results" in str(left)


def test_a_missing_file_is_refused_alike_with_the_nearest(
    both: dict[str, Run], folder: Path
) -> None:
    for run in both.values():
        with pytest.raises(ConfigurationError, match=r"d\.yaml.*c\.yaml"):
            run("d.yaml")


def test_dropped_bars_are_journalled_alike(both: dict[str, Run], folder: Path) -> None:
    text = BARS + "2024-01-04,10,5,9,10,100\n2024-01-05,10,11,9,10,100\n"
    (folder / "data" / "AAA_1d.csv").write_text(text, encoding="utf-8")
    good = GOOD.replace("data_dir: data", "data_dir: data, on_bad_bar: drop")
    (folder / "c.yaml").write_text(good, encoding="utf-8")
    journals: dict[str, list[Entry]] = {name: [] for name in both}
    for name, run in both.items():
        assert run("c.yaml", journal=journals[name], root=folder / name).success
    records = [
        [type(e.record).__name__ for e in journal if e.path == ()] for journal in journals.values()
    ]
    assert records[0] == records[1]
    assert records[0].count("BarDropped") == 1
