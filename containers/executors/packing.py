"""Values as bytes, for a worker and back.

cloudpickle does the work, and so takes what is defined in ``__main__`` or in a function. Two kinds
of things go another way:

1. Bars go as positions in streams that the worker maps (`containers.executors.streams`).
2. What a file of the user's defines goes by the names of module and thing, with the source of the
   file: no worker could import the module, and a class that is taken apart and put together again
   is not always the same (a `msgspec.Struct` comes out without its fields).
"""

from __future__ import annotations

import importlib.abc
import importlib.util
import io
import pickle
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, Final

import cloudpickle
import msgspec

from containers.data import Bars
from containers.errors import WorkerError
from containers.executors.streams import Streams

__all__ = ["Common", "mapped", "pack", "pack_error", "pack_result"]

_MODULES: Final = "paritykit_user_"
"""What the names of modules made of a user's files begin with; see `containers.components`."""

_here: Final = threading.local()


@contextmanager
def mapped(bars: list[Bars]) -> Iterator[None]:
    """Let what is unpickled in this thread meanwhile refer to streams."""
    before = getattr(_here, "bars", None)
    _here.bars = bars
    try:
        yield
    finally:
        _here.bars = before


class Common:
    """What a worker has once it has loaded a shared value, so that later a reference will do.

    Attributes:
        streams: Market data.
        modules: Names of modules made of a user's files.
    """

    def __init__(self) -> None:
        self.streams: Final = Streams()
        self.modules: Final[set[str]] = set()


def pack(value: object, common: Common, *, grow: bool) -> bytes:
    """Give a value as bytes, to be unpickled in a worker within `mapped`.

    Args:
        value: What to send.
        common: What goes by reference.
        grow: Whether bars and modules that are met become common; otherwise they go by value.

    Raises:
        Exception: Whatever pickling raises for what cannot be sent.
    """
    sink = io.BytesIO()
    _Pickler(sink, common, grow).dump(value)
    return sink.getvalue()


def pack_result(value: object) -> bytes:
    """Give what a unit came to as bytes.

    Raises:
        Exception: Whatever pickling raises.
    """
    try:
        return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    except Exception:  # noqa: BLE001  # no more than a hint to take the slower way
        content: bytes = cloudpickle.dumps(value)
        return content


def pack_error(error: BaseException) -> bytes:
    """Give what a unit raised as bytes, with its causes, and its traceback as a note.

    What does not come back as the same type with the same message becomes a `WorkerError` that
    says so; of a cause that can't be sent name and message are kept. ``error`` itself loses its
    causes and its traceback.
    """
    text = "".join(traceback.format_exception(error))
    chain = list(_chain(error))
    place = {id(each): k for k, each in enumerate(chain)}
    links = [
        (
            None if each.__cause__ is None else place[id(each.__cause__)],
            None if each.__context__ is None else place[id(each.__context__)],
            each.__suppress_context__,
        )
        for each in chain
    ]
    for each in chain:  # some pickle these as well, once tblib has been imported
        each.__cause__ = each.__context__ = each.__traceback__ = None
    sent = [chain[0] if _survives(chain[0]) else _lost(chain[0])]
    sent += [cause if _survives(cause) else _stand_in(cause) for cause in chain[1:]]
    content: bytes = cloudpickle.dumps(_Raised(sent, links, text))
    return content


class _Raised:
    """An exception and what it came from, which pickling alone would leave out."""

    def __init__(
        self,
        chain: list[BaseException],
        links: list[tuple[int | None, int | None, bool]],
        text: str,
    ) -> None:
        self._chain, self._links, self._text = chain, links, text

    def __reduce__(self) -> tuple[Any, ...]:
        return _raised, (self._chain, self._links, self._text)


def _raised(
    chain: list[BaseException], links: list[tuple[int | None, int | None, bool]], text: str
) -> BaseException:
    for error, (cause, context, suppressed) in zip(chain, links, strict=True):
        error.__cause__ = None if cause is None else chain[cause]
        error.__context__ = None if context is None else chain[context]
        error.__suppress_context__ = suppressed
    chain[0].add_note(f"In the worker:\n{text.rstrip()}")
    return chain[0]


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Give ``error`` and everything it came from, each once."""
    seen: set[int] = set()
    ahead: list[BaseException | None] = [error]
    while ahead:
        each = ahead.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            yield each
            ahead += [each.__context__, each.__cause__]


def _survives(error: BaseException) -> bool:
    try:
        back = pickle.loads(cloudpickle.dumps(error))
        return type(back) is type(error) and str(back) == str(error)
    except Exception:  # noqa: BLE001  # how it fails does not matter: it cannot be sent
        return False


def _lost(error: BaseException) -> WorkerError:
    return WorkerError(
        f"a unit raised {type(error).__name__}: {_text(error)}; this exception cannot be sent back "
        "from a worker (expected one that pickles; run serial to see it itself)"
    )


def _stand_in(error: BaseException) -> Exception:
    made: Exception = type(type(error).__name__, (Exception,), {})(_text(error))
    return made


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as again:  # noqa: BLE001  # the text of a user's exception is his own code
        return f"(without a text: {type(again).__name__})"


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]  # it has no types
    def __init__(self, sink: io.BytesIO, common: Common, grow: bool) -> None:
        super().__init__(sink, protocol=pickle.HIGHEST_PROTOCOL)
        self._common = common
        self._grow = grow

    def reducer_override(self, obj: Any) -> Any:
        kind = type(obj)
        if kind is Bars:
            streams = self._common.streams
            where = streams.find(obj)
            if where is None and self._grow and len(obj):
                where = streams.add(obj)
            if where is not None:
                return _mapped_rows, where
        elif kind is FunctionType or issubclass(kind, type):
            module, name = obj.__module__, obj.__qualname__
            found = _found(module, name)
            if found is obj and module.startswith(_MODULES) and self._is_new(module):
                return _of_users_file, (module, *_source(module), name)
            if found is not obj and isinstance(obj, type(msgspec.Struct)):
                raise pickle.PicklingError(
                    f"the msgspec.Struct '{name}' of {module} cannot be taken to a worker; "
                    "expected it at the top of a module that is not run as a script"
                )
        elif (
            kind is ModuleType and obj.__name__.startswith(_MODULES) and self._is_new(obj.__name__)
        ):
            return _of_users_file, (obj.__name__, *_source(obj.__name__), "")
        return super().reducer_override(obj)

    def _is_new(self, module: str) -> bool:
        """Say whether the source has to go along; once in a pickle is enough for pickle itself."""
        if self._grow:
            self._common.modules.add(module)
            return True
        return module not in self._common.modules


def _found(module: str | None, name: str) -> Any:
    """Give what a worker finds under a name when it imports the module; null: nothing."""
    if not module or module == "__main__":
        return None
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


_sources: Final[dict[str, tuple[str, bytes]]] = {}
"""File and text of modules, as they were when first sent or received."""
_importing: Final = threading.RLock()


def _source(name: str) -> tuple[str, bytes]:
    if name not in _sources:
        file = str(sys.modules[name].__file__)
        _sources[name] = (file, Path(file).read_bytes())
    return _sources[name]


def _of_users_file(name: str, file: str, source: bytes, thing: str) -> Any:
    """Give what a user's file defines, after making a module of its text if need be."""
    with _importing:
        found: Any = sys.modules.get(name)
        # Workers of a cluster outlive the runs they serve, and files change in between.
        if found is None or _sources.get(name, (file, source)) != (file, source):
            found = _module_of(name, file, source)
    for part in thing.split(".") if thing else ():
        found = getattr(found, part)
    return found


class _Text(importlib.abc.ExecutionLoader):
    """Loads a module from a text that was sent; there may be no such file here."""

    def __init__(self, file: str, source: bytes) -> None:
        self._file, self._source = file, source

    def get_filename(self, fullname: str) -> str:
        return self._file

    def get_source(self, fullname: str) -> str:
        return importlib.util.decode_source(self._source)


def _module_of(name: str, file: str, source: bytes) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, file, loader=_Text(file, source))
    assert spec is not None  # it has a loader
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = sys.modules.pop(name, None)
    sys.modules[name] = module  # before it runs: dataclasses look it up there
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        if before is not None:
            sys.modules[name] = before
        raise
    _sources[name] = (file, source)
    return module


def _mapped_rows(stream: int, first: int, last: int) -> Bars:
    bars: Bars = _here.bars[stream]
    return bars if (first, last) == (0, len(bars) - 1) else bars.rows(first, last)
