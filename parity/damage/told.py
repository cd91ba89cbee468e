"""What the parts of this package give: what came of everything that was done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

__all__ = ["Outcomes", "Part"]

Outcomes: TypeAlias = dict[str, dict[str, str]]
"""For each file, or kind of thing, and each way what came of it."""

Part: TypeAlias = Callable[[Path, Path], Outcomes]
"""From the home of the study and an empty folder."""
