"""Mistakes of one token, each with the smallest configuration on which it must be seen."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["IN_CONTAINERS", "IN_ENGINES", "Mutation"]


@dataclass(frozen=True)
class Mutation:
    """A change of ``before`` (found exactly once in ``file``) to ``after``.

    ``seen_by`` is the candidate whose comparison must differ first in ``channel``: the other
    engine for a mistake in one engine, the oracle for one that both share.
    """

    name: str
    file: str
    before: str
    after: str
    config: str
    channel: str
    seen_by: str


def _engine(
    name: str, file: str, before: str, after: str, channel: str, config: str = "two_symbols"
) -> Mutation:
    return Mutation(name, file, before, after, config, channel, "declarative")


def _shared(
    name: str,
    file: str,
    before: str,
    after: str,
    channel: str = "trace",
    config: str = "two_symbols",
) -> Mutation:
    return Mutation(name, f"containers/{file}", before, after, config, channel, "oracle")


_TRADING = "declarative/patterns/parts/trading.yaml"

IN_ENGINES = (
    _engine(
        "the user's word comes before his word for the phase",
        "imperative/resolving.py",
        "            overrides.get(phase.name, {}),\n",
        "",
        "config",
        config="phase_override",
    ),
    _engine(
        "a shallow merge where a deep one is due",
        "imperative/defaults.py",
        "merged[key] = merge(below, value)",
        "merged[key] = value",
        "status",
    ),
    _engine(
        "another default",
        "imperative/defaults.py",
        '"on_bad_bar": "error"',
        '"on_bad_bar": "drop"',
        "config",
        config="ibm_2003",
    ),
    _engine(
        "results are collected after cleanup",
        "imperative/unit.py",
        "            collected = _collect(unit)\n"
        "        _stop(unit, errors)\n"
        "        _clean_up(unit, errors)\n",
        "        _stop(unit, errors)\n"
        "        _clean_up(unit, errors)\n"
        "        with keeping(errors):\n"
        "            collected = _collect(unit)\n",
        "plan",
    ),
    _engine(
        "containers are started in another order",
        "imperative/unit.py",
        "    for container in unit.bus.containers:\n        container.start()",
        "    for container in reversed(unit.bus.containers):\n        container.start()",
        "lifecycle",
    ),
    _engine(
        "a subscription is dropped",
        "imperative/topologies/trading.py",
        'connect(EventKind.CANCELLATION, "execution", name, topic=portfolio)',
        "pass",
        "topology",
    ),
    _engine(
        "an explicit null is replaced by the default",
        "imperative/defaults.py",
        "for key, value in defaults.items() if key not in item}",
        "for key, value in defaults.items() if item.get(key) is None}",
        "config",
        config="rules_off",
    ),
    _engine(
        "containers are stopped in the order of their start",
        "declarative/driver.py",
        "    for container in reversed(containers):\n        if container.state is State.RUNNING:",
        "    for container in containers:\n        if container.state is State.RUNNING:",
        "lifecycle",
    ),
    _engine(
        "a setting does not reach its container",
        _TRADING,
        "stop_loss: ${portfolio.profile.stop_loss}",
        "stop_loss: null",
        "topology",
    ),
    _engine(
        "profiles outer, strategies inner",
        _TRADING,
        'foreach: {strategy: "${strategies}", profile: "${config.risk_profiles}"}',
        'foreach: {profile: "${config.risk_profiles}", strategy: "${strategies}"}',
        "topology",
        config="two_strategies",
    ),
    _engine(
        "the seed is not handed on",
        "declarative/tasks.py",
        "            seed=around.configuration.random_seed,\n",
        "            seed=0,\n",
        "windows",
        config="seeded",
    ),
    _engine(
        "stored signals count from the beginning of time",
        "imperative/topologies/signals.py",
        "from_ns=plot.cut.from_ns,",
        "from_ns=0,",
        "topology",
        config="replay",
    ),
    _engine(
        "a preset is not capped by the number of symbols",
        "declarative/resolution.py",
        "size = min(float(size), 1 / max(symbols, 1))",
        "size = max(float(size), 1 / max(symbols, 1))",
        "config",
        config="two_strategies",
    ),
)

IN_CONTAINERS = (
    _shared(
        "the first bar of a window only warms up",
        "data/bars.py",
        "int(self.end_ns.searchsorted(time_ns))",
        'int(self.end_ns.searchsorted(time_ns, side="right"))',
        config="walk",
    ),
    _shared(
        "orders fill at the close of the next bar",
        "trading/execution.py",
        "self._fill_pending(_OPEN)",
        "self._fill_pending(_CLOSE)",
    ),
    _shared(
        "orders fill one bar late",
        "trading/execution.py",
        "if bars[order.symbol].time_ns == now]",
        "if bars[order.symbol].time_ns == now > order.time_ns + 86_400_000_000_000]",
    ),
    _shared(
        "a tie of two averages counts as above",
        "components/strategies.py",
        "if fast > slow:",
        "if fast >= slow:",
        config="ibm_tie",
    ),
    _shared(
        "an average of one close too many",
        "components/windows.py",
        "_added(_residuals(series, length)) / length\n\n",
        "_added(_residuals(series, length)) / (length + 1)\n\n",
    ),
    _shared(
        "population instead of sample deviation",
        "metrics.py",
        "math.sqrt(self._m2 / (n - 1))",
        "math.sqrt(self._m2 / n)",
        channel="metrics",
    ),
    _shared(
        "sample instead of population deviation",
        "components/windows.py",
        "for r in _residuals(series, length)) / length)\n\n",
        "for r in _residuals(series, length)) / (length - 1))\n\n",
        config="drawdown",
    ),
    _shared(
        "commission is received",
        "trading/account.py",
        "(self.cash - quantity * price) - commission",
        "(self.cash - quantity * price) + commission",
    ),
    _shared(
        "lots are rounded to the nearest",
        "trading/sizing.py",
        "math.trunc(quantity / lot_size",
        "round(quantity / lot_size",
    ),
    _shared(
        "slippage in the trader's favour",
        "trading/costs.py",
        "side = 1.0 if quantity > 0 else -1.0",
        "side = 1.0 if quantity < 0 else -1.0",
    ),
    _shared(
        "a flip's commission is shared the other way round",
        "trading/episodes.py",
        "commission * (abs(held) / abs(quantity))",
        "commission * (abs(after) / abs(quantity))",
        channel="trades",
    ),
    _shared(
        "the cooldown takes one bar more",
        "trading/risk.py",
        "if self._cooling == cooldown:",
        "if self._cooling > cooldown:",
        config="cooldown",
    ),
    _shared(
        "a stop is hit above the limit only",
        "trading/portfolio.py",
        "return bar if bar.close <= average * (1 - self._stop_loss) else None",
        "return bar if bar.close < average * (1 - self._stop_loss) else None",
        config="stop_at_the_limit",
    ),
    _shared(
        "a bar is known at its start",
        "data/timeframe.py",
        "return label_ns + np.int64(",
        "return label_ns + 0 * np.int64(",
    ),
    _shared(
        "pending orders stay when a symbol ends",
        "trading/execution.py",
        "if symbol in self._ended:",
        "if symbol in self._ended[1:]:",
    ),
)
