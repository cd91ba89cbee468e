"""The table of features: as a document, as text, and as Markdown for the README."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from parity.evidence import Standing
from parity.own import ENGINES

__all__ = ["SCHEMA", "FeaturesDocument", "features_document", "features_markdown", "print_features"]

SCHEMA: Final = "paritykit/features/1"
_NONE: Final = "none yet"


class FeatureRow(msgspec.Struct, frozen=True):
    """A feature, and how it stands with each engine."""

    feature: str
    imperative: Standing
    declarative: Standing


class FeaturesDocument(msgspec.Struct, frozen=True):
    """What both engines have been seen to do, a row for each feature."""

    schema: Literal["paritykit/features/1"]
    rows: tuple[FeatureRow, ...]


def features_document(found: Mapping[str, Mapping[str, Standing]]) -> dict[str, Any]:
    """Give the document: a row for each feature, with what each engine has to show."""
    rows = tuple(FeatureRow(feature, **by_engine) for feature, by_engine in found.items())
    document: dict[str, Any] = msgspec.to_builtins(FeaturesDocument(SCHEMA, rows))
    return document


def print_features(found: Mapping[str, Mapping[str, Standing]], console: Console) -> None:
    """Print the table."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("feature", *ENGINES, "runs", "workflows"):
        table.add_column(heading, overflow="fold")
    for feature, by_engine in found.items():
        runs = " + ".join(str(by_engine[engine].runs) for engine in ENGINES)
        words = [_word(by_engine[engine]) for engine in ENGINES]
        table.add_row(feature, *map(escape, words), runs, escape(_workflows(by_engine)))
    console.print(table)


def features_markdown(found: Mapping[str, Mapping[str, Standing]]) -> str:
    """Give the table of the README."""
    lines = [
        "| Feature | imperative | declarative | seen in |",
        "|---|---|---|---|",
    ]
    for feature, by_engine in found.items():
        words = " | ".join(_word(by_engine[engine]) for engine in ENGINES)
        lines.append(f"| {feature} | {words} | {_workflows(by_engine)} |")
    return "\n".join(lines)


def _word(standing: Standing) -> str:
    if not standing.runs:
        return _NONE
    if standing.is_shown:
        return "✓"
    if standing.missing:
        return f"not seen: {', '.join(standing.missing)}"
    assert standing.verdict is not None  # there are runs
    return standing.verdict.value.replace("_", " ")


def _workflows(by_engine: Mapping[str, Standing]) -> str:
    names = sorted({name for standing in by_engine.values() for name in standing.workflows})
    shown = ", ".join(names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown
