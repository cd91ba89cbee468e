"""The JSON Schemas of the documents that commands give, made of the classes that are filled.

A document always has all of its keys. Within one version of a schema, which its name ends with,
keys can be added; none goes away and none changes its meaning.
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
    "list": "parity.reporting.listing:ListDocument",
    "plan": "parity.reporting.plan:PlanDocument",
    "run": "containers.results:WorkflowResult",
    "runs": "parity.reporting.runs:RunsDocument",
    "runs-remove": "parity.reporting.runs:RemovalDocument",
    "runs-show": "parity.reporting.runs:ShownRunDocument",
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
    """Say of a schema that all keys are always there, and leave out what stands for absent ones."""
    if isinstance(node, list):
        return [_as_written(item) for item in node]
    if not isinstance(node, dict):
        return node
    written: dict[str, Any] = {}
    for key, value in node.items():
        if key == "properties":
            written[key] = {name: _as_written(each) for name, each in value.items()}
            written["required"] = list(value)
        elif key not in ("default", "required"):
            written[key] = _as_written(value)
    return written
