"""The shipped sequences, by name, and what a sequence is."""

from collections.abc import Mapping
from typing import Final

from imperative.sequences.base import Conclusion, Iteration, Iterations, LastOne, PhaseSequence
from imperative.sequences.k_fold import KFold
from imperative.sequences.monte_carlo import MonteCarlo
from imperative.sequences.parameter_sweep import ParameterSweep
from imperative.sequences.scope import Scope, Span
from imperative.sequences.single_pass import SinglePass
from imperative.sequences.train_test import InSample, OutOfSample, TrainTest
from imperative.sequences.walk_forward import WalkForward

__all__ = [
    "SEQUENCES",
    "Conclusion",
    "InSample",
    "Iteration",
    "Iterations",
    "KFold",
    "LastOne",
    "MonteCarlo",
    "OutOfSample",
    "ParameterSweep",
    "PhaseSequence",
    "Scope",
    "SinglePass",
    "Span",
    "TrainTest",
    "WalkForward",
]

_SHIPPED: Final[tuple[type[PhaseSequence], ...]] = (
    SinglePass,
    InSample,
    OutOfSample,
    TrainTest,
    WalkForward,
    KFold,
    ParameterSweep,
    MonteCarlo,
)
SEQUENCES: Final[Mapping[str, type[PhaseSequence]]] = {cls.name: cls for cls in _SHIPPED}
