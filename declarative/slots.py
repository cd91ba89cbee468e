"""What stands in a scope for a value that differs from unit to unit.

A topology that is expanded over a scope with slots comes out with the same slots in its settings,
and can be filled for every unit of the same structure (`declarative.moulds`). Wherever an
expansion has to know the value itself (to look into it, to write it inside text, to convert it)
it raises `NeedsValueError`, and the topology is expanded for each unit anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

__all__ = ["NeedsValueError", "Slot", "SlotKey", "TextSlot", "filled", "has_slots"]

SlotKey: TypeAlias = tuple[str | int, ...]


class NeedsValueError(Exception):
    """An expansion cannot go on without the value of a slot."""


class Slot:
    """A value to come."""

    __slots__ = ("key",)

    def __init__(self, key: SlotKey) -> None:
        self.key: Final = key


class TextSlot(str):
    """A text to come, with a text for the time being: it may be compared, but not used."""

    key: SlotKey

    @classmethod
    def of(cls, text: str, key: SlotKey) -> TextSlot:
        """Make one."""
        slot = cls(text)
        slot.key = key
        return slot


def has_slots(value: Any) -> bool:
    """Say whether a value holds a slot anywhere."""
    if isinstance(value, Slot | TextSlot):
        return True
    if isinstance(value, dict):
        return any(map(has_slots, value.values()))
    return isinstance(value, list | tuple) and any(map(has_slots, value))


def filled(value: Any, values: Mapping[SlotKey, Any]) -> Any:
    """Give a value with its slots filled; what holds none is handed on."""
    if isinstance(value, Slot | TextSlot):
        return values[value.key]
    if isinstance(value, dict):
        return {key: filled(item, values) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [filled(item, values) for item in value]
    return value
