"""Everything `parity` raises on purpose.

ParityError
├── UsageError       the harness was asked for something it can't do; exit code 2
└── SubjectError     a subject broke its side of the bargain; exit code 1
    ├── SubjectTimeoutError   it did not come to its end in time
    ├── SubjectMemoryError    it used more memory than it may
    └── SubjectCrashError     its process ended without an answer
"""

from __future__ import annotations

__all__ = [
    "ParityError",
    "SubjectCrashError",
    "SubjectError",
    "SubjectMemoryError",
    "SubjectTimeoutError",
    "UsageError",
]


class ParityError(Exception):
    """Base of all errors this package raises on purpose."""


class UsageError(ParityError):
    """What was asked for does not exist or does not fit together; nothing was run."""


class SubjectError(ParityError):
    """A subject gave something that is not a record of a run, or did not do as it was told."""


class SubjectTimeoutError(SubjectError):
    """A subject in a process of its own took longer than it may, and was ended."""


class SubjectMemoryError(SubjectError):
    """A subject in a process of its own used more memory than it may, and was ended."""


class SubjectCrashError(SubjectError):
    """The process of a subject ended, by a signal or by leaving, before it gave its record."""
