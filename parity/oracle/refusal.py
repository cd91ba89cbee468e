"""How the oracle says that a configuration is beyond it."""

from __future__ import annotations

__all__ = ["CannotExpress"]


class CannotExpress(Exception):  # noqa: N818 - an answer, not an error: "ask somebody else"
    """The oracle does not cover this configuration; nothing has been computed.

    Attributes:
        reason: What it is that the oracle does not cover, in one sentence without a full stop.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)
