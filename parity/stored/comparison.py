"""Comparing what is stored on two sides: which tables, by which mapping, and the verdict.

1. `_kinds` says which tables are compared: those that files are, or what the sides have.
2. Files are read and converted by the mapping of their side, runs are read as they are.
3. Each pair of tables is compared by `compare_tables`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from containers.results import Trade
from parity.channels import Channel
from parity.errors import UsageError
from parity.policy.judging import NOBODY, AppliedPolicy
from parity.policy.standing import RuleStanding
from parity.stored.comparing import compare_tables
from parity.stored.converting import converted
from parity.stored.mapping import TableMapping
from parity.stored.outcome import TableOutcome
from parity.stored.raw import RawTable
from parity.stored.sources import FileSide, RunSide, Side
from parity.stored.table import Kind, Table

__all__ = ["StoredOutcome", "Wishes", "compare_stored"]

_NOTHING: Final = TableMapping()
_SIGNS: Final[Mapping[Kind, frozenset[str]]] = {
    Kind.TRADES: frozenset(field.name for field in msgspec.structs.fields(Trade))
    - {"portfolio", "symbol", "commission"},
    Kind.EQUITY: frozenset({"time_ns", "equity"}),
    Kind.METRICS: frozenset({"sharpe_ratio", "total_return", "max_drawdown", "name", "value"}),
}
"""Columns that say what a table is."""


class StoredOutcome(msgspec.Struct, frozen=True):
    """What came of comparing what is stored on two sides.

    Attributes:
        left: The left side as it was named.
        right: The right one.
        place: Whose portfolios of a run were compared; null without a run.
        tables: One for each kind.
        problems: Tables that one side alone has, as sentences.
        left_out: Kinds that a run has and the files have not.
        rules: How each rule of the policy stands.
    """

    left: str
    right: str
    place: str | None
    tables: tuple[TableOutcome, ...]
    problems: tuple[str, ...] = ()
    left_out: tuple[Kind, ...] = ()
    rules: tuple[RuleStanding, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 equal; 1 anything differs, or a rule has a problem; 4 nothing was compared."""
        if self.problems or any(table.differs for table in self.tables):
            return 1
        if any(rule.problem for rule in self.rules):
            return 1
        return 4 if all(table.is_empty for table in self.tables) else 0


class Wishes(msgspec.Struct, frozen=True):
    """What is to be compared, and how.

    Attributes:
        table: The kind; null: what the sides have.
        place: Of a run: a structural path, or the name of a phase; null: the only phase.
        portfolio: Of a run: only this one; null: all.
        key: Fields by which rows are matched; empty: the usual ones.
        rows: How many differing rows are kept to be shown.
        policy: Says which differences are excused; null: none but by the mapping.
    """

    table: Kind | None = None
    place: str | None = None
    portfolio: str | None = None
    key: tuple[str, ...] = ()
    rows: int = 5
    policy: AppliedPolicy | None = None


def compare_stored(
    names: tuple[str, str],
    sides: tuple[Side, Side],
    mappings: Mapping[Kind, TableMapping],
    wishes: Wishes,
) -> StoredOutcome:
    """Compare what is stored on two sides.

    Args:
        names: How both were named.
        sides: What they are.
        mappings: By kind.
        wishes: What is to be compared, and how.

    Raises:
        UsageError: Something can't be read, doesn't fit the mapping, or says not what it is.
    """
    places = tuple(
        side.results.place(wishes.place) if isinstance(side, RunSide) else None for side in sides
    )
    for wish, value in (("place", wishes.place), ("portfolio", wishes.portfolio)):
        if value is not None and places == (None, None):
            raise UsageError(f"--{wish} chooses among what a run has, and neither side is a run")
    kinds, problems, left_out = _kinds(names, sides, places, mappings, wishes)
    tables = tuple(
        _compare_kind(kind, sides, places, mappings.get(kind, _NOTHING), wishes) for kind in kinds
    )
    for kind in mappings:
        if kind not in kinds:
            problems.append(f"the mapping has a section of {kind}, which were not compared")
    place = next((place for place in places if place is not None), None)
    rules = () if wishes.policy is None else wishes.policy.standings()
    return StoredOutcome(*names, place, tables, tuple(problems), tuple(left_out), rules)


def _kinds(
    names: tuple[str, str],
    sides: tuple[Side, Side],
    places: tuple[str | None, ...],
    mappings: Mapping[Kind, TableMapping],
    wishes: Wishes,
) -> tuple[list[Kind], list[str], list[Kind]]:
    """Say what is compared, what is missing on one side, and what of a run is left out."""
    offered = []
    for side, place in zip(sides, places, strict=True):
        if isinstance(side, RunSide):
            assert place is not None  # a run has one
            offered.append(side.results.kinds(place))
        else:
            offered.append([kind for kind in side.files if kind is not None])
    unknown = [isinstance(side, FileSide) and None in side.files for side in sides]
    if wishes.table is not None:
        for name, kinds, vague in zip(names, offered, unknown, strict=True):
            if not vague and wishes.table not in kinds:
                has = ", ".join(kinds) or "nothing"
                raise UsageError(f"{name} has no {wishes.table}; it has {has}")
        return [wishes.table], [], []
    if any(unknown):
        return [_told_kind(sides, offered, unknown, mappings)], [], []
    runs = [isinstance(side, RunSide) for side in sides]
    both = [kind for kind in Kind if all(kind in kinds for kinds in offered)]
    one = [kind for kind in Kind if any(kind in kinds for kinds in offered) and kind not in both]
    if any(runs) and not all(runs):
        # Of a run everything is there that was not turned off; files are what someone has kept.
        files = offered[runs.index(False)]
        lacking = [kind for kind in files if kind not in both]
        problems = [f"{names[runs.index(True)]} has kept no {kind}" for kind in lacking]
        return both, problems, [kind for kind in one if kind not in files]
    problems = [
        f"{names[0 if kind in offered[1] else 1]} has no {kind}, and the other side has"
        for kind in one
    ]
    return both, problems, []


def _told_kind(
    sides: tuple[Side, Side],
    offered: Sequence[Sequence[Kind]],
    unknown: Sequence[bool],
    mappings: Mapping[Kind, TableMapping],
) -> Kind:
    """Say what a file is whose name does not: by the mapping, the other side, or its columns."""
    if len(mappings) == 1:
        return next(iter(mappings))
    certain = [
        kinds
        for side, kinds, vague in zip(sides, offered, unknown, strict=True)
        if not vague and isinstance(side, FileSide)
    ]
    if certain and len(certain[0]) == 1:
        return certain[0][0]
    side = sides[unknown.index(True)]
    assert isinstance(side, FileSide)  # nothing else is unknown
    document = next(iter(side.documents.values()), None)
    if isinstance(document, dict) and not any(isinstance(v, list) for v in document.values()):
        return Kind.METRICS  # figures by name, or such mappings by portfolio
    columns = side.raw(Kind.TRADES, _NOTHING).columns
    found = [kind for kind, signs in _SIGNS.items() if signs & columns.keys()]
    if len(found) != 1:
        raise UsageError(
            f"{side.name}: its columns ({', '.join(list(columns)[:8])}) do not say whether it is "
            "of trades, equity or metrics; say so with --table"
        )
    return found[0]


def _compare_kind(
    kind: Kind,
    sides: tuple[Side, Side],
    places: tuple[str | None, ...],
    mapping: TableMapping,
    wishes: Wishes,
) -> TableOutcome:
    mapped = _mapped_side(sides, mapping)
    tables: list[Table | None] = [None, None]
    for number, side in enumerate(sides):
        if isinstance(side, FileSide):
            own = mapping if number == mapped else _same_of_all(mapping)
            raw: RawTable = side.raw(kind, own)
            tables[number] = converted(raw, kind, own)
    notes: list[str] = []
    for number, side in enumerate(sides):
        place = places[number]
        if isinstance(side, RunSide) and place is not None:
            other = tables[1 - number]
            one = wishes.portfolio or len(side.results.places[place]) == 1
            bare = bool(one and other is not None and "portfolio" not in other.columns)
            if bare:
                named = wishes.portfolio or next(iter(side.results.places[place]))
                notes.append(f"the only portfolio compared is '{named}'; the other side names none")
            tables[number] = side.results.table(kind, place, wishes.portfolio, bare=bare)
    left, right = tables
    assert left is not None  # each side is a file or a run
    assert right is not None
    judge = NOBODY if wishes.policy is None else wishes.policy.judge(Channel(kind))
    where = next((place for place in places if place is not None), None)
    outcome = compare_tables(
        left, right, mapping, wishes.key, wishes.rows, notes, judge=judge, where=where
    )
    if wishes.policy is not None:
        wishes.policy.take([judge])
    return outcome


def _mapped_side(sides: tuple[Side, Side], mapping: TableMapping) -> int:
    """Give the number of the side that a mapping's columns are of."""
    if mapping.side is not None:
        number = ("left", "right").index(mapping.side)
        if (mapping.columns or mapping.constants) and isinstance(sides[number], RunSide):
            raise UsageError(
                f"the mapping is of the {mapping.side} side, which is a run of ours and has our "
                "names; map the other one"
            )
        return number
    files = [number for number, side in enumerate(sides) if isinstance(side, FileSide)]
    if not files and (mapping.columns or mapping.constants):
        raise UsageError("both sides are runs of ours and have our names: there is nothing to map")
    return files[0] if files else 0


def _same_of_all(mapping: TableMapping) -> TableMapping:
    """Give what a mapping says of the side whose columns it does not map."""
    return TableMapping(nulls=mapping.nulls, ignore=mapping.ignore)
