"""Pieces of topologies behind the signals: portfolios, what guards them, and execution."""

from __future__ import annotations

from collections.abc import Mapping

from containers.configuration import Configuration, RiskSettings, StrategySettings
from containers.container import Role
from containers.events import EventKind
from containers.ports import TRADING
from containers.trading import (
    Costs,
    ExecutionContainer,
    FillModel,
    PortfolioContainer,
    RiskContainer,
    RiskLimits,
    Sizing,
)
from imperative.topologies.base import Plot, PortfolioOrigin
from imperative.topologies.streams import base_streams, container_class

__all__ = ["Trading"]


class Trading:
    """Attaches and connects a portfolio for every strategy under every profile.

    Args:
        plot: What there is to build with.
        configuration: Whose strategies and profiles are meant.
    """

    def __init__(self, plot: Plot, configuration: Configuration) -> None:
        self._plot = plot
        self._configuration = configuration
        self._pairs: dict[str, tuple[StrategySettings, RiskSettings]] = {
            f"{strategy.name}.{profile.name}": (strategy, profile)
            for strategy in configuration.strategies
            for profile in configuration.risk_profiles
        }
        self._portfolios: dict[str, PortfolioContainer] = {}

    def add(self) -> Mapping[str, PortfolioOrigin]:
        """Attach and connect everything; answer the portfolios by id, in order."""
        self._add_portfolios()
        self._add_risks()
        self._add_execution()
        self._connect()
        return {
            portfolio: PortfolioOrigin(
                container=f"portfolio/{portfolio}",
                strategy=strategy.name,
                profile=profile.name,
                parameters=dict(strategy.parameters),
            )
            for portfolio, (strategy, profile) in self._pairs.items()
        }

    def _add_portfolios(self) -> None:
        plot, folder = self._plot, self._plot.folder
        make = container_class(plot, Role.PORTFOLIO, PortfolioContainer)
        settings = self._configuration.portfolio
        base_timeframes = dict(base_streams(plot))
        for portfolio, (_, profile) in self._pairs.items():
            container = make(
                f"portfolio/{portfolio}",
                portfolio=portfolio,
                base_timeframes=base_timeframes,
                initial_capital=settings.initial_capital,
                sizing=Sizing(
                    max_position_size=profile.max_position_size,
                    fixed_quantity=profile.fixed_quantity,
                    fractional=settings.fractional,
                    lot_size=settings.lot_size,
                    allow_short=settings.allow_short,
                ),
                stop_loss=profile.stop_loss,
                periods_per_year=plot.periods_per_year,
                files=None if folder is None else folder.portfolio_files(portfolio),
            )
            self._portfolios[portfolio] = container
            plot.bus.attach(container)

    def _add_risks(self) -> None:
        plot = self._plot
        make = container_class(plot, Role.RISK, RiskContainer)
        settings = self._configuration.portfolio
        for portfolio, (_, profile) in self._pairs.items():
            plot.bus.attach(
                make(
                    f"risk/{portfolio}",
                    portfolio=portfolio,
                    account=self._portfolios[portfolio].account,
                    symbols=plot.market.symbols,
                    limits=RiskLimits(
                        max_leverage=profile.max_leverage,
                        max_drawdown=profile.max_drawdown,
                        drawdown_cooldown_bars=profile.drawdown_cooldown_bars,
                    ),
                    initial_capital=settings.initial_capital,
                    fractional=settings.fractional,
                    lot_size=settings.lot_size,
                )
            )

    def _add_execution(self) -> None:
        plot, settings = self._plot, self._configuration.execution
        make = container_class(plot, Role.EXECUTION, ExecutionContainer)
        plot.bus.attach(
            make(
                "execution",
                accounts={name: held.account for name, held in self._portfolios.items()},
                last_bars=plot.cut.last_bars,
                fill=FillModel(settings.fill),
                costs=Costs(
                    slippage_bps=settings.slippage_bps,
                    commission_bps=settings.commission_bps,
                    commission_per_share=settings.commission_per_share,
                    commission_fixed=settings.commission_fixed,
                    commission_minimum=settings.commission_minimum,
                ),
                close_at_end=settings.close_at_end,
            )
        )

    def _connect(self) -> None:
        connect = self._plot.bus.connect
        for symbol, timeframe in self._plot.market:
            for portfolio in self._pairs:
                data = f"data/{symbol}/{timeframe}"
                connect(EventKind.BAR, data, f"portfolio/{portfolio}", topic=TRADING)
        for symbol, timeframe in base_streams(self._plot):
            connect(EventKind.BAR, f"data/{symbol}/{timeframe}", "execution", topic=TRADING)
        for portfolio, (strategy, _) in self._pairs.items():
            name, risk = f"portfolio/{portfolio}", f"risk/{portfolio}"
            connect(EventKind.SIGNAL, f"strategy/{strategy.name}", name)
            connect(EventKind.ORDER_REQUEST, name, risk)
            connect(EventKind.PORTFOLIO_UPDATE, name, risk)
            connect(EventKind.ORDER, risk, name)
            connect(EventKind.ORDER, risk, "execution")
            connect(EventKind.FILL, "execution", name, topic=portfolio)
            connect(EventKind.CANCELLATION, "execution", name, topic=portfolio)
