"""Approved results: small files that say what a configuration must give.

`approve` makes them of runs, `check` holds one engine against them after the other is retired.
"""

from parity.baselines.approving import Approval, Approved, Standing, approve
from parity.baselines.checking import Check, Checked, check, configurations
from parity.baselines.layout import SCHEMA, Baseline, parse, render
from parity.baselines.store import BaselineFolder

__all__ = [
    "SCHEMA",
    "Approval",
    "Approved",
    "Baseline",
    "BaselineFolder",
    "Check",
    "Checked",
    "Standing",
    "approve",
    "check",
    "configurations",
    "parse",
    "render",
]
