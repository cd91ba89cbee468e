"""Faults: mistakes of the kind that real engines had, put in on purpose, and what sees them."""

from parity.faults.bars import Bars
from parity.faults.fault import Edit, Fault, Outcome, Scenario
from parity.faults.running import run_faults

__all__ = ["Bars", "Edit", "Fault", "Outcome", "Scenario", "run_faults"]
