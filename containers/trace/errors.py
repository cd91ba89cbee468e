"""What the trace refuses.

ContainersError
└── InvalidEventError       an event cannot be recorded: a wrong type, or out of order
"""

from __future__ import annotations

from typing import Final

from containers.errors import ContainersError

__all__ = ["InvalidEventError"]


class InvalidEventError(ContainersError):
    """A publisher handed in something that is not a sound event.

    Events of third-party engines are recorded as well, so their types are checked. What was
    recorded before stays as it was; the events handed in together with this one are not recorded.

    Attributes:
        seq: The event's ``seq`` as it was found, of whatever type.
        kind: Its kind, or the name of its class when it is not an event at all.
        field: The field at fault; empty when the event as a whole is.
        found: The value that was found, and its type, as text.
        expected: What was expected in its place.
    """

    def __init__(self, seq: object, kind: str, field: str, found: str, expected: str) -> None:
        self.seq: Final = seq
        self.kind: Final = kind
        self.field: Final = field
        self.found: Final = found
        self.expected: Final = expected
        place = f"field '{field}'" if field else "it"
        super().__init__(f"event {seq!r} ({kind}): {place} is {found}; expected {expected}")

    def __reduce__(self) -> tuple[type[InvalidEventError], tuple[object, str, str, str, str]]:
        return type(self), (self.seq, self.kind, self.field, self.found, self.expected)
