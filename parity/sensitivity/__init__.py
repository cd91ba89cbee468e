"""What a verdict is worth: the share of mistakes that it sees."""

from parity.sensitivity.interval import wilson

__all__ = ["wilson"]
