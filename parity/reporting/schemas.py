"""The JSON Schemas of the documents that commands give, made of the classes that are filled.

A document always has all keys that are not marked as optional, which few are. Within one version of
a schema, which its name ends with, keys can be added; none goes away and none changes its meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

__all__ = ["DOCUMENTS", "document_schema"]

DOCUMENTS: Final[Mapping[str, str]] = {
    "approve": "parity.reporting.baselines:ApproveDocument",
    "check": "parity.reporting.baselines:CheckDocument",
    "compare": "parity.reporting.stored:CompareDocument",
    "explain": "parity.reporting.explanation:ExplainDocument",
    "features": "parity.reporting.features:FeaturesDocument",
    "fuzz": "parity.reporting.fuzz:FuzzDocument",
    "list": "parity.reporting.listing:ListDocument",
    "plan": "parity.reporting.plan:PlanDocument",
    "replay": "parity.reporting.fuzz:ReplayDocument",
    "run": "containers.results:WorkflowResult",
    "runs": "parity.reporting.runs:RunsDocument",
    "runs-remove": "parity.reporting.runs:RemovalDocument",
    "runs-show": "parity.reporting.runs:ShownRunDocument",
    "sensitivity": "parity.reporting.sensitivity:SensitivityDocument",
    "sensitivity-list": "parity.reporting.sensitivity:FaultsDocument",
    "verify": "parity.reporting.document:VerifyDocument",
}
"""Module and class of each document, by command; ``runs show`` is ``runs-show``."""

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def document_schema(kind: str) -> dict[str, Any]:
    """Give the JSON Schema of a document.

    Args:
        kind: A key of `DOCUMENTS`.
    """
    import msgspec

    module, _, name = DOCUMENTS[kind].partition(":")
    document = getattr(import_module(module), name)
    schema = msgspec.json.schema(document, schema_hook=_array)
    return {"$schema": _DIALECT, **_as_written(schema)}


def _array(kind: type) -> dict[str, Any]:
    """Give the schema of an array of numbers, which stands in a document as a list.

    Raises:
        NotImplementedError: It is something else, of which no document has a plain form.
    """
    if kind.__module__ == "numpy" and kind.__name__ == "ndarray":
        return {"type": "array", "items": {"type": "number"}}
    raise NotImplementedError(f"{kind} has no JSON Schema")


def _as_written(node: Any) -> Any:
    """Say of keys that have a default that they are there: it is written like any other value."""
    if isinstance(node, list):
        return [_as_written(item) for item in node]
    if not isinstance(node, dict):
        return node
    written: dict[str, Any] = {}
    for key, value in node.items():
        if key == "properties":
            always = node.get("required", ())
            written[key] = {name: _as_written(each) for name, each in value.items()}
            written["required"] = [n for n in value if n in always or "default" in value[n]]
        elif key not in ("default", "required"):
            written[key] = _as_written(value)
    return written
