"""The JSON Schema of a policy file, by which editors complete and check."""

from __future__ import annotations

from typing import Any, Final

from parity.channels import Channel
from parity.policy.reading import SCHEMA
from parity.policy.rule import BOUNDS

__all__ = ["policy_schema"]

_CHANNEL: Final = {"enum": [channel.value for channel in Channel]}
_TEXT: Final = {"type": "string", "pattern": r"\S"}

_PROPERTIES: Final[dict[str, Any]] = {
    "channel": {
        "description": "Where the rule holds: a channel, a list of them, or '*' for every one.",
        "oneOf": [
            {"enum": [*_CHANNEL["enum"], "*"]},
            {"type": "array", "items": _CHANNEL, "minItems": 1, "uniqueItems": True},
        ],
    },
    "path": {
        **_TEXT,
        "description": "Glob over the paths of differences, PLACE: INSIDE. '*' is any text within "
        "a segment, '**' any number of segments.",
        "examples": ["**: sharpe_ratio", "**/unit=*/**", "**: row *.commission"],
    },
    "abs": {
        "type": "number",
        "minimum": 0,
        "description": "Largest distance of two floats, or of two integers, nanoseconds among "
        "them, which are compared exactly.",
    },
    "rel": {
        "type": "number",
        "minimum": 0,
        "description": "Largest distance of two floats as a share of the control's value.",
    },
    "ulp": {
        "type": "integer",
        "minimum": 0,
        "description": "Most doubles that lie between two floats.",
    },
    "nan_equal": {"const": True, "description": "A NaN equals any other NaN."},
    "ignore": {
        "const": True,
        "description": "What differs, is missing or extra there does not count, nor does what is "
        "equal.",
    },
    "unordered": {
        "const": True,
        "description": "The order of the list at the path has no meaning: it is compared as a "
        "multiset, in which types count.",
    },
    "comparator": {
        **_TEXT,
        "description": "Name of an entry point of the group parity.comparators, which decides.",
    },
    "reason": {**_TEXT, "description": "Why the rule is there."},
    "owner": {**_TEXT, "description": "Whose the rule is."},
    "expires": {
        "type": "string",
        "format": "date",
        "pattern": r"^\d{4}-\d{2}-\d{2}$",
        "description": "The last day on which the rule holds; after it, the run fails.",
    },
}

_ALONE: Final = ("ignore", "unordered", "comparator")


def policy_schema() -> dict[str, Any]:
    """Give the JSON Schema (2020-12) of a policy file."""
    bounds = {"anyOf": [{"required": [key]} for key in BOUNDS]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Policy of a verification",
        "type": "object",
        "additionalProperties": False,
        "required": ["schema"],
        "anyOf": [
            {"required": ["rules"], "properties": {"rules": {"minItems": 1}}},
            {"required": ["cleaners"]},
        ],
        "properties": {
            "schema": {"const": SCHEMA},
            "rules": {
                "type": "array",
                "description": "Of the rules that cover a difference, the first decides.",
                "items": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["channel", "path", "reason"],
                    "properties": _PROPERTIES,
                    "oneOf": [bounds, *({"required": [key]} for key in _ALONE)],
                },
            },
            "cleaners": {
                "type": "array",
                "description": "Names of entry points of the group parity.cleaners, which are "
                "given both sides of every channel before these are compared.",
                "items": _TEXT,
                "minItems": 1,
                "uniqueItems": True,
            },
        },
    }
