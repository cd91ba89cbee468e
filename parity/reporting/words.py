"""How values, events, counts and verdicts read, in whatever report they stand.

Everything here gives one line of printable text: what a name, a message or a value of a subject
holds can neither end a line nor shape what is around it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from parity.verdicts import Verdict

__all__ = [
    "count",
    "event_words",
    "message_lines",
    "share",
    "size_words",
    "value_words",
    "verdict_words",
    "visible",
]

_LONGEST: Final = 1_000
"""Characters of one value; the document and the record have it whole."""

_HEADER: Final = ("kind", "seq", "time_ns", "container", "cause")


def visible(text: str) -> str:
    r"""Write what is not printable by its escape: control characters, lone surrogates, directions.

    >>> print(visible("a\nb\x1b[31m \udc80 日本"))
    a\nb\x1b[31m \udc80 日本
    """
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text
    )


def message_lines(text: str) -> list[str]:
    """Give the lines of a message of others; those after the first are marked as its own.

    >>> message_lines("it broke" + chr(10) + "::error::or not")
    ['it broke', '  | ::error::or not']
    """
    first, *rest = text.splitlines() or [""]
    return [visible(first), *(f"  | {visible(line)}" for line in rest)]


def value_words(value: object) -> str:
    """Give a value as Python writes it, cut where nobody reads on.

    >>> value_words(None), value_words("a"), value_words(0.1)
    ('nothing', "'a'", '0.1')
    """
    if value is None:
        return "nothing"
    text = visible(repr(value))
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]}… ({len(text):,} characters)"


def event_words(event: Mapping[str, Any]) -> str:
    """Give an event as one line: kind, number, time, publisher, then its fields."""
    from containers.data import format_instant  # late: it takes long, and few have events to tell

    fields = ", ".join(
        f"{name} {value_words(value)}" for name, value in event.items() if name not in _HEADER
    )
    when = format_instant(event["time_ns"])
    return f"{event['kind']} #{event['seq']} at {when} by {visible(event['container'])}: {fields}"


def size_words(absolute: float | None, ulp: int | None) -> str:
    """Give the size of a difference of numbers; empty without one.

    >>> size_words(0.25, 3), size_words(None, None)
    ('by up to 0.25, 3 ulp', '')
    """
    parts = [] if absolute is None else [f"{absolute:.6g}"]
    parts += [] if ulp is None else [f"{ulp:,} ulp"]
    return f"by up to {', '.join(parts)}" if parts else ""


def share(part: float) -> str:
    """Give a share of a tolerance in percent; never 0 % of what was used, nor 100 % of a part.

    >>> share(0.125), share(1e-9), share(1.0), share(0.99999), share(0)
    ('12.5 %', '1e-07 %', '100 %', 'over 99.9 %', '0 %')
    """
    text = f"{part * 100:.3g}"
    return "over 99.9 %" if text == "100" and part < 1 else f"{text} %"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Count things.

    >>> count(1, "check"), count(2000, "check"), count(0, "share of it", "shares of it")
    ('1 check', '2,000 checks', '0 shares of it')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {plural or noun + 's'}"


def verdict_words(verdict: Verdict) -> str:
    """Give a verdict in words.

    >>> verdict_words(Verdict.WITHIN_TOLERANCE)
    'within tolerance'
    """
    return verdict.value.replace("_", " ")
