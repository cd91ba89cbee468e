"""The containers of a backtest, in topology order, and the arithmetic they share."""

from containers.trading.account import Account, AccountView
from containers.trading.classifier import ClassifierContainer
from containers.trading.costs import Costs
from containers.trading.data import DataContainer
from containers.trading.execution import ExecutionContainer, FillModel
from containers.trading.features import FeaturesContainer
from containers.trading.portfolio import PortfolioContainer, PortfolioReport
from containers.trading.replay import ReplayContainer
from containers.trading.risk import RiskContainer, RiskLimits
from containers.trading.sizing import Sizing
from containers.trading.strategy import StrategyContainer

__all__ = [
    "Account",
    "AccountView",
    "ClassifierContainer",
    "Costs",
    "DataContainer",
    "ExecutionContainer",
    "FeaturesContainer",
    "FillModel",
    "PortfolioContainer",
    "PortfolioReport",
    "ReplayContainer",
    "RiskContainer",
    "RiskLimits",
    "Sizing",
    "StrategyContainer",
]
