"""Which components exist, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from containers.components.classifiers import Trend, Volatility
from containers.components.ensemble import Ensemble
from containers.components.interfaces import Classifier, Combiner, Strategy
from containers.components.profiles import PRESETS, Preset
from containers.components.strategies import (
    Breakout,
    BuyAndHold,
    MeanReversion,
    Momentum,
    RateOfChange,
    RelativeStrength,
)

__all__ = ["Components", "default_components"]


class Components(msgspec.Struct, frozen=True):
    """The components a run may use, each mapping from type name to what it names.

    Attributes:
        strategies: Strategy classes; their constructors take their parameters by keyword.
        classifiers: Classifier classes; their constructors take a `UnitContext` first, then their
            parameters by keyword.
        profiles: Risk presets.
        containers: Container classes by role that replace the shipped ones; for tests of faults
            and for users who bring their own.
    """

    strategies: Mapping[str, type[Strategy] | type[Combiner]]
    classifiers: Mapping[str, type[Classifier]]
    profiles: Mapping[str, Preset]
    containers: Mapping[str, Any] = {}


def default_components() -> Components:
    """Give the shipped components, in the order of the documents.

    >>> list(default_components().strategies)[:3]
    ['momentum', 'mean_reversion', 'rsi']
    >>> list(default_components().classifiers)
    ['trend', 'volatility']
    """
    strategies: tuple[type[Strategy] | type[Combiner], ...] = (
        Momentum,
        MeanReversion,
        RelativeStrength,
        Breakout,
        RateOfChange,
        BuyAndHold,
        Ensemble,
    )
    classifiers: tuple[type[Classifier], ...] = (Trend, Volatility)
    return Components(
        strategies={cls.type_name: cls for cls in strategies},
        classifiers={cls.type_name: cls for cls in classifiers},
        profiles=PRESETS,
    )
