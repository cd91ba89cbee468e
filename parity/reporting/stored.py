"""What came of `parity compare`: as a JSON document, ``paritykit/compare/1``, and for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from containers.data import format_instant
from parity.policy import RuleStanding
from parity.reporting.plain import plain_document
from parity.reporting.standing import rule_words
from parity.stored import StoredOutcome, TableOutcome
from parity.stored.outcome import Row, Widest
from parity.stored.table import Kind, Type, field_type

__all__ = ["CompareDocument", "compare_document", "print_comparison"]

_ENDINGS: Final[Mapping[int, str]] = {
    0: "[bold green]EQUAL[/]",
    1: "[bold red]DIFFERENT[/]",
    4: "[bold red]NOTHING COMPARED[/]",
}


class CompareDocument(msgspec.Struct, frozen=True):
    """What came of comparing what is stored on two sides.

    ``place`` is where in a run the portfolios lie; null without a run. ``problems`` are tables that
    one side alone has; ``left_out`` kinds that a run has and the files have not.
    """

    schema: Literal["paritykit/compare/1"]
    verdict: Literal["equal", "different", "nothing compared"]
    exit_code: int
    left: str
    right: str
    place: str | None
    tables: tuple[TableOutcome, ...]
    problems: tuple[str, ...]
    left_out: tuple[Kind, ...]
    rules: tuple[RuleStanding, ...]


def compare_document(outcome: StoredOutcome) -> dict[str, Any]:
    """Give the document, plain."""
    verdicts: Mapping[int, Literal["equal", "different", "nothing compared"]] = {
        0: "equal", 1: "different", 4: "nothing compared",
    }  # fmt: skip
    document = CompareDocument(
        schema="paritykit/compare/1",
        verdict=verdicts[outcome.exit_code],
        exit_code=outcome.exit_code,
        left=outcome.left,
        right=outcome.right,
        place=outcome.place,
        tables=outcome.tables,
        problems=outcome.problems,
        left_out=outcome.left_out,
        rules=outcome.rules,
    )
    return plain_document(document)


def print_comparison(outcome: StoredOutcome, console: Console) -> None:
    """Print each table's counts, its columns, and rows that are not the same."""
    if outcome.place is not None:
        _line(console, f"portfolios of {outcome.place}")
    for table in outcome.tables:
        _print_table(table, console)
    for problem in outcome.problems:
        _line(console, problem)
    for rule in outcome.rules:
        _line(console, rule_words(rule))
    if outcome.left_out:
        _line(console, f"not compared, since the files have none: {', '.join(outcome.left_out)}")
    words = _ENDINGS[outcome.exit_code]
    rows = sum(table.matched for table in outcome.tables)
    cells = sum(column.compared for table in outcome.tables for column in table.columns)
    sides = f"{escape(outcome.left)} and {escape(outcome.right)}"
    console.print(f"{words}: {rows:,} rows and {cells:,} cells of {sides} compared.")


def _print_table(table: TableOutcome, console: Console) -> None:
    key = ", ".join(table.key) or "their order"
    console.print(f"[bold]{table.kind}[/]: matched by {escape(key)}")
    _line(
        console,
        f"  {table.left_rows:,} rows left, {table.right_rows:,} right: {table.matched:,} in both, "
        f"{table.different:,} of them different; {table.only_left:,} only left, "
        f"{table.only_right:,} only right",
    )
    if table.left_again or table.right_again:
        _line(
            console,
            f"  {table.left_again:,} rows left and {table.right_again:,} right have the key of an "
            "earlier one; the first is matched with the first, and so on",
        )
    for note in table.notes:
        _line(console, f"  {note}")
    _print_columns(table, console)
    for side, names in (("left", table.left_columns), ("right", table.right_columns)):
        if names:
            _line(console, f"  columns only {side}: {', '.join(names)}")
    for name, reason in table.ignored.items():
        _line(console, f"  ignored: {name} ({reason})")
    for problem in table.problems:
        _line(console, f"  {problem}")
    for row in table.rows:
        for line in _row(row, table.kind):
            _line(console, f"  {line}")


def _print_columns(table: TableOutcome, console: Console) -> None:
    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column("  column", overflow="fold")
    for heading in ("cells", "different", "tolerated", "largest", "relative", "ulp"):
        shown.add_column(heading, justify="right")
    shown.add_column("largest at", overflow="fold")
    shown_columns = [c for c in table.columns if c.different or c.tolerated]
    for column in shown_columns:
        widest = column.widest_abs
        shown.add_row(
            f"  {escape(column.name)}",
            f"{column.compared:,}",
            f"[red]{column.different:,}[/]" if column.different else "0",
            f"[yellow]{column.tolerated:,}[/]" if column.tolerated else "0",
            _size(column.widest_abs),
            _size(column.widest_rel),
            _size(column.widest_ulp),
            "" if widest is None else escape(_key(widest.key, table.kind)),
        )
    if shown_columns:
        console.print(shown)
    alike = [column.name for column in table.columns if column not in shown_columns]
    if alike and table.matched:
        _line(console, f"  equal in all rows of both: {', '.join(alike)}")
    for column in table.columns:
        if column.note is not None:
            _line(console, f"  {column.name}: {column.note}")
        if column.tolerance is not None and column.used is not None:
            _line(
                console,
                f"  {column.name}: {column.used:.0%} of its tolerance used ({column.tolerance})",
            )


def _size(widest: Widest | None) -> str:
    if widest is None:
        return ""
    return f"{widest.size:,}" if isinstance(widest.size, int) else f"{widest.size:.3g}"


def _row(row: Row, kind: Kind) -> Iterable[str]:
    key = _key(row.key, kind)
    if row.left is None or row.right is None:
        side, cells, place = (
            ("right", row.right, row.right_place)
            if row.left is None
            else ("left", row.left, row.left_place)
        )
        rest = {name: value for name, value in (cells or {}).items() if name not in row.key}
        told = ", ".join(f"{name} {_value(name, value, kind)}" for name, value in rest.items())
        yield f"only {side}: {key}: {told} ({place})"
        return
    yield f"{key} ({row.left_place}; {row.right_place})"
    for name, value in row.left.items():
        other = row.right[name]
        yield f"    {name}: {_value(name, value, kind)} left, {_value(name, other, kind)} right"


def _key(key: Mapping[str, Any], kind: Kind) -> str:
    told = ", ".join(f"{name} {_value(name, value, kind)}" for name, value in key.items())
    return told or "the only row"


def _value(name: str, value: Any, kind: Kind) -> str:
    if value is None:
        return "nothing"
    if field_type(kind, name) is Type.TIME and isinstance(value, int):
        return format_instant(value)
    return repr(value)


def _line(console: Console, text: str) -> None:
    console.print(escape(text), soft_wrap=True)
