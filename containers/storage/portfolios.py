"""Portfolios whose trades and curves lie in files, and are read when one is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from containers.results import PortfolioResult
from containers.tables import read_curve, read_trades

__all__ = ["StoredPortfolios", "bare_portfolios", "curve_file", "trades_file"]


def trades_file(portfolio: str) -> str:
    """Name the file of a portfolio's trades, below the folder of a phase or unit."""
    return f"portfolios/{portfolio}/trades.parquet"


def curve_file(portfolio: str) -> str:
    """Name the file of a portfolio's equity curve, alike."""
    return f"portfolios/{portfolio}/equity.parquet"


class StoredPortfolios(Mapping[str, PortfolioResult]):
    """Portfolios by id; each is read when it is asked for, and none is kept.

    Args:
        root: Folder of the run.
        relative: The folder that has the files, inside it.
        bare: The portfolios without trades and curves.
        part: Name of the hidden folder that has the files until this one gets its name: what comes
            of a unit may be needed before its turn. Null: there is none.

    Asking for one raises StorageError when its files are not there or damaged.
    """

    __slots__ = ("_part", "_root", "bare", "relative")

    def __init__(
        self,
        root: Path,
        relative: str,
        bare: Mapping[str, PortfolioResult],
        part: str | None = None,
    ) -> None:
        self._root: Final = root
        self.relative: Final = relative
        self.bare: Final = bare
        self._part: Final = part

    def __getitem__(self, name: str) -> PortfolioResult:
        bare = self.bare[name]
        folder = self._root / self.relative
        if self._part is not None and (hidden := folder.with_name(self._part)).is_dir():
            folder = hidden
        return replace(
            bare,
            trades=read_trades(folder / trades_file(name)),
            equity_curve=read_curve(folder / curve_file(name)),
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self.bare)

    def __len__(self) -> int:
        return len(self.bare)

    def __contains__(self, name: object) -> bool:
        return name in self.bare

    def __repr__(self) -> str:
        return f"<portfolios {', '.join(self.bare)} in {self.relative}>"


def bare_portfolios(portfolios: Mapping[str, PortfolioResult]) -> dict[str, PortfolioResult]:
    """Leave trades and curves out; those in files are not read."""
    if isinstance(portfolios, StoredPortfolios):
        return dict(portfolios.bare)
    return {
        name: replace(portfolio, trades=None, equity_curve=None)
        for name, portfolio in portfolios.items()
    }
