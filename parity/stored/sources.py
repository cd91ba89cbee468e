"""What the two sides of a comparison can be, and the tables they have.

A side is a file of rows (CSV, Parquet, JSON), a folder of such files called after what is in them,
or a run of ours: the folder of its results, its id, its document, or the record of a verification.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from containers.storage import CARD_FILE, RESULT_FILE
from parity.errors import UsageError
from parity.runs import named_run
from parity.stored.mapping import TableMapping
from parity.stored.metrics import pivoted, wide
from parity.stored.raw import SUFFIXES, RawTable, read_json_file, read_raw, rows_of_json
from parity.stored.runs import RunResults, read_results, record_results, results_of_document
from parity.stored.table import Kind

__all__ = ["FileSide", "RunSide", "Side", "open_side"]


class RunSide(msgspec.Struct, frozen=True):
    """A run of ours."""

    results: RunResults


class FileSide(msgspec.Struct, frozen=True):
    """A file of rows, or several called after what is in them.

    Attributes:
        name: As it was given.
        files: By kind; a single file whose kind is not known is under null.
        documents: Of JSON files that were read to see what they are.
    """

    name: str
    files: Mapping[Kind | None, Path]
    documents: Mapping[Path, object] = {}

    def raw(self, kind: Kind, mapping: TableMapping) -> RawTable:
        """Read the file of a kind.

        Raises:
            UsageError: It does not hold a table.
        """
        path = self.files.get(kind) or self.files[None]
        if path.suffix.lower() == ".json":
            document = self.documents[path] if path in self.documents else read_json_file(path)
            raw = rows_of_json(wide(document, kind, str(path)), str(path))
        else:
            raw = read_raw(path, mapping.delimiter)
        return pivoted(raw) if kind is Kind.METRICS else raw


Side = RunSide | FileSide


def open_side(name: str, directory: Path) -> Side:
    """Find out what a side is.

    Args:
        name: A path, or the id of a run.
        directory: The results directory in which ids are looked for.

    Raises:
        UsageError: There is no such thing, or nothing in it can be compared.
    """
    path = Path(name)
    if path.is_dir():
        return _folder(path)
    if path.is_file():
        if path.suffix.lower() == ".json":
            return _document(path)
        if path.suffix.lower() not in SUFFIXES:
            read_raw(path)  # says what it takes
        return FileSide(name, {_kind_of_name(path): path})
    if path.suffix.lower() in SUFFIXES or len(path.parts) > 1:
        what = "no such file" if path.parent.is_dir() else f"no folder {path.parent}"
        raise UsageError(f"{name}: there is {what}")
    return RunSide(read_results(named_run(name, directory).path))


def _folder(path: Path) -> Side:
    if (path / RESULT_FILE).is_file() or (path / CARD_FILE).is_file():
        return RunSide(read_results(path))
    if (path / "record.json").is_file():
        document = read_json_file(path / "record.json")
        return RunSide(record_results(document, str(path / "record.json")))
    found_records = [*path.glob("*/record.json"), *path.glob("*/*/record.json")]
    records = sorted(str(found.parent) for found in found_records)
    if records:
        raise UsageError(f"{path} has several records; name one of them: {', '.join(records[:10])}")
    files: dict[Kind | None, Path] = {}
    for kind in Kind:
        found = sorted(p for p in path.iterdir() if p.stem == kind and p.suffix in SUFFIXES)
        if len(found) > 1:
            raise UsageError(
                f"{path} has several files of {kind}: {', '.join(p.name for p in found)}; name one "
                "of them"
            )
        files.update({kind: found[0]} if found else {})
    if not files:
        raise UsageError(
            f"{path} holds neither a run nor files that are called trades, equity or metrics and "
            f"end with one of {', '.join(SUFFIXES)}"
        )
    return FileSide(str(path), files)


def _document(path: Path) -> Side:
    document = read_json_file(path)
    if isinstance(document, dict):
        if document.get("schema") == "paritykit/record/1":
            return RunSide(record_results(document, str(path)))
        if "workflow_id" in document and "phase_results" in document:
            return RunSide(results_of_document(document, str(path)))
        if isinstance(document.get("schema"), str):
            raise UsageError(
                f"{path}: found a document of the schema {document['schema']!r}, expected that of "
                "a run, a record, or rows"
            )
    return FileSide(str(path), {_kind_of_name(path): path}, {path: document})


def _kind_of_name(path: Path) -> Kind | None:
    return Kind(path.stem) if path.stem in list(Kind) else None
