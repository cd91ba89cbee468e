"""Stored runs that are damaged, workers that die: the same results, or the message that is due.

1. `parity.damage.check` says which parts there are, and holds each against what was approved.
2. `parity.damage.stored_study` runs a small study, damages its folder and takes it up again;
   `ways`, `frames`, `stored_files`, `left_folders` and `other_runs` are what can become of it.
3. `parity.damage.stored_traces` and `kept_traces` turn made events into columns and files and back.
4. `parity.damage.workers` and `fates` let units raise, die and hang.
5. `parity.damage.misuse` uses bars, lifecycles, outputs and files as no engine does.
"""

from __future__ import annotations

from parity.damage.check import MISUSED, PARTS, Damage

__all__ = ["MISUSED", "PARTS", "Damage"]
