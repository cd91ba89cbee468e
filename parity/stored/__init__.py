"""Stored results: trades, equity and figures of a system that can't run any more, against a run.

`open_side` finds out what a side is, `read_mapping` reads how its columns become our fields,
`compare_stored` compares.
"""

from parity.stored.comparing import compare_tables
from parity.stored.comparison import StoredOutcome, Wishes, compare_stored
from parity.stored.mapping import TableMapping, read_mapping
from parity.stored.outcome import TableOutcome
from parity.stored.sources import Side, open_side
from parity.stored.table import Kind, Table

__all__ = [
    "Kind",
    "Side",
    "StoredOutcome",
    "Table",
    "TableMapping",
    "TableOutcome",
    "Wishes",
    "compare_stored",
    "compare_tables",
    "open_side",
    "read_mapping",
]
