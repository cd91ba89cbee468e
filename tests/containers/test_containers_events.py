"""The ten kinds of event: their fields, in the order of the contract, and that they are frozen."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from containers import events
from containers.events import (
    EVENT_TYPES,
    CancellationReason,
    EventKind,
    FillReason,
    Order,
    RequestReason,
    Signal,
)

# The contract's table. Every event begins with the same four.
FIELDS: dict[str, str] = {
    "BAR": "symbol timeframe open high low close volume",
    "FILL": "portfolio symbol quantity price commission reason",
    "FEATURES": "symbol timeframe values",
    "CLASSIFICATION": "symbol label",
    "SIGNAL": "symbol direction strength origin",
    "ORDER_REQUEST": "symbol quantity reference_price reason",
    "ORDER": "portfolio symbol quantity requested rules",
    "REJECTION": "portfolio symbol quantity requested rules",
    "CANCELLATION": "portfolio symbol quantity reason",
    "PORTFOLIO_UPDATE": "cash positions_value equity",
}
HEADER = ["seq", "time_ns", "container", "cause"]
VALUES: dict[str, Any] = {
    "seq": 3, "time_ns": 7, "container": "execution", "cause": None, "symbol": "AAA",
    "timeframe": "1d", "open": 1.0, "high": 2.0, "low": 0.5, "close": 1.5, "volume": None,
    "portfolio": "s.p", "quantity": 1.0, "price": 1.0, "commission": 0.0, "reason": "order",
    "values": {"sma_1": None}, "label": "up", "direction": 1, "strength": 1.0, "origin": None,
    "reference_price": 1.0, "requested": 1.0, "rules": (), "cash": 1.0,
    "positions_value": 0.0, "equity": 1.0,
}  # fmt: skip


def make(kind: EventKind) -> Any:
    cls = EVENT_TYPES[kind]
    return cls(**{name: VALUES[name] for name in cls.__struct_fields__})


def test_the_kinds_are_those_of_the_contract_in_its_order() -> None:
    assert [kind.value for kind in EventKind] == list(FIELDS)
    assert [kind.name for kind in EventKind] == list(FIELDS)
    assert list(EVENT_TYPES) == list(EventKind)


@pytest.mark.parametrize("kind", EventKind)
def test_the_fields_are_those_of_the_contract_in_its_order(kind: EventKind) -> None:
    cls = EVENT_TYPES[kind]
    assert list(cls.__struct_fields__) == HEADER + FIELDS[kind.value].split()
    assert cls.kind is kind


@pytest.mark.parametrize("kind", EventKind)
def test_an_event_cannot_be_changed(kind: EventKind) -> None:
    event = make(kind)
    for name in event.__struct_fields__:
        with pytest.raises(AttributeError, match="immutable"):
            setattr(event, name, None)
    with pytest.raises(AttributeError):
        event.source = "elsewhere"


@pytest.mark.parametrize("kind", EventKind)
def test_events_with_equal_fields_are_equal(kind: EventKind) -> None:
    event = make(kind)
    assert event == make(kind)
    assert event != msgspec.structs.replace(event, seq=4)


def test_events_of_two_kinds_are_never_equal() -> None:
    assert make(EventKind.ORDER) != make(EventKind.REJECTION)


@pytest.mark.parametrize("kind", EventKind)
def test_an_event_is_of_one_kind_only(kind: EventKind) -> None:
    event = make(kind)
    assert [k for k, cls in EVENT_TYPES.items() if isinstance(event, cls)] == [kind]


def test_every_event_type_is_public() -> None:
    for cls in EVENT_TYPES.values():
        assert getattr(events, cls.__name__) is cls
        assert cls.__name__ in events.__all__


def test_the_reasons_are_those_of_the_contract() -> None:
    assert [r.value for r in FillReason] == ["order", "close_at_end", "ruined"]
    assert [r.value for r in RequestReason] == ["signal", "stop_loss"]
    assert [r.value for r in CancellationReason] == ["end_of_data", "ruined"]


def test_fields_can_be_given_by_place() -> None:
    signal = Signal(6, 1, "strategy/s", 4, "AAA", -1, 0.5)
    assert (signal.seq, signal.cause, signal.direction, signal.strength) == (6, 4, -1, 0.5)
    assert signal.origin is None
    order = Order(7, 1, "risk/s.p", 6, "s.p", "AAA", 5.0, 9.0, ("max_leverage",))
    assert (order.quantity, order.requested, order.rules) == (5.0, 9.0, ("max_leverage",))
