"""Comparing two tables: rows matched by key, cells by their bits.

Rows of one key are matched in the order in which they stand, the k-th with the k-th. What one side
alone has, rows or columns, is a difference.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from containers.nearest import did_you_mean
from parity.comparison.values import same, ulp_distance
from parity.errors import UsageError
from parity.policy.judging import NOBODY, Judge
from parity.stored.converting import NUMBER, WHOLE, parse_cells
from parity.stored.mapping import TableMapping, Tolerated
from parity.stored.outcome import ColumnOutcome, Row, TableOutcome, Widest
from parity.stored.table import KEYS, Cells, Kind, Table, Type

__all__ = ["compare_tables"]


def compare_tables(
    left: Table,
    right: Table,
    mapping: TableMapping,
    key: Sequence[str] = (),
    rows: int = 5,
    notes: Sequence[str] = (),
    judge: Judge = NOBODY,
    where: str | None = None,
) -> TableOutcome:
    """Compare two tables of one kind.

    Args:
        left: One of them.
        right: The other.
        mapping: What is ignored and tolerated, and the key.
        key: Fields by which rows are matched; empty: the mapping's, or else the usual ones.
        rows: How many differing rows are kept to be shown, and as many of each side alone.
        notes: What to know about how they were made.
        judge: Is asked where cells differ that the mapping does not tolerate.
        where: The structural path by which the policy knows the tables; null: their kind.

    Raises:
        UsageError: A field of the key is not there, or a row has nothing in it.
    """
    comparison = _Comparison(left, right, mapping, (key, rows), judge, where or left.kind)
    return comparison.outcome(notes)


class _Comparison:
    def __init__(
        self,
        left: Table,
        right: Table,
        mapping: TableMapping,
        wishes: tuple[Sequence[str], int],
        judge: Judge,
        where: str,
    ) -> None:
        key, rows = wishes
        self._left, self._right = left, right
        self._judge, self._where = judge, where
        self._mapping = mapping
        self._shown = rows
        names = list(dict.fromkeys((*left.columns, *right.columns)))
        self._ignored = self._reasons(names)
        self._notes: list[str] = []
        self._key = self._chosen_key(key or mapping.key, names)
        both = [n for n in names if n in left.columns and n in right.columns]
        self._pairs = {
            name: self._typed(name)
            for name in both
            if name in self._key or name not in self._ignored
        }

    def _reasons(self, names: Sequence[str]) -> dict[str, str]:
        """Give the columns that are left out, with the reason of the last glob that says so."""
        return {
            name: reason
            for name in names
            for glob, reason in self._mapping.ignore.items()
            if fnmatchcase(name, glob)
        }

    def _chosen_key(self, named: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
        sides = ((self._left, "left"), (self._right, "right"))
        for name in named:
            for table, side in sides:
                if name not in table.columns:
                    hint = did_you_mean(name, table.columns)
                    raise UsageError(
                        f"{table.source} (the {side} side) has no '{name}' to match rows by; {hint}"
                    )
        usual = KEYS[self._left.kind]
        chosen = tuple(named) or tuple(
            name for name in usual if all(name in table.columns for table, _ in sides)
        )
        # Figures of the one portfolio there is need no name to be matched by.
        if not chosen and not (self._left.kind is Kind.METRICS and self._are_single()):
            lists = "; ".join(f"{t.source} has {', '.join(t.columns) or 'none'}" for t, _ in sides)
            raise UsageError(
                f"there is no column to match rows of {self._left.kind} by: expected some of "
                f"{', '.join(usual)} on both sides, or others by --key ({lists}); a mapping gives "
                "columns our names (--mapping)"
            )
        for name in chosen:
            if name in self._ignored and name in named:
                raise UsageError(f"'{name}' is ignored by the mapping, and can't match rows then")
        return chosen

    def _are_single(self) -> bool:
        return self._left.rows <= 1 and self._right.rows <= 1

    def _typed(self, name: str) -> tuple[Cells, Cells]:
        """Give both columns of a name, where one is nothing but text read as what the other is."""
        a, b = self._left.columns[name], self._right.columns[name]
        if Type.RAW not in (a.type, b.type):
            return a, b
        if a.type is b.type:
            due = _inferred((*a.values, *b.values))
        else:
            other = b.type if a.type is Type.RAW else a.type
            due = Type.TEXT if other in (Type.NOTHING, Type.BOOL) else other
        return self._read(self._left, name, due), self._read(self._right, name, due)

    def _read(self, table: Table, name: str, due: Type) -> Cells:
        cells = table.columns[name]
        if cells.type is not Type.RAW:
            return cells
        column = cells.origin or name
        return parse_cells(cells, due, lambda row: f"{table.place(row)}: column '{column}'")

    def outcome(self, notes: Sequence[str]) -> TableOutcome:
        left, right = self._left, self._right
        ours, theirs = self._positions(0), self._positions(1)
        pairs: list[tuple[int, int]] = []
        only: tuple[list[int], list[int]] = ([], [])
        for key in [*ours, *(key for key in theirs if key not in ours)]:
            a, b = ours.get(key, []), theirs.get(key, [])
            pairs += zip(a, b, strict=False)
            only[0].extend(self._excused(0, a[len(b) :]))
            only[1].extend(self._excused(1, b[len(a) :]))
        differing: set[int] = set()
        columns = tuple(
            self._compare_column(name, pairs, differing)
            for name in self._pairs
            if name not in self._key
        )
        own = (
            [n for n in left.columns if n not in right.columns and n not in self._ignored],
            [n for n in right.columns if n not in left.columns and n not in self._ignored],
        )
        return TableOutcome(
            kind=left.kind,
            left=left.source,
            right=right.source,
            key=self._key,
            left_rows=left.rows,
            right_rows=right.rows,
            matched=len(pairs),
            different=len(differing),
            only_left=len(only[0]),
            only_right=len(only[1]),
            left_again=left.rows - len(ours),
            right_again=right.rows - len(theirs),
            columns=columns,
            left_columns=tuple(own[0]),
            right_columns=tuple(own[1]),
            ignored=self._ignored,
            rows=tuple(self._samples(pairs, differing, only)),
            problems=tuple(self._idle(columns)),
            notes=(*notes, *self._notes),
        )

    def _positions(self, side: int) -> dict[tuple[Any, ...], list[int]]:
        """Give the rows of each key, in the order in which they stand."""
        table = (self._left, self._right)[side]
        found: defaultdict[tuple[Any, ...], list[int]] = defaultdict(list)
        cells = [self._pairs[name][side] for name in self._key]
        # 1 is not 1.0 and not true, in a key as elsewhere; a time is a whole number.
        types = tuple("int" if c.type is Type.TIME else c.type.value for c in cells)
        for row in range(table.rows):
            values = tuple(column.values[row] for column in cells)
            if None in values:
                name = self._key[values.index(None)]
                raise UsageError(
                    f"{table.place(row)}: it has nothing in '{name}', by which rows are matched; "
                    "choose other columns with --key"
                )
            found[types + values].append(row)
        return found

    def _key_of(self, side: int, row: int) -> dict[str, Any]:
        return {name: self._pairs[name][side].values[row] for name in self._key}

    def _compare_column(
        self, name: str, pairs: Sequence[tuple[int, int]], differing: set[int]
    ) -> ColumnOutcome:
        a, b = self._pairs[name]
        rule = self._tolerance(name)
        different = tolerated = 0
        used, fired = 0.0, False
        widest: dict[str, Widest] = {}
        alike = a.type is b.type or {a.type, b.type} == {Type.INT, Type.TIME}
        for number, (row, other) in enumerate(pairs):
            x, y = a.values[row], b.values[other]
            if same(x, y):
                continue
            sizes = _sizes(x, y)
            for measure, size in sizes.items():
                if measure not in widest or size > widest[measure].size:
                    widest[measure] = Widest(size, self._key_of(0, row), x, y)
            share = None if rule is None else rule.bounds.share(x, y)
            if share is not None:
                tolerated += 1
                used = max(used, share)
                fired = True
            elif self._judge.on_values(self._path(0, row, name), x, y) is not None:
                tolerated += 1
            else:
                different += 1
                differing.add(number)
        note = None
        if not alike and Type.NOTHING not in (a.type, b.type):
            note = (
                f"{a.type} on the left, {b.type} on the right; where both mean the same, map it "
                f"with its type"
            )
        return ColumnOutcome(
            name=name,
            compared=len(pairs),
            different=different,
            tolerated=tolerated,
            widest_abs=widest.get("abs"),
            widest_rel=widest.get("rel"),
            widest_ulp=widest.get("ulp"),
            used=used if fired else None,
            tolerance=None if rule is None else rule.reason,
            note=note,
        )

    def _path(self, side: int, row: int, name: str | None = None) -> str:
        """Name a row, or a cell in it, as a verification does, so that policies serve both."""
        kind = self._left.kind
        place = self._where
        if "portfolio" in self._pairs:
            place = f"{place}/portfolio={self._pairs['portfolio'][side].values[row]}"
        if kind is Kind.METRICS:
            return place if name is None else f"{place}: {name}"
        inside = f"{'row' if kind is Kind.TRADES else 'sample'} {row}"
        return f"{place}: {inside}" if name is None else f"{place}: {inside}.{name}"

    def _excused(self, side: int, rows: list[int]) -> list[int]:
        """Leave out of the rows of one side alone those that the policy ignores."""
        if not self._judge:
            return rows
        return [row for row in rows if self._judge.on_absence(self._path(side, row)) is None]

    def _tolerance(self, name: str) -> Tolerated | None:
        found = [t for glob, t in self._mapping.tolerance.items() if fnmatchcase(name, glob)]
        return found[-1] if found else None

    def _idle(self, columns: Sequence[ColumnOutcome]) -> list[str]:
        """Say which rules did nothing: what they were for is gone, or they never meant anything."""
        problems = []
        names = dict.fromkeys((*self._left.columns, *self._right.columns))
        for glob, reason in self._mapping.ignore.items():
            if not any(fnmatchcase(name, glob) for name in names):
                problems.append(f"ignore '{glob}' ({reason}): there is no such column")
        for glob, rule in self._mapping.tolerance.items():
            if all(c.used is None for c in columns if fnmatchcase(c.name, glob)):
                problems.append(f"{rule.place}: tolerance '{glob}' ({rule.reason}) never fired")
        return problems

    def _samples(
        self,
        pairs: Sequence[tuple[int, int]],
        differing: set[int],
        only: tuple[Sequence[int], Sequence[int]],
    ) -> list[Row]:
        left, right = self._left, self._right
        samples = []
        for number in sorted(differing)[: self._shown]:
            row, other = pairs[number]
            cells = {
                name: (a.values[row], b.values[other])
                for name, (a, b) in self._pairs.items()
                if name not in self._key and not same(a.values[row], b.values[other])
            }
            samples.append(
                Row(
                    key=self._key_of(0, row),
                    left={name: pair[0] for name, pair in cells.items()},
                    right={name: pair[1] for name, pair in cells.items()},
                    left_place=left.place(row),
                    right_place=right.place(other),
                )
            )
        for side, table in enumerate((left, right)):
            for row in only[side][: self._shown]:
                whole = {name: pair[side].values[row] for name, pair in self._pairs.items()}
                samples.append(
                    Row(
                        key=self._key_of(side, row),
                        left=None if side else whole,
                        right=whole if side else None,
                        left_place=None if side else table.place(row),
                        right_place=table.place(row) if side else None,
                    )
                )
        return samples


def _inferred(values: Sequence[str | None]) -> Type:
    """Say what a column of text is, of which both sides say nothing."""
    texts = [value.strip() for value in values if value and value.strip()]
    if texts and all(WHOLE.fullmatch(text) for text in texts):
        return Type.INT
    if texts and all(NUMBER.fullmatch(text) for text in texts):
        return Type.FLOAT
    return Type.TEXT


def _sizes(x: Any, y: Any) -> dict[str, float | int]:
    """Measure the difference of two numbers of one type; nothing has no size."""
    if type(x) is not type(y) or isinstance(x, bool) or not isinstance(x, int | float):
        return {}
    size = abs(x - y)
    sizes: dict[str, float | int] = {"abs": size}
    largest = max(abs(x), abs(y))
    if largest:
        sizes["rel"] = size / largest
    if isinstance(x, float):
        ulp = ulp_distance(x, y)
        if ulp is not None:
            sizes["ulp"] = ulp
    return sizes
