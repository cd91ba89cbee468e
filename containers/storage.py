"""The folder of a run: created once, filled piece by piece, closed by a manifest.

    {root}/{directory}/{workflow_id}/
        result.json  manifest.json
        {loop iteration}/{phase}/                       outputs, portfolios/…
        {loop iteration}/{phase}/{sequence iteration}/…/
            trace/…  portfolios/{id}/trades.parquet  portfolios/{id}/equity.parquet
            signals.parquet

Every file is written aside and renamed, so what exists under its own name is complete. The
manifest lists path, bytes and digest of all others and is written last.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import xxhash

from containers.errors import ConfigurationError, Problem, StorageError
from containers.files import write_aside
from containers.outputs import write_output
from containers.results import PortfolioResult, Signals
from containers.tables import curve_table, parquet_bytes, signals_table, trades_table
from containers.trading.portfolio import PortfolioReport

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "PhaseFolder",
    "RunFolder",
    "UnitFolder",
    "check_workflow_id",
    "default_workflow_id",
    "write_aside",
]

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


class PhaseFolder:
    """Where a phase, or a unit, keeps its data; it is made when something is written there.

    Attributes:
        path: The folder.
        relative: Its path inside the run's folder.
    """

    def __init__(self, root: Path, relative: str) -> None:
        self.path: Final = root / relative
        self.relative: Final = relative
        self._root = root

    def save_portfolio(self, portfolio: str, report: PortfolioReport | PortfolioResult) -> None:
        """Save trades and equity curve of a portfolio as Parquet; what was not kept has no file.

        Raises:
            StorageError: They could not be written.
        """
        if report.trades is not None:
            self._save(f"portfolios/{portfolio}/trades.parquet", trades_table(report.trades))
        if report.equity_curve is not None:
            self._save(f"portfolios/{portfolio}/equity.parquet", curve_table(report.equity_curve))

    def save_signals(self, signals: Signals) -> None:
        """Save signals as ``signals.parquet``; `containers.tables.read_signals` reads them.

        Raises:
            StorageError: They could not be written.
        """
        self._save("signals.parquet", signals_table(signals))

    def write_output(self, name: str, value: object) -> str:
        """Write an output; answer the file's path inside the run's folder.

        Raises:
            OutputError: Name or value are refused, or the file is there; see `containers.outputs`.
            StorageError: It could not be written.
        """
        return write_output(self._root, self.relative, name, value)

    def _save(self, name: str, table: pa.Table) -> None:
        file = self.path / name
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"{file.parent} could not be created: {error.strerror}") from error
        write_aside(file, parquet_bytes(table))


class UnitFolder(PhaseFolder):
    """Where one unit keeps its data. ``trace`` is where its trace goes."""

    def __init__(self, root: Path, relative: str) -> None:
        super().__init__(root, relative)
        self.trace: Final = self.path / "trace"


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

    def unit(self, parts: Sequence[str | int]) -> UnitFolder:
        """Make the folder of a unit.

        Args:
            parts: Names of the folders that lead to it, outermost first: loop iteration, phase,
                indexes of the iterations of the sequence.

        Raises:
            StorageError: It could not be made, or is there.
        """
        relative = "/".join(map(str, parts))
        path = self.path / relative
        try:
            path.mkdir(parents=True)
        except OSError as error:
            raise StorageError(f"{path} could not be created: {error.strerror}") from error
        return UnitFolder(self.path, relative)

    def phase(self, parts: Sequence[str | int]) -> PhaseFolder:
        """Give the folder of a phase, which is made when something is written there.

        Args:
            parts: Names of the folders that lead to it: loop iteration, phase; below a branch,
                those of the branch first.
        """
        return PhaseFolder(self.path, "/".join(map(str, parts)))

    def write_output(self, name: str, value: object) -> str:
        """Write an output of the workflow; answer the file's path inside the folder.

        Raises:
            OutputError: Name or value are refused, or the file is there; see `containers.outputs`.
            StorageError: It could not be written.
        """
        return write_output(self.path, "", name, value)

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
