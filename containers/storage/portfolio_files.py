"""Writing a portfolio's samples and trades as they come, a few thousand in memory at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from containers.files import not_written
from containers.results import EquityCurve, Trade
from containers.storage.portfolios import curve_file, trades_file
from containers.tables import curve_schema, curve_table, trades_schema, trades_table

if TYPE_CHECKING:
    import pyarrow as pa

    from containers.parquet import TableWriter

__all__ = ["PortfolioFiles"]

_ROW_GROUP: Final = 65_536
"""Samples that wait to be written together, a megabyte of them."""
_TRADES: Final = 4_096
"""Trades alike."""


class PortfolioFiles:
    """The two files of one portfolio. They get their names when `complete` is called.

    Args:
        folder: Of the phase or unit.
        portfolio: Its id.
    """

    def __init__(self, folder: Path, portfolio: str) -> None:
        self._curve: Final = _TableFile(folder / curve_file(portfolio), curve_schema)
        self._trades: Final = _TableFile(folder / trades_file(portfolio), trades_schema)
        self._samples: Final[list[EquityCurve]] = []
        self._waiting = 0

    def add_samples(self, piece: EquityCurve) -> None:
        """Take the next samples.

        Raises:
            StorageError: They could not be written.
        """
        self._samples.append(piece)
        self._waiting += len(piece.time_ns)
        if self._waiting >= _ROW_GROUP:
            self._write_samples()

    def add_trades(self, trades: list[Trade]) -> None:
        """Take trades out of a list once there are enough of them to be worth a write.

        Raises:
            StorageError: They could not be written.
        """
        if len(trades) >= _TRADES:
            self._trades.write(trades_table(trades))
            trades.clear()

    def complete(self, trades: Sequence[Trade]) -> None:
        """Write what still waits, and the trades that were left, and give the files their names.

        Raises:
            StorageError: They could not be written.
        """
        if self._samples:
            self._write_samples()
        if trades:
            self._trades.write(trades_table(trades))
        self._curve.close()
        self._trades.close()
        self._curve.publish()
        self._trades.publish()

    def abandon(self) -> None:
        """Let go of both and leave nothing behind; after `complete` there is nothing to let go."""
        self._samples.clear()
        self._curve.abandon()
        self._trades.abandon()

    def _write_samples(self) -> None:
        import pyarrow as pa

        self._curve.write(pa.concat_tables([curve_table(piece) for piece in self._samples]))
        self._samples.clear()
        self._waiting = 0


class _TableFile:
    """One Parquet file, written aside a row group at a time."""

    def __init__(self, path: Path, schema: Callable[[], pa.Schema]) -> None:
        self._path: Final = path
        self._schema: Final = schema
        self._aside: Final = path.with_name(f".{path.name}.part")
        self._begun = False
        self._writer: TableWriter | None = None

    def write(self, table: pa.Table) -> None:
        with self._failing():
            self._opened().write(table)

    def close(self) -> None:
        with self._failing():
            self._opened().close(complete=True)
        self._writer = None

    def publish(self) -> None:
        with self._failing():
            self._aside.replace(self._path)
        self._begun = False

    def abandon(self) -> None:
        import pyarrow as pa

        if self._writer is not None:
            with suppress(OSError, pa.ArrowException):  # it is thrown away, whatever is in it
                self._writer.close(complete=False)
            self._writer = None
        if self._begun:
            with suppress(OSError):
                self._aside.unlink()
            self._begun = False

    def _opened(self) -> TableWriter:
        from containers.parquet import TableWriter

        if self._writer is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._begun = True
            self._writer = TableWriter(self._aside, self._schema())
        return self._writer

    @contextmanager
    def _failing(self) -> Iterator[None]:
        import pyarrow as pa

        try:
            yield
        except (OSError, pa.ArrowException) as error:
            raise not_written(self._path, error) from error
