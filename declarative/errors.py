"""What this package raises on purpose, beside what `containers` raises.

ContainersError
└── ConfigurationError
    └── PatternError        a workflow, sequence, topology or defaults pattern is wrong
"""

from __future__ import annotations

from containers.errors import ConfigurationError

__all__ = ["PatternError"]


class PatternError(ConfigurationError):
    """A pattern is wrong. Every problem has a position; nothing has run or been written."""
