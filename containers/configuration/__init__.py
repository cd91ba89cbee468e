"""The user configuration: reading it, checking it, and its typed, frozen form.

Both engines take the same configuration. Here are its keys, types, ranges and rules; which
defaults apply and what overrides what is written in each engine.
"""

from containers.configuration.digest import canonical, config_digest
from containers.configuration.names import METRIC_NAMES
from containers.configuration.reading import UserInput, read_user
from containers.configuration.schema import json_schema
from containers.configuration.settings import (
    ClassifierSettings,
    Configuration,
    Constraint,
    DataSettings,
    ExecutionSettings,
    KFoldSettings,
    MetricsSettings,
    MonteCarloSettings,
    ObjectiveSettings,
    Operator,
    ParameterRange,
    ParameterSweepSettings,
    PortfolioSettings,
    RandomSampling,
    ResultsSettings,
    RiskSettings,
    StrategySettings,
    SymbolSettings,
    TraceSettings,
    TrainTestSettings,
    WalkForwardSettings,
)
from containers.configuration.space import SpaceKey, space_of
from containers.configuration.unknown import unknown_phases, unknown_workflow
from containers.configuration.validation import (
    Locate,
    nowhere,
    validate_partial,
    validate_resolved,
)

__all__ = [
    "METRIC_NAMES",
    "ClassifierSettings",
    "Configuration",
    "Constraint",
    "DataSettings",
    "ExecutionSettings",
    "KFoldSettings",
    "Locate",
    "MetricsSettings",
    "MonteCarloSettings",
    "ObjectiveSettings",
    "Operator",
    "ParameterRange",
    "ParameterSweepSettings",
    "PortfolioSettings",
    "RandomSampling",
    "ResultsSettings",
    "RiskSettings",
    "SpaceKey",
    "StrategySettings",
    "SymbolSettings",
    "TraceSettings",
    "TrainTestSettings",
    "UserInput",
    "WalkForwardSettings",
    "canonical",
    "config_digest",
    "json_schema",
    "nowhere",
    "read_user",
    "space_of",
    "unknown_phases",
    "unknown_workflow",
    "validate_partial",
    "validate_resolved",
]
