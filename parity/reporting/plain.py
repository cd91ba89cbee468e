"""Documents as plain data, ready for JSON."""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = ["plain_document"]


def plain_document(document: msgspec.Struct) -> dict[str, Any]:
    """Give a document as mappings, lists, text and numbers that JSON has.

    Infinities and NaNs become text, by which they can't be mistaken for null. What a foreign
    subject recorded has its plain form; without one it stands as it shows itself.
    """
    plain: dict[str, Any] = _finite(msgspec.to_builtins(document, enc_hook=_foreign))
    return plain


def _foreign(value: object) -> object:
    tolist = getattr(value, "tolist", None)
    return repr(value) if tolist is None else tolist()


def _finite(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _finite(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_finite(value) for value in tree]
    return repr(tree) if isinstance(tree, float) and tree - tree != 0 else tree
