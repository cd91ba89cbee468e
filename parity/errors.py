"""Everything `parity` raises on purpose.

ParityError
├── UsageError       the harness was asked for something it can't do; exit code 2
└── SubjectError     a subject broke its side of the bargain; exit code 1
"""

from __future__ import annotations

__all__ = ["ParityError", "SubjectError", "UsageError"]


class ParityError(Exception):
    """Base of all errors this package raises on purpose."""


class UsageError(ParityError):
    """What was asked for does not exist or does not fit together; nothing was run."""


class SubjectError(ParityError):
    """A subject gave something that is not a record of a run, or did not do as it was told."""
