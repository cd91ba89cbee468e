"""The config hash: what a run computes, apart from where things lie and what is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import xxhash

__all__ = ["canonical", "config_digest"]

_LEFT_OUT: Final = frozenset(("results", "trace", "trace_level"))


def canonical(data: object) -> bytes:
    """Write plain data as JSON with sorted keys; lists keep their order, floats all their bits.

    Different types give different bytes: 5, 5.0, "5" and true.

    >>> canonical({"b": [5, 5.0, "5"], "a": None})
    b'{"a":null,"b":[5,5.0,"5"]}'

    Raises:
        TypeError: Something in it is not plain data.
        ValueError: A number in it is not finite.
    """
    text = json.dumps(
        data,
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
        default=_mapping,
    )
    return text.encode("utf-8")


def config_digest(resolved: Mapping[str, Any]) -> str:
    """Give the config hash of a resolved configuration, 32 hexadecimal digits (XXH3, 128 bits).

    Left out, also in the overrides of phases: ``data.data_dir``, ``results``, ``trace`` and
    ``trace_level``. Overrides that hold nothing else are as if they weren't there.

    Args:
        resolved: Plain data, as it went into `validate_resolved`.
    """
    kept = _kept(resolved)
    phases = {name: _kept(override) for name, override in resolved.get("phases", {}).items()}
    kept["phases"] = {name: override for name, override in phases.items() if override}
    return xxhash.xxh3_128_hexdigest(canonical(kept))


def _kept(config: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in config.items() if key not in _LEFT_OUT}
    if "data" in kept:
        kept["data"] = {key: value for key, value in kept["data"].items() if key != "data_dir"}
        if not kept["data"]:
            del kept["data"]
    return kept


def _mapping(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a configuration holds {type(value).__name__}, which is not plain data")
