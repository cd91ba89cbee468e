"""The folder of a run: created once, filled piece by piece, closed by a manifest.

    {root}/{directory}/{workflow_id}/
        result.json  manifest.json
        {loop iteration}/{phase}/{sequence iteration}/
            trace/…  portfolios/{id}/trades.parquet  portfolios/{id}/equity.parquet

Every file is written aside and renamed, so what exists under its own name is complete. The
manifest lists path, bytes and digest of all others and is written last.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import xxhash

from containers.errors import ConfigurationError, Problem, StorageError
from containers.results import Trade
from containers.trading.portfolio import PortfolioReport

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["RunFolder", "UnitFolder", "check_workflow_id", "default_workflow_id", "write_aside"]

_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}")


def default_workflow_id(workflow: str, digest: str, number: int) -> str:
    """Name a run after its workflow and configuration.

    >>> default_workflow_id("simple_backtest", "0123456789abcdef", 1)
    'simple_backtest-01234567-1'
    """
    return f"{workflow}-{digest[:8]}-{number}"


def check_workflow_id(workflow_id: str) -> str:
    """Give ``workflow_id`` back when it is one safe path segment.

    Raises:
        ConfigurationError: It is not.
    """
    if _ID.fullmatch(workflow_id):
        return workflow_id
    message = (
        f"found the workflow id {workflow_id!r}, expected letters, digits, '.', '_' or '-', "
        "at most 200 of them"
    )
    raise ConfigurationError([Problem(message, hint="it becomes the name of a folder")])


def write_aside(path: Path, content: bytes) -> None:
    """Write a whole file or nothing: aside first, then under its name.

    A link is followed, so that what it points to is replaced and not the link. What is no regular
    file, such as a pipe or a device, cannot be replaced and is written to as it is.

    Raises:
        StorageError: It could not be written; a regular file is as it was.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        _write_through(path, content)
        return
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        aside.write_bytes(content)
        aside.replace(path)
    except OSError as error:
        with suppress(OSError):  # where nothing can be written there may be nothing to remove
            aside.unlink()
        raise StorageError(f"{path} could not be written: {error.strerror}") from error


def _write_through(path: Path, content: bytes) -> None:
    try:
        with path.open("wb", buffering=0) as stream:
            stream.write(content)
    except OSError as error:
        raise StorageError(f"{path} could not be written: {error.strerror}") from error


class UnitFolder:
    """Where one unit keeps its data."""

    def __init__(self, path: Path, relative: str) -> None:
        self.path: Final = path
        self.relative: Final = relative
        self.trace: Final = path / "trace"

    def save_portfolio(self, portfolio: str, report: PortfolioReport) -> None:
        """Save trades and equity curve of a portfolio as Parquet.

        Raises:
            StorageError: They could not be written.
        """
        import pyarrow as pa

        folder = self.path / "portfolios" / portfolio
        curve = report.equity_curve
        tables = {
            "trades": _trades_table(report.trades),
            "equity": pa.table(
                {"time_ns": pa.array(curve.time_ns), "equity": pa.array(curve.equity)}
            ),
        }
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"{folder} could not be created: {error.strerror}") from error
        for name, table in tables.items():
            write_aside(folder / f"{name}.parquet", _parquet(table))


class RunFolder:
    """The folder of one run, made by `create`."""

    def __init__(self, path: Path) -> None:
        self.path: Final = path
        self.workflow_id: Final = path.name

    @classmethod
    def create(
        cls, parent: Path, *, workflow: str, digest: str, workflow_id: str | None
    ) -> RunFolder:
        """Make a new folder under ``parent``, alone among any number of processes.

        Raises:
            ConfigurationError: The id is taken or unsafe, or the folder can't be made there.
                Nothing was left behind.
        """
        number = 1
        while True:
            default = default_workflow_id(workflow, digest, number)
            name = default if workflow_id is None else workflow_id
            path = parent / check_workflow_id(name)
            try:
                parent.mkdir(parents=True, exist_ok=True)
                path.mkdir()
                return cls(path)
            except FileExistsError as error:
                if workflow_id is not None or not path.exists():
                    what = f"a run with the id '{name}' exists in {parent}"
                    what = what if path.exists() else f"{parent} is not a folder"
                    hint = "choose another id, or none and get the next free one"
                    raise ConfigurationError([Problem(what, hint=hint)]) from error
                number += 1
            except OSError as error:
                message = f"results cannot be written to {parent}: {error.strerror}"
                hint = "choose a writable folder in results.directory or --out"
                raise ConfigurationError(
                    [Problem(message, path=("results", "directory"), hint=hint)]
                ) from error

    def unit(self, iteration: int, phase: str, window: int) -> UnitFolder:
        """Make the folder of a unit.

        Raises:
            StorageError: It could not be made.
        """
        relative = f"{iteration}/{phase}/{window}"
        path = self.path / relative
        try:
            path.mkdir(parents=True)
        except OSError as error:
            raise StorageError(f"{path} could not be created: {error.strerror}") from error
        return UnitFolder(path, relative)

    def write_result(self, document: Mapping[str, Any]) -> str:
        """Write the result document; answer the file's path inside the folder."""
        text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
        write_aside(self.path / "result.json", text.encode() + b"\n")
        return "result.json"

    def write_manifest(self) -> str:
        """List every file with size and digest; answer the manifest's path inside the folder."""
        files = [
            {
                "path": file.relative_to(self.path).as_posix(),
                "bytes": file.stat().st_size,
                "digest": _digest(file),
            }
            for file in sorted(self.path.rglob("*"))
            if file.is_file() and file != self.path / "manifest.json"
        ]
        document = {"schema": "paritykit/manifest/1", "files": files}
        write_aside(self.path / "manifest.json", json.dumps(document, indent=1).encode() + b"\n")
        return "manifest.json"


def _digest(file: Path) -> str:
    state = xxhash.xxh3_128()
    with file.open("rb") as stream:
        while block := stream.read(1 << 20):
            state.update(block)
    return state.hexdigest()


def _trades_table(trades: Sequence[Trade]) -> pa.Table:
    import pyarrow as pa

    arrow: dict[object, pa.DataType] = {str: pa.string(), int: pa.int64(), float: pa.float64()}
    schema = pa.schema([(f.name, arrow[f.type]) for f in msgspec.structs.fields(Trade)])
    return pa.Table.from_pylist([msgspec.structs.asdict(t) for t in trades], schema=schema)


def _parquet(table: pa.Table) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue().to_pybytes()
