"""The shapes in which systems give figures, brought into one: a row for each portfolio.

- ``{"sharpe_ratio": 1.2, …}``: figures of one portfolio;
- ``{"momentum.aggressive": {"sharpe_ratio": 1.2, …}, …}``: of several;
- rows of ``portfolio``, ``name``, ``value``: a figure in each.
"""

from __future__ import annotations

from typing import Any, Final

from parity.errors import UsageError
from parity.stored.raw import RawTable
from parity.stored.table import Cells, Kind

__all__ = ["pivoted", "wide"]

_LONG: Final = frozenset({"name", "value"})


def wide(document: Any, kind: Kind, file: str) -> Any:
    """Give a JSON document as rows; what is no mapping of figures is given back as it is."""
    if kind is not Kind.METRICS or not isinstance(document, dict) or not document:
        return document
    values = list(document.values())
    if all(isinstance(value, dict) for value in values):
        names = dict.fromkeys(name for value in values for name in value)
        for portfolio, value in document.items():
            if value.keys() != names.keys():
                lacking = [name for name in names if name not in value]
                raise UsageError(
                    f"{file}: '{portfolio}' has no '{lacking[0]}', which another portfolio has; "
                    "write null where there is nothing"
                )
        return [{"portfolio": portfolio, **value} for portfolio, value in document.items()]
    if any(isinstance(value, list | dict) for value in values):
        return document
    return [document]


def pivoted(raw: RawTable) -> RawTable:
    """Give rows of one figure each as a column for each figure; other tables as they are.

    Of two figures of one name and portfolio the second goes to a second row of the portfolio.

    Raises:
        UsageError: A figure has no name.
    """
    if not raw.columns.keys() >= _LONG or raw.columns.keys() - _LONG - {"portfolio"}:
        return raw
    names, values = raw.columns["name"], raw.columns["value"]
    owners = raw.columns.get("portfolio")
    rows: dict[tuple[Any, int], dict[str, tuple[Any, int]]] = {}
    seen: dict[tuple[Any, str], int] = {}
    for row in range(raw.rows):
        name, owner = names.values[row], None if owners is None else owners.values[row]
        if not name or not isinstance(name, str):
            raise UsageError(
                f"{raw.place(row, 'name')}: found {name!r}, expected the name of a figure"
            )
        again = seen.get((owner, name), 0)
        seen[owner, name] = again + 1
        rows.setdefault((owner, again), {})[name] = (values.values[row], row)
    order = dict.fromkeys(name for figures in rows.values() for name in figures)
    for (owner, again), figures in rows.items():
        for name in order:
            if name not in figures:
                what = "for a second time" if again else "at all"
                of = "" if owner is None else f" of '{owner}'"
                raise UsageError(
                    f"{raw.file}: there is no '{name}'{of} {what}, as there is of another; write "
                    "it with an empty value where there is nothing"
                )
    lists = list(rows.values())
    columns = {
        name: Cells(values.type, [figures[name][0] for figures in lists], name) for name in order
    }
    if owners is not None:
        columns = {
            "portfolio": Cells(owners.type, [key[0] for key in rows], "portfolio"),
            **columns,
        }

    def place(row: int, column: str | None) -> str:
        figures = lists[row]
        line = next(iter(figures.values()))[1] if column not in figures else figures[column][1]
        return raw.place(line, None if column not in figures else "value")

    return RawTable(raw.file, columns, len(lists), place)
