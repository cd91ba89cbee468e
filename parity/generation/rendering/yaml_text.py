"""Plain values as YAML that people like to read: blocks outside, short things on one line.

Text stands bare where nobody can take it for anything else, and else in double quotes, as in JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

__all__ = ["yaml_text"]

_BARE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
_WORDS: Final = frozenset({"true", "false", "null"})
_WIDTH: Final = 96


def yaml_text(value: Mapping[str, Any]) -> str:
    r"""Write a mapping as a YAML document.

    >>> yaml_text({"name": "a", "when": [{"x": 1.5}, "on", True], "none": {}})
    'name: a\nwhen: [{x: 1.5}, on, true]\nnone: {}\n'
    """
    return "\n".join(_block(value, "")) + "\n"


def _block(value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            head = f"{indent}{_scalar(key)}:"
            flat = _flow(item)
            if _is_short(item, flat, head):
                yield f"{head} {flat}"
            else:
                yield head
                yield from _block(item, f"{indent}  ")
    else:
        for item in value:
            flat = _flow(item)
            if _is_short(item, flat, f"{indent}-"):
                yield f"{indent}- {flat}"
            else:
                first, *rest = _block(item, f"{indent}  ")
                yield f"{indent}- {first.lstrip()}"
                yield from rest


def _is_short(item: Any, flat: str, head: str) -> bool:
    if not isinstance(item, Mapping | list | tuple) or not item:
        return True
    return len(head) + len(flat) < _WIDTH


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        inside = ", ".join(f"{_scalar(key)}: {_flow(item)}" for key, item in value.items())
        return f"{{{inside}}}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(map(_flow, value))}]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        if _BARE.fullmatch(value) and value.lower() not in _WORDS:
            return value
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return ".inf" if value > 0 else "-.inf"
    if isinstance(value, float) and value != value:
        return ".nan"
    return json.dumps(value)
