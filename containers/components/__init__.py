"""Trading components: pure steps that containers host, and the registry that finds them by name."""

from containers.components.averages import Sma, Std
from containers.components.changes import Highest, Lowest, ReturnStd, Roc
from containers.components.interfaces import (
    FLAT,
    LONG,
    SHORT,
    ArrayIndicator,
    Decision,
    Indicator,
    Strategy,
)
from containers.components.parameters import Parameter, integer, number
from containers.components.profiles import PRESETS, Preset
from containers.components.registry import Components, default_components
from containers.components.smoothing import Atr, Ema, Rsi
from containers.components.strategies import (
    Breakout,
    BuyAndHold,
    MeanReversion,
    Momentum,
    RateOfChange,
    RelativeStrength,
)

__all__ = [
    "FLAT",
    "LONG",
    "PRESETS",
    "SHORT",
    "ArrayIndicator",
    "Atr",
    "Breakout",
    "BuyAndHold",
    "Components",
    "Decision",
    "Ema",
    "Highest",
    "Indicator",
    "Lowest",
    "MeanReversion",
    "Momentum",
    "Parameter",
    "Preset",
    "RateOfChange",
    "RelativeStrength",
    "ReturnStd",
    "Roc",
    "Rsi",
    "Sma",
    "Std",
    "Strategy",
    "default_components",
    "integer",
    "number",
]
