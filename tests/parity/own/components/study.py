"""A strategy, a classifier and a workflow of a user's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from containers.components import (
    FLAT,
    LONG,
    SHORT,
    Decision,
    Parameter,
    Sma,
    UnitContext,
    integer,
)
from imperative.workflow import Phase, Ref, Workflow
from imperative.workflow import Sequence as Nested


class Reversal:
    """Against the average."""

    type_name: ClassVar[str] = "reversal"
    parameters: ClassVar[Mapping[str, Parameter]] = {"period": integer(5, minimum=1)}

    def __init__(self, period: int) -> None:
        self.period = period
        self.indicators = (Sma(period),)

    def decide(self, last: Decision, close: float, values: Sequence[float | None]) -> Decision:
        """Go short above the average, long below it."""
        (average,) = values
        if average is None:
            return FLAT
        return SHORT if close > average else LONG


class Side:
    """Above or below the average."""

    type_name: ClassVar[str] = "side"
    parameters: ClassVar[Mapping[str, Parameter]] = {"period": integer(5, minimum=1)}

    def __init__(self, context: UnitContext, period: int) -> None:
        self.period = period
        self.indicators = (Sma(period),)

    def classify(self, last: str | None, close: float, values: Sequence[float | None]) -> str | None:
        """Name the side of the average."""
        (average,) = values
        if average is None:
            return last
        return "above" if close > average else "below"


class Study(Workflow):
    """Every kind of unit in one workflow."""

    name: ClassVar[str] = "study"

    def get_phases(self, config: Mapping[str, Any]) -> Sequence[Phase]:
        """Give the phases."""
        return (
            Phase(
                name="noise",
                topology="backtest",
                sequence=Nested("monte_carlo", body="walk_forward"),
                config={"monte_carlo": {"iterations": 2}},
            ),
            Phase(
                name="bootstrap",
                topology="backtest",
                sequence="monte_carlo",
                config={"monte_carlo": {"iterations": 3, "method": "block_bootstrap"}},
            ),
            Phase(name="folds", topology="backtest", sequence="k_fold"),
            Phase(name="beside", topology="optimization", sequence="train_test"),
            Phase(name="signals", topology="signal_generation", sequence="out_of_sample"),
            Phase(
                name="replay",
                topology="signal_replay",
                sequence="out_of_sample",
                config={"parameter_space": {}},
                depends_on="signals",
                inputs={"signals": Ref("signals.signals")},
            ),
            Phase(
                name="labels",
                topology="analysis",
                sequence="single_pass",
                depends_on="folds",
                inputs={"result": Ref("folds")},
            ),
        )
