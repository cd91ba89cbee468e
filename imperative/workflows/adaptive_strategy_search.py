"""Sweep, and sweep a wider space, until the best result is good enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from containers.results import LoopIterationResult
from imperative.parameters import items_with
from imperative.values import is_number
from imperative.workflow import Branch, Output, Phase, Ref, Workflow

__all__ = ["AdaptiveStrategySearch", "widened"]

_GOOD_ENOUGH: Final = 1.0
_FACTOR: Final = 1.5


class AdaptiveStrategySearch(Workflow):
    """One phase, ``search``, again and again; what earned money is validated in a branch."""

    name: ClassVar[str] = "adaptive_strategy_search"

    def get_phases(self, config: Mapping[str, Any]) -> Sequence[Phase]:
        """Give the one phase, whatever the configuration."""
        best = Output(Ref("search.best_parameters"), "best.yaml")
        return [
            Phase(
                name="search",
                topology="backtest",
                sequence="parameter_sweep",
                outputs={"best": best},
            )
        ]

    def get_branches(
        self, result: LoopIterationResult, index: int, config: Mapping[str, Any]
    ) -> Sequence[Branch]:
        """Validate what the search found, if it earned money."""
        search = result.phase_results["search"]
        total_return = search.metrics.get("total_return")
        if total_return is None or not total_return > 0.0:
            return []
        own = config["phases"].get("search", {})
        strategies = own.get("strategies", config["strategies"])
        found = {"strategies": items_with(strategies, search.best_parameters)}
        return [Branch("confirmed", "walk_forward_validation", found)]

    def should_continue(
        self, result: LoopIterationResult, index: int, config: Mapping[str, Any]
    ) -> bool:
        """Go on while the best result is not good enough; where it is undefined, stop."""
        sharpe_ratio = result.phase_results["search"].metrics.get("sharpe_ratio")
        return sharpe_ratio is not None and sharpe_ratio < _GOOD_ENOUGH

    def modify_config_for_next(
        self, config: Mapping[str, Any], result: LoopIterationResult, index: int
    ) -> Mapping[str, Any]:
        """Widen the space on both sides."""
        space = config["parameter_space"]
        return {"parameter_space": {key: widened(space[key], _FACTOR) for key in space}}


def widened(values: Any, factor: float) -> Any:
    """Add a smaller value in front of a list of numbers, and a larger one behind it.

    Integers stay integers of at least 1; a value that is there already is not added. What is no
    list of numbers stays as it is.

    >>> widened([10, 20], 1.5), widened([1], 1.2), widened(["a"], 2.0)
    ([7, 10, 20, 30], [1], ['a'])
    """
    if not isinstance(values, list) or not values or not all(map(is_number, values)):
        return values
    ends: list[int | float] = [min(values) / factor, max(values) * factor]
    if all(isinstance(value, int) for value in values):
        ends = [max(1, round(end)) for end in ends]
    low, high = ends
    wider = values if low in values else [low, *values]
    return wider if high in wider else [*wider, high]
