"""Mistakes in reading what the user wrote: defaults, precedence, merging, references."""

from __future__ import annotations

from typing import Final

from parity.faults.catalogue.writing import fault
from parity.faults.fault import Fault
from parity.faults.scenarios import PHASE_OVERRIDE, RULES_OFF, SIMPLE, TWO_STRATEGIES, TWO_SYMBOLS

__all__ = ["FAULTS"]

FAULTS: Final[tuple[Fault, ...]] = (
    fault(
        "X01-imperative",
        "the user's word comes before his word for the phase",
        PHASE_OVERRIDE,
        "config",
        ("imperative/resolving.py", "            overrides.get(phase.name, {}),\n", ""),
    ),
    fault(
        "F20-imperative",
        "a shallow merge where a deep one is due",
        TWO_SYMBOLS,
        "status",
        ("imperative/defaults.py", "merged[key] = merge(below, value)", "merged[key] = value"),
    ),
    fault(
        "F21-imperative-default",
        "another default",
        SIMPLE,
        "config",
        ("imperative/defaults.py", '"on_bad_bar": "error"', '"on_bad_bar": "drop"'),
    ),
    fault(
        "F21-imperative-null",
        "an explicit null is replaced by the default",
        RULES_OFF,
        "config",
        (
            "imperative/defaults.py",
            "for key, value in defaults.items() if key not in item}",
            "for key, value in defaults.items() if item.get(key) is None}",
        ),
    ),
    fault(
        "F21-declarative-cap",
        "a preset is not capped by the number of symbols",
        TWO_STRATEGIES,
        "config",
        (
            "declarative/resolution.py",
            "size = min(float(size), 1 / max(symbols, 1))",
            "size = max(float(size), 1 / max(symbols, 1))",
        ),
    ),
)
