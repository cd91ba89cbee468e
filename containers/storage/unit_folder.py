"""Where one unit writes: a hidden folder, which gets the unit's name when its result is taken."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from containers.errors import StorageError
from containers.files import inside, not_written, write_aside
from containers.results import PortfolioResult, Signals, TraceSummary
from containers.storage.portfolio_files import PortfolioFiles
from containers.storage.portfolios import StoredPortfolios
from containers.tables import signals_bytes
from containers.trace import Trace

__all__ = ["UnitFolder", "part_of", "publish"]


def part_of(final: Path, part: str) -> Path:
    """Give the hidden folder that will be called ``final``."""
    return final.with_name(part)


def publish(final: Path, part: str) -> None:
    """Give a hidden folder its name; one that was left there half-way through is replaced.

    Raises:
        StorageError: It is not there, or cannot be renamed.
    """
    source = part_of(final, part)
    if not source.is_dir():
        raise StorageError(f"{source}, which a unit was written into, is gone; resume the run")
    try:
        if final.exists():
            shutil.rmtree(final)
        source.rename(final)
    except OSError as error:
        raise not_written(final, error) from error


class UnitFolder:
    """Where a unit keeps its data. It pickles, and belongs to one attempt to run the unit.

    Args:
        root: Folder of the run.
        relative: Path of the unit inside it.

    Attributes:
        part: Name of the hidden folder; no two attempts have the same.
        trace: Where its trace goes.
    """

    def __init__(self, root: Path, relative: str) -> None:
        self._root: Final = root
        self._relative: Final = relative
        final = root / relative
        self.part: Final = f".{final.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}.part"
        self._path: Final = part_of(final, self.part)
        self.trace: Final = self._path / "trace"

    def create(self) -> None:
        """Make the hidden folder.

        Raises:
            StorageError: It could not be made.
        """
        above, _, _ = self._relative.rpartition("/")
        try:
            inside(self._root, above).mkdir(parents=True, exist_ok=True)
            self._path.mkdir()
        except OSError as error:
            raise not_written(self._path, error) from error

    def portfolio_files(self, portfolio: str) -> PortfolioFiles:
        """Give what writes the trades and the curve of a portfolio."""
        return PortfolioFiles(self._path, portfolio)

    def save_signals(self, signals: Signals) -> None:
        """Save signals as ``signals.parquet``; `containers.tables.read_signals` reads them.

        Raises:
            StorageError: They could not be written.
        """
        write_aside(self._path / "signals.parquet", signals_bytes(signals))

    def stored_portfolios(
        self, portfolios: Mapping[str, PortfolioResult]
    ) -> Mapping[str, PortfolioResult]:
        """Give portfolios whose files lie here, before the folder has its name and after."""
        return StoredPortfolios(self._root, self._relative, portfolios, self.part)

    def summary(self, trace: Trace) -> TraceSummary:
        """Sum a trace up, with the path that it will have inside the run's folder."""
        return replace(trace.summary(), path=f"{self._relative}/trace")

    def stored_trace(self) -> Trace:
        """Give the trace, which can be read once the folder has its name."""
        return Trace.later(self._root / self._relative / "trace")

    def discard(self) -> None:
        """Remove the folder with all that is in it."""
        shutil.rmtree(self._path, ignore_errors=True)
