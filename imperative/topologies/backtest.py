"""The topology `backtest`: data through features and strategies to portfolios that trade.

1. `_add_streams` attaches a data and a features container for each stream,
2. `_add_strategies` the strategies,
3. `_add_portfolios` the portfolios, `_add_risks` what guards them, `_add_execution` the one that
   fills for all;
4. `_connect` draws the routes.

The order of attaching is the topology order, on which the numbers of all events depend.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, ClassVar

from containers.components import Indicator
from containers.configuration import RiskSettings, StrategySettings
from containers.container import Role
from containers.data import StreamKey
from containers.events import EventKind
from containers.trading import (
    Costs,
    DataContainer,
    ExecutionContainer,
    FeaturesContainer,
    FillModel,
    PortfolioContainer,
    RiskContainer,
    RiskLimits,
    Sizing,
    StrategyContainer,
)
from imperative.topologies.base import Plot, PortfolioOrigin, Topology

__all__ = ["BacktestTopology"]


class BacktestTopology(Topology):
    """Every strategy under every risk profile, over all streams."""

    name: ClassVar[str] = "backtest"

    def __init__(self, plot: Plot) -> None:
        super().__init__(plot)
        configuration = plot.configuration
        self._strategies = {
            entry.name: plot.components.strategies[entry.type](**entry.parameters)
            for entry in configuration.strategies
        }
        self._pairs: dict[str, tuple[StrategySettings, RiskSettings]] = {
            f"{strategy.name}.{profile.name}": (strategy, profile)
            for strategy in configuration.strategies
            for profile in configuration.risk_profiles
        }
        self._portfolios: dict[str, PortfolioContainer] = {}

    def build(self) -> Mapping[str, PortfolioOrigin]:
        """Attach and connect all containers; answer the portfolios by id, in order."""
        self._add_streams()
        self._add_strategies()
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

    def _add_streams(self) -> None:
        make_data = self._class_for(Role.DATA, DataContainer)
        for (symbol, timeframe), bars in self.plot.market.items():
            self.plot.bus.attach(make_data(f"data/{symbol}/{timeframe}", bars=bars))
        make_features = self._class_for(Role.FEATURES, FeaturesContainer)
        for (symbol, timeframe), bars in self.plot.market.items():
            self.plot.bus.attach(
                make_features(
                    f"features/{symbol}/{timeframe}",
                    symbol=symbol,
                    timeframe=timeframe,
                    indicators=self._indicators((symbol, timeframe)),
                    bars=bars,
                )
            )

    def _add_strategies(self) -> None:
        make_strategy = self._class_for(Role.STRATEGY, StrategyContainer)
        for name, strategy in self._strategies.items():
            self.plot.bus.attach(make_strategy(f"strategy/{name}", strategy=strategy))

    def _add_portfolios(self) -> None:
        make_portfolio = self._class_for(Role.PORTFOLIO, PortfolioContainer)
        configuration, market, folder = (
            self.plot.configuration,
            self.plot.market,
            self.plot.folder,
        )
        settings = configuration.portfolio
        periods = configuration.metrics.periods_per_year
        for portfolio, (_, profile) in self._pairs.items():
            container = make_portfolio(
                f"portfolio/{portfolio}",
                portfolio=portfolio,
                base_timeframes={s: str(market.base_timeframe(s)) for s in market.symbols},
                initial_capital=settings.initial_capital,
                sizing=Sizing(
                    max_position_size=profile.max_position_size,
                    fixed_quantity=profile.fixed_quantity,
                    fractional=settings.fractional,
                    lot_size=settings.lot_size,
                    allow_short=settings.allow_short,
                ),
                stop_loss=profile.stop_loss,
                periods_per_year=market.periods_per_year() if periods == "auto" else periods,
                save=None if folder is None else partial(folder.save_portfolio, portfolio),
            )
            self._portfolios[portfolio] = container
            self.plot.bus.attach(container)

    def _add_risks(self) -> None:
        make_risk = self._class_for(Role.RISK, RiskContainer)
        settings = self.plot.configuration.portfolio
        for portfolio, (_, profile) in self._pairs.items():
            self.plot.bus.attach(
                make_risk(
                    f"risk/{portfolio}",
                    portfolio=portfolio,
                    account=self._portfolios[portfolio].account,
                    symbols=self.plot.market.symbols,
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
        make_execution = self._class_for(Role.EXECUTION, ExecutionContainer)
        settings, market = self.plot.configuration.execution, self.plot.market
        self.plot.bus.attach(
            make_execution(
                "execution",
                accounts={name: held.account for name, held in self._portfolios.items()},
                last_bars={
                    symbol: end
                    for symbol in market.symbols
                    if (end := market.last_base_end(symbol)) is not None
                },
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
        connect, market = self.plot.bus.connect, self.plot.market
        for symbol, timeframe in market:
            data = f"data/{symbol}/{timeframe}"
            connect(EventKind.BAR, data, f"features/{symbol}/{timeframe}")
            for portfolio in self._pairs:
                connect(EventKind.BAR, data, f"portfolio/{portfolio}")
        for symbol in market.symbols:
            connect(EventKind.BAR, f"data/{symbol}/{market.base_timeframe(symbol)}", "execution")
        for strategy in self.plot.configuration.strategies:
            for symbol, timeframe in self._streams_of(strategy):
                name = f"strategy/{strategy.name}"
                connect(EventKind.BAR, f"data/{symbol}/{timeframe}", name)
                connect(EventKind.FEATURES, f"features/{symbol}/{timeframe}", name)
        for portfolio, (strategy, _) in self._pairs.items():
            name, risk = f"portfolio/{portfolio}", f"risk/{portfolio}"
            connect(EventKind.SIGNAL, f"strategy/{strategy.name}", name)
            connect(EventKind.ORDER_REQUEST, name, risk)
            connect(EventKind.PORTFOLIO_UPDATE, name, risk)
            connect(EventKind.ORDER, risk, name)
            connect(EventKind.ORDER, risk, "execution")
            connect(EventKind.FILL, "execution", name, topic=portfolio)
            connect(EventKind.CANCELLATION, "execution", name, topic=portfolio)

    def _streams_of(self, strategy: StrategySettings) -> Iterator[StreamKey]:
        """Give the streams a strategy steps on: one for each of its symbols."""
        market = self.plot.market
        for symbol in market.symbols:
            if strategy.symbols is None or symbol in strategy.symbols:
                yield symbol, strategy.timeframe or str(market.base_timeframe(symbol))

    def _indicators(self, stream: StreamKey) -> list[Indicator]:
        """Give the indicators of a stream, in order of first declaration, each name once."""
        by_name: dict[str, Indicator] = {}
        for entry in self.plot.configuration.strategies:
            if stream in self._streams_of(entry):
                for indicator in self._strategies[entry.name].indicators:
                    by_name.setdefault(indicator.name, indicator)
        return list(by_name.values())

    def _class_for(self, role: Role, shipped: Any) -> Any:
        """Give the class for a role: the shipped one, unless the components replace it."""
        return self.plot.components.containers.get(role, shipped)
