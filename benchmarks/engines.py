"""Both engines with workflows of one phase, and the study that they run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from declarative import DeclarativeWorkflowManager
from imperative import Coordinator, Phase, Workflow

__all__ = ["SEQUENCES", "makers", "study"]

SEQUENCES: Final = ("parameter_sweep", "monte_carlo")


def makers(folder: Path) -> dict[str, Callable[..., Any]]:
    """Give what makes each engine, by its name; patterns are written into ``folder``."""
    return {"imperative": _imperative, "declarative": lambda **o: _declarative(folder, **o)}


def study(folder: Path, symbol: str, sequence: str, iterations: int, **keys: Any) -> dict[str, Any]:
    """Give a study of units of 60 bars, unless ``keys`` say otherwise.

    They are short, so that what is beyond the units shows.
    """
    return {
        "workflow": f"only_{sequence}",
        "data": {"data_dir": str(folder), "end_date": "1999-03-31"},
        "symbols": [symbol],
        "strategies": [{"type": "momentum", "name": "m"}],
        "trace_level": "none",
        "parameter_space": {
            "m.fast_period": list(range(1, 1 + iterations // 20)),
            "m.slow_period": list(range(20, 40)),
        },
        "monte_carlo": {"iterations": iterations},
        **keys,
    }


def _workflow(sequence: str) -> type[Workflow]:
    class Only(Workflow):
        name = f"only_{sequence}"

        def get_phases(self, config: Mapping[str, Any]) -> tuple[Phase, ...]:
            return (Phase(name="study", topology="backtest", sequence=sequence),)

    return Only


def _imperative(**options: Any) -> Coordinator:
    workflows = {f"only_{sequence}": _workflow(sequence) for sequence in SEQUENCES}
    return Coordinator(workflows=workflows, **options)


def _declarative(folder: Path, **options: Any) -> DeclarativeWorkflowManager:
    for sequence in SEQUENCES:
        (folder / f"only_{sequence}.yaml").write_text(
            f"kind: workflow\nname: only_{sequence}\n"
            f"phases: [{{name: study, topology: backtest, sequence: {sequence}}}]\n"
        )
    return DeclarativeWorkflowManager(patterns=folder, **options)
