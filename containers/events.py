"""The market events of a unit: what its trace consists of.

Every event is frozen and starts with the same four fields:

* ``seq``: number of the event in its unit, from 0, without gaps, kept in the trace or not;
* ``time_ns``: end of the slice, int64 nanoseconds UTC;
* ``container``: id of the publisher;
* ``cause``: ``seq`` of the event that led to this one, null for a BAR.

The order of the remaining fields is the order of the columns in traces and reports. ``gc=False``
keeps the cyclic collector away from millions of objects that cannot be part of a cycle.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import ClassVar, Final, TypeAlias

import msgspec

__all__ = [
    "EVENT_TYPES",
    "Bar",
    "Cancellation",
    "CancellationReason",
    "Classification",
    "Event",
    "EventKind",
    "Features",
    "Fill",
    "FillReason",
    "Order",
    "OrderRequest",
    "PortfolioUpdate",
    "Rejection",
    "RequestReason",
    "Signal",
]


class EventKind(StrEnum):
    """The ten kinds of event, in the order of the steps that publish them first."""

    BAR = "BAR"
    FILL = "FILL"
    FEATURES = "FEATURES"
    CLASSIFICATION = "CLASSIFICATION"
    SIGNAL = "SIGNAL"
    ORDER_REQUEST = "ORDER_REQUEST"
    ORDER = "ORDER"
    REJECTION = "REJECTION"
    CANCELLATION = "CANCELLATION"
    PORTFOLIO_UPDATE = "PORTFOLIO_UPDATE"


class FillReason(StrEnum):
    """Why a fill happened."""

    ORDER = "order"
    CLOSE_AT_END = "close_at_end"
    RUINED = "ruined"


class RequestReason(StrEnum):
    """Why a portfolio asked for an order."""

    SIGNAL = "signal"
    STOP_LOSS = "stop_loss"


class CancellationReason(StrEnum):
    """Why a pending order was withdrawn."""

    END_OF_DATA = "end_of_data"
    RUINED = "ruined"


class _Header(msgspec.Struct, frozen=True, gc=False):
    seq: int
    time_ns: int
    container: str
    cause: int | None


class Bar(_Header, frozen=True, gc=False):
    """A bar became known (step 1). Prices in currency per share; ``volume`` null when unknown."""

    kind: ClassVar[EventKind] = EventKind.BAR
    symbol: str
    timeframe: str
    open: float
    high: float
    low: float
    close: float
    volume: float | None


class Fill(_Header, frozen=True, gc=False):
    """An execution (steps 2, 8, 9): signed ``quantity`` in shares at ``price``, costs apart."""

    kind: ClassVar[EventKind] = EventKind.FILL
    portfolio: str
    symbol: str
    quantity: float
    price: float
    commission: float
    reason: str


class Features(_Header, frozen=True, gc=False):
    """The features of one bar (step 3), in order of declaration; null while warming up."""

    kind: ClassVar[EventKind] = EventKind.FEATURES
    symbol: str
    timeframe: str
    values: Mapping[str, float | None]


class Classification(_Header, frozen=True, gc=False):
    """A classifier's label for a symbol changed (step 4)."""

    kind: ClassVar[EventKind] = EventKind.CLASSIFICATION
    symbol: str
    label: str


class Signal(_Header, frozen=True, gc=False):
    """A strategy's view of a symbol changed (step 5): -1, 0 or 1, and a strength in [0, 1].

    ``origin`` is null but for a replayed signal, whose number it is in the unit that made it.
    """

    kind: ClassVar[EventKind] = EventKind.SIGNAL
    symbol: str
    direction: int
    strength: float
    origin: int | None = None


class OrderRequest(_Header, frozen=True, gc=False):
    """A portfolio asks for a change of its position (step 6), signed, in shares."""

    kind: ClassVar[EventKind] = EventKind.ORDER_REQUEST
    symbol: str
    quantity: float
    reference_price: float
    reason: str


class Order(_Header, frozen=True, gc=False):
    """Risk let a request pass (step 7), reduced by ``rules`` where these are not empty."""

    kind: ClassVar[EventKind] = EventKind.ORDER
    portfolio: str
    symbol: str
    quantity: float
    requested: float
    rules: tuple[str, ...]


class Rejection(_Header, frozen=True, gc=False):
    """Risk refused a request (step 7); ``quantity`` is 0.0 and ``rules`` say which refused."""

    kind: ClassVar[EventKind] = EventKind.REJECTION
    portfolio: str
    symbol: str
    quantity: float
    requested: float
    rules: tuple[str, ...]


class Cancellation(_Header, frozen=True, gc=False):
    """A pending order was withdrawn (steps 8, 9)."""

    kind: ClassVar[EventKind] = EventKind.CANCELLATION
    portfolio: str
    symbol: str
    quantity: float
    reason: str


class PortfolioUpdate(_Header, frozen=True, gc=False):
    """A portfolio at the end of a slice (step 9), in currency."""

    kind: ClassVar[EventKind] = EventKind.PORTFOLIO_UPDATE
    cash: float
    positions_value: float
    equity: float


Event: TypeAlias = (
    Bar
    | Fill
    | Features
    | Classification
    | Signal
    | OrderRequest
    | Order
    | Rejection
    | Cancellation
    | PortfolioUpdate
)

EVENT_TYPES: Final[Mapping[EventKind, type[Event]]] = {
    cls.kind: cls
    for cls in (
        Bar,
        Fill,
        Features,
        Classification,
        Signal,
        OrderRequest,
        Order,
        Rejection,
        Cancellation,
        PortfolioUpdate,
    )
}
