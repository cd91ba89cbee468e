"""Mappings: what they turn columns into, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from containers.errors import ConfigurationError
from parity.errors import UsageError
from parity.stored.converting import converted
from parity.stored.mapping import TableMapping, read_mapping
from parity.stored.raw import read_raw
from parity.stored.table import Kind
from tests.parity.conftest import Output

Parity = Callable[..., Output]

DAY = 86_400 * 10**9


def mapping(tmp_path: Path, text: str, kind: Kind = Kind.TRADES) -> TableMapping:
    file = tmp_path / "mapping.yaml"
    file.write_text(text, "utf-8")
    return read_mapping(file)[kind]


def cells(
    tmp_path: Path, column: str, values: Sequence[str], told: str, more: str = ""
) -> dict[str, tuple[str, list[Any]]]:
    """Convert one column of text, by what a mapping says of it."""
    file = tmp_path / "t.csv"
    file.write_text("\n".join([column, *(f'"{value}"' for value in values)]) + "\n", "utf-8")
    text = f"trades:\n  columns: {{{column}: {told}}}\n{more}"
    table = converted(read_raw(file), Kind.TRADES, mapping(tmp_path, text))
    return {name: (c.type.value, list(c.values)) for name, c in table.columns.items()}


@pytest.mark.parametrize(
    ("values", "told", "name", "kind", "expected"),
    [
        (["1.5", ""], "net_profit", "net_profit", "float", [1.5, None]),
        (["7", "-3"], "quantity", "quantity", "float", [7.0, -3.0]),
        (["-7"], "{field: quantity, absolute: true}", "quantity", "float", [7.0]),
        (["-7", "0", "2"], "{field: side, sign: true}", "side", "int", [-1, 0, 1]),
        (["Long", "SHORT"], "side", "side", "int", [1, -1]),
        (["1", "-1"], "side", "side", "int", [1, -1]),
        (["B", "S"], "{field: side, values: {B: 1, S: -1}}", "side", "int", [1, -1]),
        (["x"], "{field: tag, values: {x: y}}", "tag", "text", ["y"]),
        (["2.5"], "{field: ret, unit: percent}", "ret", "float", [0.025]),
        (["25"], "{field: ret, unit: bps}", "ret", "float", [0.0025]),
        (["1234"], "{field: net_profit, unit: cents}", "net_profit", "float", [12.34]),
        (["2"], "{field: net_profit, scale: 1000}", "net_profit", "float", [2000.0]),
        (["2024-01-02"], "entry_time", "entry_time", "time", [1_704_153_600_000_000_000]),
        (["1704153600000000001"], "entry_time", "entry_time", "time", [1_704_153_600_000_000_001]),
        (["1704153600"], "{field: entry_time, epoch: s}", "entry_time", "time",
         [1_704_153_600_000_000_000]),
        (["2024-01-02"], "{field: entry_time, shift: 1d}", "entry_time", "time",
         [1_704_153_600_000_000_000 + DAY]),
        (["2024-01-02 16:00"], "{field: exit_time, zone: America/New_York}", "exit_time", "time",
         [1_704_153_600_000_000_000 + 21 * 3600 * 10**9]),
        (["2024-07-02 16:00"], "{field: exit_time, zone: America/New_York}", "exit_time", "time",
         [1_719_878_400_000_000_000 + 20 * 3600 * 10**9]),
        (["2024-01-02T16:00:00+01:00"], "{field: exit_time, zone: America/New_York}", "exit_time",
         "time", [1_704_153_600_000_000_000 + 15 * 3600 * 10**9]),
        (["02.01.2024 16:00"], "{field: exit_time, format: '%d.%m.%Y %H:%M'}", "exit_time", "time",
         [1_704_153_600_000_000_000 + 16 * 3600 * 10**9]),
        (["02.01.2024 +0100"], "{field: exit_time, format: '%d.%m.%Y %z'}", "exit_time", "time",
         [1_704_153_600_000_000_000 - 3600 * 10**9]),
        (["12.0"], "{field: bars_held, type: float}", "bars_held", "float", [12.0]),
        (["9223372036854775807"], "{field: n, type: int}", "n", "int", [2**63 - 1]),
        (["0.1"], "entry_price", "entry_price", "float", [0.1]),
        (["5e-324"], "entry_price", "entry_price", "float", [5e-324]),
    ],
)  # fmt: skip
def test_a_column_becomes_what_the_mapping_says(
    tmp_path: Path, values: list[str], told: str, name: str, kind: str, expected: list[Any]
) -> None:
    assert cells(tmp_path, "theirs", values, told) == {name: (kind, expected)}


def test_a_column_can_become_several_fields_and_fields_can_be_constants(tmp_path: Path) -> None:
    told = "[{field: quantity, absolute: true}, {field: side, sign: true}]"
    more = "  constants: {symbol: GOOG, entry_time: 2024-01-02, bars_held: 3}\n"
    assert cells(tmp_path, "Size", ["-5"], told, more) == {
        "quantity": ("float", [5.0]),
        "side": ("int", [-1]),
        "symbol": ("text", ["GOOG"]),
        "entry_time": ("time", [1_704_153_600_000_000_000]),
        "bars_held": ("int", [3]),
    }


def test_words_for_nothing_are_nothing(tmp_path: Path) -> None:
    more = "  nulls: [NaN, n/a]\n"
    found = cells(tmp_path, "theirs", ["nan", "N/A", "1"], "net_profit", more)
    assert found == {"net_profit": ("float", [None, None, 1.0])}


@pytest.mark.parametrize(
    ("values", "told", "message"),
    [
        (["1", "x"], "net_profit", "t.csv:3: column 'theirs': found 'x', expected a number"),
        (["nan"], "net_profit", "found 'nan', expected a number; where it stands for nothing"),
        (["inf"], "net_profit", "found 'inf', expected a number"),
        (["1e999"], "net_profit", "found '1e999', expected a number"),
        (["1_000"], "net_profit", "found '1_000', expected a number"),
        (["1,5"], "net_profit", "found '1,5', expected a number"),
        (["2.0"], "bars_held", "found '2.0', expected a whole number; if the column has decimals"),
        (["9223372036854775808"], "bars_held", "expected a whole number"),
        (["1"], "{field: bars_held, unit: bps, type: int}", "can't become int without a loss"),
        (["yesterday"], "entry_time", "'yesterday' is not an ISO 8601 date or time"),
        (["2024-13-01"], "entry_time", "has no such date in the calendar"),
        (["2024-01-02"], "{field: entry_time, format: '%d.%m.%Y'}", "does not match format"),
        (["2024-03-31 02:30"], "{field: entry_time, zone: Europe/Berlin}", "is no single time in"),
        (["2024-10-27 02:30"], "{field: entry_time, zone: Europe/Berlin}", "clocks were changed"),
        (["9999999999"], "{field: entry_time, epoch: s, shift: 1d}", "is beyond what nanosec"),
        (["9" * 5000], "entry_time", "is not an ISO 8601 date or time"),
        (["9" * 5000], "bars_held", "expected a whole number"),
        (["1e300"], "{field: net_profit, scale: 1e300}", "found inf, expected a number"),
        (["sideways"], "side", "found 'sideways', which 'values' of the mapping does not have"),
        (["C"], "{field: side, values: {B: 1, S: -1}}", "known: B, S"),
        (["x"], "{field: quantity, absolute: true}", "found 'x', expected a number"),
    ],
)  # fmt: skip
def test_a_cell_that_does_not_fit_says_where_it_is(
    tmp_path: Path, values: list[str], told: str, message: str
) -> None:
    with pytest.raises(UsageError) as error:
        cells(tmp_path, "theirs", values, told)
    assert message in str(error.value)
    assert f"{tmp_path}/t.csv:" in str(error.value)


def test_a_column_the_file_does_not_have_is_told_with_the_nearest(
    tmp_path: Path, parity: Parity
) -> None:
    (tmp_path / "trades.csv").write_text("EntryTime,Size\n2024-01-02,1\n", "utf-8")
    (tmp_path / "m.yaml").write_text("trades:\n  columns:\n    EntryTim: entry_time\n", "utf-8")
    told = parity("compare", "trades.csv", "trades.csv", "--mapping", "m.yaml")
    assert told.code == 2
    assert "m.yaml:3:5: trades.csv has no column 'EntryTim'; did you mean 'EntryTime'?" in told.err


def test_two_columns_of_one_field_and_a_constant_that_is_there_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("a,b,symbol\n1,2,X\n", "utf-8")
    both = "trades: {columns: {a: net_profit, b: net_profit}}"
    with pytest.raises(UsageError, match="the columns 'a' and 'b' are both 'net_profit'"):
        converted(read_raw(file), Kind.TRADES, mapping(tmp_path, both))
    there = "trades: {constants: {symbol: Y}}"
    with pytest.raises(UsageError, match="has a column 'symbol'; leave it out of the constants"):
        converted(read_raw(file), Kind.TRADES, mapping(tmp_path, there))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "m.yaml: the file is empty"),
        ("{}", "found nothing, expected one of the sections trades, equity, metrics"),
        ("trade: {}", "m.yaml:1:1: trade: 'trade' is not a section of a mapping (did you mean"),
        ("trades: 5", "found 5, expected a mapping"),
        ("trades: {colums: {}}", "'colums' is not a key of a mapping (did you mean 'columns'?)"),
        ("trades: {side: both}", "found 'both', expected left or right"),
        ("trades: {delimiter: ';;'}", "expected one character"),
        ("trades: {columns: [a]}", "expected a mapping"),
        ("trades: {columns: {a: 5}}", "found 5, expected the name of a field, or a mapping"),
        ("trades: {columns: {a: []}}", "leave a column out under 'ignore'"),
        ("trades: {columns: {a: {unit: percent}}}", "it has no 'field'"),
        ("trades: {columns: {a: {field: b, units: percent}}}", "did you mean 'unit'?"),
        ("trades: {columns: {a: {field: b, unit: percents}}}", "did you mean 'percent'?"),
        ("trades: {columns: {a: {field: b, unit: bps, scale: 2}}}", "a unit or a scale, not both"),
        ("trades: {columns: {a: {field: b, scale: 0}}}", "expected a number other than 0"),
        ("trades: {columns: {a: {field: b, scale: .inf}}}", "expected a number other than 0"),
        ("trades: {columns: {a: {field: b, absolute: 1}}}", "expected true or false"),
        ("trades: {columns: {a: {field: b, type: integer}}}", "did you mean 'int'?"),
        ("trades: {columns: {a: {field: b, zone: Europe/Berln}}}", "no time zone 'Europe/Berln'"),
        ("trades: {columns: {a: {field: b, shift: 1 day}}}", "like 1d"),
        ("trades: {columns: {a: {field: b, epoch: m}}}", "expected one of s, ms, us, ns"),
        ("trades: {columns: {a: {field: b, values: {x: 1, y: z}}}}", "of several types"),
        ("trades: {columns: {a: {field: b, values: {x: 1.5}}}}", "text or a whole number"),
        ("trades: {constants: {a: [1]}}", "expected text or a number"),
        ("trades: {ignore: [a]}", "expected a mapping"),
        ("trades: {ignore: {a: }}", "expected the reason why 'a' is left out"),
        ("trades: {key: symbol}", "expected a list of names"),
        ("trades: {key: [a, a]}", "a name is there twice"),
        ("trades: {tolerance: {a: 0.1}}", "expected a mapping with abs, rel or ulp and a reason"),
        ("trades: {tolerance: {a: {abs: 0.1}}}", "it has no 'reason'"),
        ("trades: {tolerance: {a: {reason: x}}}", "it tolerates nothing"),
        ("trades: {tolerance: {a: {abs: -1, reason: x}}}", "expected more than 0"),
        ("trades: {tolerance: {a: {abs: .inf, reason: x}}}", "expected more than 0"),
        ("trades: {tolerance: {a: {ulp: 1.5, reason: x}}}", "expected a number"),
        ("trades: {tolerance: {a: {absolute: 1, reason: x}}}", "(known: abs, reason, rel, ulp)"),
        ("trades: {a: 1\n", "m.yaml:"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_mapping_is_told_with_its_place(
    tmp_path: Path, parity: Parity, text: str, message: str
) -> None:
    (tmp_path / "trades.csv").write_text("entry_time,symbol\n2024-01-02,X\n", "utf-8")
    (tmp_path / "m.yaml").write_text(text, "utf-8")
    told = parity("compare", "trades.csv", "trades.csv", "--mapping", "m.yaml")
    assert told.code == 2
    assert message in told.err
    assert "m.yaml" in told.err


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "m.yaml"
    file.write_text("trades: {side: up, colums: {}, key: 5}\nequty: {}\n", "utf-8")
    with pytest.raises(ConfigurationError) as error:
        read_mapping(file)
    assert len(error.value.problems) == 4
