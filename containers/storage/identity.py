"""What makes two runs the same run: configuration, data, code and seed.

A run is resumed only when all four are what they were. `identity_of` takes their digests,
`differences` names what is another.
"""

from __future__ import annotations

import inspect
import json
import platform
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Final, TypeAlias

import msgspec
import numpy as np
import xxhash

from containers.data import Bars, MarketData
from containers.errors import Problem

__all__ = ["Identity", "Source", "identity_of", "phase_identity"]

Source: TypeAlias = Path | ModuleType | type
"""A file, a folder of files, a package or module, or a class, by whose file it counts."""

_ENDINGS: Final = (".py", ".yaml", ".yml")
_COLUMNS: Final = (
    "label_ns", "end_ns", "open", "high", "low", "close", "volume", "volume_valid",
)  # fmt: skip


class Identity(msgspec.Struct, frozen=True):
    """Digests (XXH3, 128 bits, hexadecimal) of all that a run's result depends on.

    Attributes:
        configuration: The resolved configuration in its order, without seed and folders.
        data: Of each stream by ``{symbol}_{timeframe}``, those known before anything runs.
        code: Of the sources and the versions of what computes.
        seed: The random seed, as text: it can be longer than 64 bits.
    """

    configuration: str
    data: Mapping[str, str]
    code: str
    seed: str

    def differences(self, now: Identity) -> list[Problem]:
        """Name what is different in ``now``, each with what can be done about it."""
        problems: list[Problem] = []
        if self.configuration != now.configuration:
            hint = "resume with the configuration it was begun with, or start a run of its own"
            problems.append(Problem("the configuration is not that of the run", hint=hint))
        if self.seed != now.seed:
            message = f"the seed is {now.seed}, and the run was begun with {self.seed}"
            problems.append(Problem(message, path=("random_seed",), hint="set it back"))
        for stream in sorted(self.data.keys() | now.data.keys()):
            if self.data.get(stream) != now.data.get(stream):
                hint = "restore its file, or start a run of its own"
                problems.append(
                    Problem(f"the data of {stream} are not those of the run", ("data",), hint=hint)
                )
        if self.code != now.code:
            hint = (
                "the sources of the engine, of containers or of own components and definitions, or "
                "the versions of Python or numpy have changed: install what it was begun with"
            )
            problems.append(Problem("the installed code is not that of the run", hint=hint))
        return problems


def identity_of(
    document: Mapping[str, Any],
    *,
    markets: Iterable[MarketData],
    sources: Iterable[Source],
    seed: int,
) -> Identity:
    """Take the digests of what a run depends on.

    Args:
        document: The resolved configuration as plain data.
        markets: Data that are known beforehand.
        sources: What computes, beside the versions of Python and numpy.
        seed: The random seed.

    Raises:
        OSError: A source cannot be read.
    """
    data: dict[str, str] = {}
    for market in markets:
        for (symbol, timeframe), bars in market.items():
            stream, digest = f"{symbol}_{timeframe}", _bars_digest(bars)
            # Branches can have other data under the name of a stream; all of them count.
            if data.setdefault(stream, digest) != digest:
                data[stream] = xxhash.xxh3_128_hexdigest((data[stream] + digest).encode())
    return Identity(_document_digest(document), data, _code_digest(sources), str(seed))


def phase_identity(document: Mapping[str, Any], market: MarketData) -> str:
    """Give the digest of what one phase depends on beside the code: its configuration and data."""
    state = xxhash.xxh3_128(_document_digest(document).encode())
    state.update(str(document.get("random_seed")).encode())
    for (symbol, timeframe), bars in market.items():
        state.update(f"{symbol}_{timeframe} {_bars_digest(bars)} ".encode())
    return state.hexdigest()


def _document_digest(document: Mapping[str, Any]) -> str:
    """Keep the order of mappings: that of a parameter space decides which combination is which."""
    kept = _without_places({k: v for k, v in document.items() if k != "random_seed"})
    overrides = kept.get("phases") or {}
    kept["phases"] = {name: _without_places(override) for name, override in overrides.items()}
    return xxhash.xxh3_128_hexdigest(json.dumps(kept, allow_nan=False, default=dict).encode())


def _without_places(config: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out where things lie; ``disk`` and ``hybrid`` may take turns as well."""
    kept = dict(config)
    for section, left_out in (("data", ("data_dir",)), ("results", ("directory", "storage"))):
        if isinstance(kept.get(section), Mapping):
            kept[section] = {k: v for k, v in kept[section].items() if k not in left_out}
    return kept


def _bars_digest(bars: Bars) -> str:
    state = xxhash.xxh3_128()
    for name in _COLUMNS:
        state.update(np.ascontiguousarray(getattr(bars, name)).view(np.uint8).data)
    return state.hexdigest()


def _code_digest(sources: Iterable[Source]) -> str:
    versions = f"python {platform.python_version()} numpy {np.__version__}\n"
    state = xxhash.xxh3_128(versions.encode())
    for digest in sorted({_file_digest(file) for source in sources for file in _files(source)}):
        state.update(digest.encode())
    return state.hexdigest()


def _file_digest(file: Path) -> str:
    """Count name and content of a file: where it lies decides nothing."""
    content = file.read_bytes()
    return xxhash.xxh3_128_hexdigest(file.name.encode() + b"\n" + content)


def _files(source: Source) -> Iterator[Path]:
    """Find the files of a source; what is built in, or was written at a prompt, has none."""
    if isinstance(source, ModuleType):
        if hasattr(source, "__path__"):
            for folder in source.__path__:
                yield from _files(Path(folder))
            return
        if not getattr(source, "__file__", None):
            return
        source = Path(str(source.__file__))
    elif isinstance(source, type):
        try:
            source = Path(inspect.getfile(source))
        except (TypeError, OSError):
            return
    if source.is_dir():
        for file in sorted(source.rglob("*")):
            if file.suffix in _ENDINGS and file.is_file():
                yield file
    elif source.is_file():
        yield source
