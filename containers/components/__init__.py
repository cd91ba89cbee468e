"""Trading components: pure steps that containers host, and the registry that finds them by name."""

from containers.components.indicators import Indicator, Sma, Std
from containers.components.parameters import Parameter, integer, number
from containers.components.profiles import PRESETS, Preset
from containers.components.registry import Components, default_components
from containers.components.strategies import (
    BuyAndHold,
    Decision,
    MeanReversion,
    Momentum,
    Strategy,
)

__all__ = [
    "PRESETS",
    "BuyAndHold",
    "Components",
    "Decision",
    "Indicator",
    "MeanReversion",
    "Momentum",
    "Parameter",
    "Preset",
    "Sma",
    "Std",
    "Strategy",
    "default_components",
    "integer",
    "number",
]
