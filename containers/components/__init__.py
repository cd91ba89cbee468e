"""Trading components: pure steps that containers host, and the registry that finds them by name."""

from containers.components.averages import Sma, Std
from containers.components.changes import Highest, Lowest, ReturnStd, Roc
from containers.components.classifiers import Trend, Volatility
from containers.components.ensemble import Ensemble
from containers.components.interfaces import (
    FLAT,
    LONG,
    SHORT,
    ArrayIndicator,
    Classifier,
    Combiner,
    Decision,
    Indicator,
    Strategy,
    UnitContext,
    hears_others,
    members_of,
    takes_blocks,
)
from containers.components.parameters import Parameter, integer, members, number
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
    "Classifier",
    "Combiner",
    "Components",
    "Decision",
    "Ema",
    "Ensemble",
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
    "Trend",
    "UnitContext",
    "Volatility",
    "default_components",
    "hears_others",
    "integer",
    "members",
    "members_of",
    "number",
    "takes_blocks",
]
