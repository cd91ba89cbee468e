"""Market data for configurations; those that ask for the same share it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from containers.configuration import Configuration, DataSettings, SymbolSettings
from containers.data import MarketData, load_market
from containers.journal import BarDropped

__all__ = ["MarketLoader"]


class MarketLoader:
    """Loads the data of one run.

    Args:
        base_dir: The folder that ``data.data_dir`` starts from.
    """

    def __init__(self, base_dir: Path) -> None:
        self._base_dir: Final = base_dir
        self._loaded: Final[dict[tuple[DataSettings, tuple[SymbolSettings, ...]], MarketData]] = {}

    @property
    def dropped(self) -> tuple[BarDropped, ...]:
        """A record for each bad bar left out so far, each row of a file once."""
        records = (record for market in self._loaded.values() for record in market.dropped)
        return tuple(dict.fromkeys(records))

    @property
    def markets(self) -> tuple[MarketData, ...]:
        """What was loaded so far."""
        return tuple(self._loaded.values())

    def load(self, configuration: Configuration) -> MarketData:
        """Give the data that ``configuration`` asks for.

        Raises:
            DataError: They cannot be used.
        """
        data, symbols = configuration.data, configuration.symbols
        if (data, symbols) not in self._loaded:
            self._loaded[data, symbols] = load_market(
                self._base_dir / data.data_dir,
                [(entry.symbol, entry.timeframes) for entry in symbols],
                start=data.start_date,
                end=data.end_date,
                timestamp=data.timestamp,
                on_bad_bar=data.on_bad_bar,
            )
        return self._loaded[data, symbols]
