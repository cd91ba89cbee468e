"""Make signals once, then trade them from storage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from imperative.workflow import Phase, Ref, Workflow

__all__ = ["SignalGenerationAndReplay"]


class SignalGenerationAndReplay(Workflow):
    """Two phases: ``generate``, and ``replay`` of what it gave."""

    name: ClassVar[str] = "signal_generation_and_replay"

    def get_phases(self, config: Mapping[str, Any]) -> Sequence[Phase]:
        """Give the two phases, whatever the configuration."""
        return [
            Phase(name="generate", topology="signal_generation", sequence="single_pass"),
            Phase(
                name="replay",
                topology="signal_replay",
                sequence="single_pass",
                inputs={"signals": Ref("generate.signals")},
                depends_on="generate",
            ),
        ]
