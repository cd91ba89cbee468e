"""Market data: files of bars read, checked and held as read-only columns."""

from containers.data.bars import BarRow, Bars
from containers.data.checking import OnBadBar
from containers.data.instants import format_instant, parse_instant
from containers.data.market import LabelMarks, MarketData, StreamKey, load_market
from containers.data.timeframe import Timeframe, Unit

__all__ = [
    "BarRow",
    "Bars",
    "LabelMarks",
    "MarketData",
    "OnBadBar",
    "StreamKey",
    "Timeframe",
    "Unit",
    "format_instant",
    "load_market",
    "parse_instant",
]
