"""Components that fail when a file says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from containers.components import Components, Momentum, default_components
from containers.container import Container, Role
from containers.trading import ExecutionContainer

__all__ = ["BrokenError", "TooFastError", "sometimes", "when_fast"]


class BrokenError(RuntimeError):
    """What they raise."""


def sometimes(marker: Path, at: int) -> Components:
    """Give components of which the ``at``-th unit fails, while the file ``marker`` counts units."""

    class Sometimes(ExecutionContainer):
        def on_start(self) -> None:
            super().on_start()
            if marker.exists():
                count = int(marker.read_text()) + 1
                marker.write_text(str(count))
                if count == at:
                    raise BrokenError(f"unit {count}")

    made: dict[str, type[Container]] = {Role.EXECUTION.value: Sometimes}
    return msgspec.structs.replace(default_components(), containers=made)


class TooFastError(RuntimeError):
    """What a strategy raises that does not like its parameter."""


class Choosy(Momentum, frozen=True):
    """Momentum that raises at its first step when its fast period is 3."""

    def decide(self, *arguments: Any, **others: Any) -> Any:
        """Raise, or do what momentum does."""
        if self.fast_period == 3:
            raise TooFastError(f"fast_period {self.fast_period}")
        return super().decide(*arguments, **others)


def when_fast() -> Components:
    """Give components of which momentum fails with a fast period of 3."""
    shipped = default_components()
    return msgspec.structs.replace(shipped, strategies={**shipped.strategies, "momentum": Choosy})
