r"""Logs of a run taken apart and put together again, by what their format says and nothing else.

    magic  "paritykit/log/1\n"
    frame  key length, content length, digest of both, checksum of this header; key; content
    frame  …

Whoever damages a log with care must be able to write a good one: a frame in which every checksum
is right, and which still is not what belongs there.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any, Final, NamedTuple

import msgspec
import xxhash

from parity.damage.ways import Way

__all__ = [
    "LOG_WAYS",
    "TORN_WAYS",
    "TREE_WAYS",
    "UNIT_WAYS",
    "Frame",
    "frames_of",
    "is_whole",
    "places_of",
    "written",
]

_MAGIC: Final = b"paritykit/log/1\n"
_HEADER: Final = struct.Struct("<IQQ")
_HEAD: Final = _HEADER.size + 4
_MANY: Final = (1 << 16) + 1
"""More than is read at once."""


class Frame(NamedTuple):
    """A record: its key, as it is packed, and what it holds."""

    key: bytes
    content: bytes

    @property
    def head(self) -> bytes:
        """The header and its checksum."""
        digest = xxhash.xxh3_64_intdigest(self.key + self.content)
        header = _HEADER.pack(len(self.key), len(self.content), digest)
        return header + xxhash.xxh32_digest(header)

    @property
    def whole(self) -> bytes:
        """The frame as it stands in the file."""
        return self.head + self.key + self.content


def frames_of(content: bytes) -> list[Frame]:
    """Take a good log apart."""
    frames, place = [], len(_MAGIC)
    while place < len(content):
        keys, length, _ = _HEADER.unpack_from(content, place)
        place += _HEAD
        frames.append(Frame(content[place : place + keys], content[place + keys :][:length]))
        place += keys + length
    return frames


def is_whole(content: bytes) -> bool:
    """Say whether a log is nothing but good frames to its last byte."""
    try:
        return written(frames_of(content)) == content
    except struct.error:
        return False


def written(frames: Sequence[Frame], magic: bytes = _MAGIC) -> bytes:
    """Put a log together."""
    return magic + b"".join(frame.whole for frame in frames)


def places_of(content: bytes) -> list[int]:
    """Give where each frame of a good log begins, and where the last one ends."""
    lengths = [len(frame.whole) for frame in frames_of(content)]
    return list(accumulate(lengths, initial=len(_MAGIC)))


_Change = Callable[[list[Frame]], Sequence[Frame]]


def _frames(change: _Change) -> Way:
    return lambda content: written(change(frames_of(content)))


def _flipped(number: int, offset: Callable[[Frame], int]) -> Way:
    """Change one byte of a frame."""

    def flip(content: bytes) -> bytes:
        place = places_of(content)[:-1][number] + offset(frames_of(content)[number])
        return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]

    return flip


def _cut(number: int, offset: Callable[[Frame], int], more: bytes = b"") -> Way:
    """Cut the log off within a frame."""
    return lambda content: (
        content[: places_of(content)[:-1][number] + offset(frames_of(content)[number])] + more
    )


_OFFSETS: Final[Mapping[str, Callable[[Frame], int]]] = {
    "where it begins": lambda frame: 0,
    "after a byte": lambda frame: 1,
    "in its header": lambda frame: 12,
    "before its checksum": lambda frame: _HEADER.size,
    "a byte before its key": lambda frame: _HEAD - 1,
    "before its key": lambda frame: _HEAD,
    "before its content": lambda frame: _HEAD + len(frame.key),
    "in its content": lambda frame: _HEAD + len(frame.key) + len(frame.content) // 2,
    "at its last byte": lambda frame: len(frame.whole) - 1,
}


_SOME: Final = (
    "where it begins",
    "before its checksum",
    "a byte before its key",
    "before its content",
    "at its last byte",
)


def _zeroed(number: int, offset: Callable[[Frame], int]) -> Way:
    """Write zeros from within a frame to the end of the log."""

    def zeros(content: bytes) -> bytes:
        place = places_of(content)[:-1][number] + offset(frames_of(content)[number])
        return content[:place] + bytes(len(content) - place)

    return zeros


LOG_WAYS: Final[Mapping[str, Way]] = {
    "cut in its magic": lambda content: content[:7],
    "cut before its owner": lambda content: content[: len(_MAGIC)],
    "begins with zeros": lambda content: bytes(len(_MAGIC)) + content[len(_MAGIC) :],
    "begins with zeros alone": lambda content: bytes(len(_MAGIC)),
    "of very many zeros": lambda content: bytes(_MANY * 2),
    "of zeros and something": lambda content: bytes(_MANY) + b"\1",
    "of an older format": lambda content: content.replace(b"log/1", b"log/0", 1),
    "of a newer format": lambda content: content.replace(b"log/1", b"log/2", 1),
    **{f"owner cut {where}": _cut(0, _OFFSETS[where]) for where in _SOME},
    **{f"last cut {where}": _cut(-1, offset) for where, offset in _OFFSETS.items()},
    **{
        f"{which} changed {where}": _flipped(number, offset)
        for which, number in (("owner", 0), ("first", 1), ("last", -1))
        for where, offset in _OFFSETS.items()
        if where in _SOME or number == 1
    },
    **{f"last zeros {where}": _zeroed(-1, offset) for where, offset in _OFFSETS.items()},
    "first zeros in its content": lambda content: (
        content[: places_of(content)[1] + 60] + bytes(20) + content[places_of(content)[1] + 80 :]
    ),
    "zeros from the first on": _zeroed(1, lambda frame: 12),
    "a zero behind": lambda content: content + bytes(1),
    "a header of zeros behind": lambda content: content + bytes(_HEAD),
    "zeros behind": lambda content: content + bytes(100),
    "very many zeros behind": lambda content: content + bytes(_MANY * 2),
    "zeros and something behind": lambda content: content + bytes(100) + b"\1",
    "very many zeros and something behind": lambda content: content + bytes(_MANY) + b"\1",
    "a byte behind": lambda content: content + b"x",
    "less than a header behind": lambda content: content + b"x" * (_HEAD - 1),
    "a header of nothing behind": lambda content: content + b"x" * _HEAD,
    "more than a header behind": lambda content: content + b"x" * (_HEAD + 1),
    "an empty record behind": _frames(lambda frames: [*frames, Frame(b"", b"")]),
    "a record of half a key behind": _frames(lambda frames: [*frames, Frame(b"\0\0", b"x")]),
    "a record of one key and a half behind": _frames(
        lambda frames: [*frames, Frame(b"\0\0\0\0\0\0", b"x")]
    ),
    "an owner behind": _frames(lambda frames: [*frames, frames[0]]),
    "without its owner": _frames(lambda frames: frames[1:]),
    "of another owner": _frames(lambda frames: [Frame(b"owner", b"another"), *frames[1:]]),
    "of an owner before it": _frames(lambda frames: [Frame(b"owner", b""), *frames[1:]]),
    "of an owner after it": _frames(lambda frames: [Frame(b"owner", b"g" * 32), *frames[1:]]),
    "owned by a record": _frames(
        lambda frames: [Frame(b"\0\0\0\0", frames[0].content), *frames[1:]]
    ),
    "owner alone": _frames(lambda frames: frames[:1]),
    "without its first": _frames(lambda frames: [frames[0], *frames[2:]]),
    "without its last": _frames(lambda frames: frames[:-1]),
    "the other way round": _frames(lambda frames: [frames[0], *frames[:0:-1]]),
    "first exchanged with last": _frames(
        lambda frames: [
            frames[0],
            Frame(frames[1].key, frames[-1].content),
            *frames[2:-1],
            Frame(frames[-1].key, frames[1].content),
        ]
    ),
    "first twice": _frames(lambda frames: [*frames[:2], *frames[1:]]),
    "last twice": _frames(lambda frames: [*frames, frames[-1]]),
    "first again at the end": _frames(lambda frames: [*frames, frames[1]]),
}
"""Of any log that has at least two records."""

TORN_WAYS: Final[Mapping[str, Way]] = {
    "last cut by a byte": lambda content: content[:-1],
    "very many zeros behind": LOG_WAYS["very many zeros behind"],
    # Longer than what is written next, so that some of it stays where the log is not cut off.
    "most of a long record behind": lambda content: (
        content + Frame(b"\0\0\0\0", b"x" * _MANY).whole[:-1]
    ),
}
"""Of a log whose process ended while it wrote."""


def _record(number: int, change: Callable[[list[Any]], None]) -> Way:
    """Change what a record says, so that all its checksums are right."""

    def changed(content: bytes) -> bytes:
        frames = frames_of(content)
        fields = msgspec.msgpack.decode(frames[number].content)
        change(fields)
        frames[number] = Frame(frames[number].key, msgspec.msgpack.encode(fields))
        return written(frames)

    return changed


def _set(place: int, value: Any) -> Callable[[list[Any]], None]:
    return lambda fields: fields.__setitem__(place, value)


def _field(place: int, name: str, value: Any) -> Callable[[list[Any]], None]:
    return lambda fields: fields[place].__setitem__(name, value)


def _content(number: int, content: bytes) -> Way:
    return _frames(
        lambda frames: [
            Frame(frame.key, content) if frame is frames[number] else frame for frame in frames
        ]
    )


_STRANGE: Final[Mapping[str, bytes]] = {
    "nothing": b"",
    "null": b"\xc0",
    "a list of nothing": b"\x90",
    "half a list": b"\x9a\xc0",
    "a mapping": b"\x80",
    "no text": b"\xa1\xff",
    "a type of others": b"\xd4\x63\x00",
}

UNIT_WAYS: Final[Mapping[str, Way]] = {
    **{f"first says {what}": _content(1, content) for what, content in _STRANGE.items()},
    "first of another window": _record(1, _field(0, "name", value="another")),
    "first from another bar": _record(1, _field(0, "first_bar", value=1)),
    "first to another bar": _record(1, _field(0, "last_bar", value=1)),
    "first of other parameters": _record(1, _set(1, value={"momentum.slow_period": 9})),
    "first of no seed": _record(1, _set(2, value="one")),
    "first of another draw": _record(1, _set(3, value=[9])),
    "first without its folder": _record(1, _set(8, value=None)),
    "first of another folder": _record(1, _set(8, value=".0.1-00000000.part")),
    "first of a version with less": _record(1, lambda fields: fields.__delitem__(-1)),
    "first of a version with more": _record(1, lambda fields: fields.append(1)),
}
"""Of ``units.log``: what a unit came to is not what belongs there."""

TREE_WAYS: Final[Mapping[str, Way]] = {
    **{f"first says {what}": _content(1, content) for what, content in _STRANGE.items()},
    **{f"last says {what}": _content(-1, content) for what, content in _STRANGE.items()},
    "last of more iterations": _record(-1, lambda fields: fields.__setitem__(-1, fields[-1] + 1)),
    "first of more iterations": _record(1, _set(6, value=1)),
    "first of no seed": _record(1, _set(2, value="one")),
}
"""Of ``iterations.log``."""
