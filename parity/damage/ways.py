"""Ways in which the content of a stored file can be damaged."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

__all__ = ["CARD_WAYS", "WAYS", "Way"]

Way: TypeAlias = Callable[[bytes], bytes]
"""From what a file held to what it holds."""


def _flipped(place: float) -> Way:
    def flip(content: bytes) -> bytes:
        index = min(int(len(content) * place), len(content) - 1)
        return content[:index] + bytes([content[index] ^ 0x10]) + content[index + 1 :]

    return flip


WAYS: Final[Mapping[str, Way]] = {
    "emptied": lambda content: b"",
    "cut in the middle": lambda content: content[: len(content) // 2],
    "cut at the end": lambda content: content[:-1],
    "changed at its begin": _flipped(0.0),
    "changed in the middle": _flipped(0.5),
    "changed at its end": _flipped(1.0),
    "gone on with": lambda content: content + b"something else, and more of it than fits in a head",
    "of zeros": lambda content: bytes(len(content)),
    "somebody else's": lambda content: b"%PDF-1.7 of somebody else\n" * 9,
    "another document": lambda content: b'{"schema": "another/1"}\n',
    "of another format": lambda content: content.replace(b"/1", b"/9", 1),
}
"""Of any file."""


def _with(*path: str, value: Any) -> Way:
    """Give another value to one place of a JSON document; `...` takes the place away."""

    def change(content: bytes) -> bytes:
        document = json.loads(content)
        node = document
        for key in path[:-1]:
            node = node[key]
        if value is ...:
            del node[path[-1]]
        else:
            node[path[-1]] = value
        return json.dumps(document).encode()

    return change


def _all_other(content: bytes) -> bytes:
    document = json.loads(content)
    document["engine"] = document["workflow"] = "another"
    document["identity"] = {
        "configuration": "0", "data": {"ONE_1d": "0"}, "code": "0", "seed": "7",
    }  # fmt: skip
    return json.dumps(document).encode()


_VALUES: Final[Mapping[tuple[str, ...], tuple[Any, ...]]] = {
    ("schema",): ("paritykit/run-card/0", "paritykit/run-card/2", None, ...),
    ("engine",): ("another", 1, ...),
    ("workflow",): ("another",),
    ("storage",): ("memory", "hybrid", "tape"),
    ("state",): ("finished", "failed", "other", ...),
    ("identity",): (None, ...),
    ("identity", "configuration"): ("0", "g"),
    ("identity", "data"): ({},),
    ("identity", "data", "AAA_1d"): ("0", "g", ...),
    ("identity", "data", "ZZZ_1d"): ("0",),
    ("identity", "code"): ("0", "g"),
    ("identity", "seed"): ("1", "", 0),
    ("more",): (True,),
}


def _name(path: tuple[str, ...], value: Any) -> str:
    return f"{'.'.join(path)} {'left out' if value is ... else json.dumps(value)}"


CARD_WAYS: Final[Mapping[str, Way]] = {
    **{_name(path, v): _with(*path, value=v) for path, values in _VALUES.items() for v in values},
    "a list": lambda content: b"[" + content + b"]",
    "all other": _all_other,
}
"""Of ``run.json``, which is a JSON document."""
