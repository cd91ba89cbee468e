"""Configurations and records as bytes: what a subject's process is given, and what it answers.

Nothing in them can run anything when it is read, which pickled objects can: who reads is the
process that must outlive whatever the subject does. Values keep their types (5 from 5.0, a tuple
from a list, a number of numpy's from one of Python's) and floats their bits. Of traces only the
folders they lie in are sent.

In MessagePack, scalars and mappings with keys of text stand for themselves; all else is a list that
begins with what it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from functools import cache
from pathlib import Path
from types import NoneType
from typing import Any, Final

import msgspec
import numpy as np
import xxhash

from containers import results
from containers.errors import StorageError
from containers.trace import Trace
from containers.trace.storage import INDEX_FILE
from parity import record
from parity.channels import Channel
from parity.errors import SubjectError

__all__ = ["decode", "encode"]

_MAGIC: Final = b"paritykit/handed-over/1\n"
_PLAIN: Final = frozenset({NoneType, bool, float, bytes})
_MISTAKES: Final = (msgspec.MsgspecError, StorageError, LookupError, TypeError, ValueError)
"""What comes of reading a thing that only looks like one of ours."""
_FROM, _UP_TO = -(2**63), 2**64
_MODULES: Final = {module.__name__: module for module in (results, record)}
"""Where structs come from that are the same type on both sides."""


class _Kind(IntEnum):
    LIST = 0
    TUPLE = 1
    PAIRS = 2
    LONG = 3
    ODD_TEXT = 4
    STRUCT = 5
    ROW = 6
    ARRAY = 7
    SCALAR = 8
    SET = 9
    CHANNEL = 10
    PATH = 11
    TRACE = 12


def encode(value: Any, folder: Path) -> bytes:
    """Write a value.

    Args:
        value: Mappings, sequences, scalars, paths, numpy's arrays and scalars, structs, traces.
        folder: Where traces are saved that lie in memory.

    Raises:
        SubjectError: It holds something else.
        StorageError: A trace could not be saved.
    """
    body = msgspec.msgpack.encode(_Packer(folder).pack(value))
    return _MAGIC + xxhash.xxh3_128_digest(body) + body


def decode(content: bytes) -> Any:
    """Read what `encode` wrote; traces on disk are opened, their events read when looked at.

    Raises:
        SubjectError: It is something else.
    """
    body = content[len(_MAGIC) + 16 :]
    if content[: len(_MAGIC)] != _MAGIC:
        raise SubjectError("this is something else")
    if xxhash.xxh3_128_digest(body) != content[len(_MAGIC) : len(_MAGIC) + 16]:
        raise SubjectError("it is damaged: it does not have the checksum it states")
    try:
        return _unpacked(msgspec.msgpack.decode(body))
    except (RecursionError, *_MISTAKES) as error:
        raise SubjectError(str(error)) from error


class _Packer:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._traces = 0

    def pack(self, value: Any) -> Any:
        kind = type(value)
        if kind in _PLAIN:
            return value
        if kind is str:
            return value if value.isascii() else _text(value)
        if kind is int:
            return value if _FROM <= value < _UP_TO else [_Kind.LONG, str(value)]
        if kind is list:
            return [_Kind.LIST, *map(self.pack, value)]
        if kind is tuple:
            return [_Kind.TUPLE, *map(self.pack, value)]
        pack = _PACKERS.get(kind)
        if pack is not None:
            return pack(self, value)
        for base, pack in _BASES:
            if isinstance(value, base):
                return pack(self, value)
        raise SubjectError(
            f"it holds {value!r:.80} of type {kind.__name__}, which cannot be handed over from one "
            "process to another; expected plain values, rows, arrays or traces"
        )

    def mapping(self, value: Mapping[Any, Any]) -> Any:
        # A key that stands for itself is text that MessagePack takes.
        if all(type(key) is str and key.isascii() for key in value):
            return {key: self.pack(each) for key, each in value.items()}
        pairs = ((self.pack(key), self.pack(each)) for key, each in value.items())
        return [_Kind.PAIRS, *map(list, pairs)]

    def sequence(self, value: Sequence[Any]) -> Any:
        if isinstance(value, str | bytes | bytearray | memoryview):
            raise SubjectError(f"it holds {value!r:.80} of type {type(value).__name__}, expected "
                               "text or bytes of Python's own")  # fmt: skip
        return [_Kind.TUPLE, *map(self.pack, value)]  # one that lies in files is read

    def struct(self, value: msgspec.Struct) -> Any:
        kind = type(value)
        names = value.__struct_fields__
        values = [self.pack(getattr(value, name)) for name in names]
        if getattr(_MODULES.get(kind.__module__), kind.__name__, None) is kind:
            return [
                _Kind.STRUCT,
                kind.__module__,
                kind.__name__,
                dict(zip(names, values, strict=True)),
            ]
        return [_Kind.ROW, kind.__name__, names, values]

    def array(self, value: np.ndarray[Any, Any]) -> Any:
        if value.dtype.hasobject:
            raise SubjectError(f"it holds an array of {value.dtype}, expected numbers or text")
        return [_Kind.ARRAY, value.dtype.str, value.shape, value.tobytes()]

    def scalar(self, value: np.generic) -> Any:
        return [_Kind.SCALAR, value.dtype.str, value.tobytes()]

    def channel(self, value: Channel) -> Any:
        return [_Kind.CHANNEL, value.value]

    def members(self, value: frozenset[Any]) -> Any:
        return [_Kind.SET, *(self.pack(member) for member in sorted(value))]

    def path(self, value: Path) -> Any:
        return [_Kind.PATH, _text(str(value))]

    def trace(self, value: Trace) -> Any:
        path = value.path
        if path is None:
            path = self._folder / str(self._traces)
            self._traces += 1
            value.save(path)
        return [_Kind.TRACE, _text(str(path.absolute()))]


def _text(value: str) -> Any:
    try:
        value.encode()
    except UnicodeEncodeError:  # half a character, as names of files may have
        return [_Kind.ODD_TEXT, value.encode("utf-8", "surrogatepass")]
    return value


_PACKERS: Final[Mapping[type, Callable[[_Packer, Any], Any]]] = {
    dict: _Packer.mapping,
    np.ndarray: _Packer.array,
    Channel: _Packer.channel,
    frozenset: _Packer.members,
    Trace: _Packer.trace,
}
_BASES: Final[Sequence[tuple[type, Callable[[_Packer, Any], Any]]]] = (
    (np.generic, _Packer.scalar),
    (msgspec.Struct, _Packer.struct),
    (Path, _Packer.path),
    (Mapping, _Packer.mapping),
    (Sequence, _Packer.sequence),
)


def _unpacked(packed: Any) -> Any:
    if type(packed) is dict:
        return {key: _unpacked(value) for key, value in packed.items()}
    if type(packed) is not list:
        return packed
    kind, *rest = packed
    return _UNPACKERS[kind](rest)


def _struct(rest: list[Any]) -> Any:
    module, name, fields = rest
    kind = getattr(_MODULES[module], name)
    if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        raise TypeError(f"{module}.{name} is no struct")
    return kind(**{field: _unpacked(value) for field, value in fields.items()})


def _row(rest: list[Any]) -> Any:
    name, fields, values = rest
    return _row_type(name, tuple(fields))(*map(_unpacked, values))


@cache
def _row_type(name: str, fields: tuple[str, ...]) -> type[msgspec.Struct]:
    return msgspec.defstruct(name, list(fields), frozen=True)


def _array(rest: list[Any]) -> Any:
    dtype, shape, content = rest
    return np.frombuffer(content, dtype).reshape(shape).copy()


def _trace(rest: list[Any]) -> Trace:
    path = Path(_unpacked(rest[0]))
    # Neither a device nor a pipe, of which there would be no end.
    if not (path / INDEX_FILE).is_file():
        raise SubjectError(f"{path} holds no trace")
    return Trace.open(path)


_UNPACKERS: Final[Mapping[int, Callable[[list[Any]], Any]]] = {
    _Kind.LIST: lambda rest: [_unpacked(item) for item in rest],
    _Kind.TUPLE: lambda rest: tuple(_unpacked(item) for item in rest),
    _Kind.PAIRS: lambda rest: {_unpacked(key): _unpacked(value) for key, value in rest},
    _Kind.LONG: lambda rest: int(rest[0]),
    _Kind.ODD_TEXT: lambda rest: rest[0].decode("utf-8", "surrogatepass"),
    _Kind.STRUCT: _struct,
    _Kind.ROW: _row,
    _Kind.ARRAY: _array,
    _Kind.SCALAR: lambda rest: np.frombuffer(rest[1], rest[0])[0],
    _Kind.SET: lambda rest: frozenset(_unpacked(member) for member in rest),
    _Kind.CHANNEL: lambda rest: Channel(rest[0]),
    _Kind.PATH: lambda rest: Path(_unpacked(rest[0])),
    _Kind.TRACE: _trace,
}
