"""Sections of a configuration: strategies, classifiers, risk, costs, windows, traces, results.

Each function draws what a user could write for one section, for a market that is known, so that
windows fit and symbols exist. What is left out keeps its default.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from containers.configuration import METRIC_NAMES
from parity.generation.drawing import Drawing
from parity.generation.specs import MarketSpec

__all__ = [
    "OVERRIDES",
    "draw_classifiers",
    "draw_override",
    "draw_profiles",
    "draw_section",
    "draw_space",
    "draw_strategies",
]

_PERIODS: Final = (2, 3, 1, 5, 8, 13)

_STRATEGIES: Final = (
    ("momentum", 24),
    ("buy_and_hold", 8),
    ("mean_reversion", 14),
    ("rsi", 14),
    ("breakout", 14),
    ("rate_of_change", 14),
)
_RANKED: Final = (
    "sharpe_ratio",
    "total_return",
    "num_trades",
    "max_drawdown",
    "win_rate",
    "calmar_ratio",
    "sortino_ratio",
    "profit_factor",
    "expectancy",
    "exposure",
    "turnover",
    "total_commission",
    "min_cash",
)


def draw_strategies(drawing: Drawing, market: MarketSpec) -> list[dict[str, Any]]:
    """Draw one to three strategies, the last of which may be an ensemble of the others."""
    wanted = drawing.wants("strategy")
    made: list[dict[str, Any]] = []
    for index in range(drawing.weighted(((1, 55), (2, 35), (3, 10)))):
        kind = drawing.weighted(_STRATEGIES)
        if index == 0 and wanted not in (None, "ensemble"):
            kind = str(wanted)
        entry: dict[str, Any] = {"type": kind}
        if drawing.chance(30) or any(e.get("name", e["type"]) == kind for e in made):
            entry["name"] = f"s{index}" if drawing.chance(80) else f"s{index}.x"
        parameters = _parameters(drawing, kind)
        if parameters or drawing.chance(10):
            entry["parameters"] = parameters
        _restrict(drawing, entry, market)
        made.append(entry)
    if wanted == "ensemble" or drawing.chance(18):
        names = [entry.get("name", entry["type"]) for entry in made]
        members = {name: drawing.pick((1, 1.0, 0.5, -1, 2)) for name in names}
        entry = {"type": "ensemble", "parameters": {"members": members}}
        if drawing.chance(60):
            entry["parameters"]["threshold"] = drawing.pick((0, 0.25, 0.5))
        made.append(entry)
    return made


def _parameters(drawing: Drawing, kind: str) -> dict[str, Any]:
    """Draw short periods, which are ready on few bars; some keep their defaults."""
    periods = {"momentum": ("fast_period", "slow_period"), "rsi": ("period",)}
    names = periods.get(kind, () if kind == "buy_and_hold" else ("lookback",))
    given = {name: drawing.pick(_PERIODS) for name in names if not drawing.chance(6)}
    more: Mapping[str, tuple[tuple[str, tuple[Any, ...]], ...]] = {
        "mean_reversion": (("num_std", (1, 0.5, 0, 2.0)),),
        "rsi": (("oversold", (40, 30.0, 50, 80)), ("overbought", (60, 70.0, 50))),
        "rate_of_change": (("threshold", (0.01, 0, 0.05)),),
    }
    given |= {name: drawing.pick(v) for name, v in more.get(kind, ()) if drawing.chance(60)}
    return given


def _restrict(drawing: Drawing, entry: dict[str, Any], market: MarketSpec) -> None:
    """Let a component see some symbols only, or step on another timeframe."""
    symbols = market.symbols
    if len(symbols) > 1 and drawing.chance(25):
        entry["symbols"] = drawing.some(symbols, len(symbols)) or [symbols[0]]
    seen = entry.get("symbols") or symbols
    common = [t for t in market.timeframes(seen[0]) if all(t in market.timeframes(s) for s in seen)]
    if common and drawing.chance(40 if len(common) > 1 else 8):
        entry["timeframe"] = drawing.pick(common)


def draw_classifiers(drawing: Drawing, market: MarketSpec) -> list[dict[str, Any]]:
    """Draw up to two classifiers."""
    wanted = drawing.wants("classifier")
    kinds = drawing.some(("trend", "volatility"), 2)
    if wanted is not None and wanted not in kinds:
        kinds.append(wanted)
    made: list[dict[str, Any]] = []
    for kind in kinds:
        entry: dict[str, Any] = {"type": kind}
        if drawing.chance(30):
            entry["name"] = f"c_{kind}"
        if kind == "trend":
            names = ("fast_period", "slow_period")
            entry["parameters"] = {name: drawing.pick(_PERIODS) for name in names}
        else:
            entry["parameters"] = {"lookback": drawing.pick(_PERIODS)}
            if drawing.chance(50):
                entry["parameters"] |= {"low": drawing.pick((0.05, 0.2)), "high": 0.4}
        _restrict(drawing, entry, market)
        made.append(entry)
    return made


_RULES: Final[Mapping[str, tuple[Any, ...]]] = {
    "max_leverage": (1.0, 0.5, 2.5, None),
    "max_drawdown": (0.1, 0.01, 0.3, None),
    "stop_loss": (0.05, 0.01, 0.2, None),
    "drawdown_cooldown_bars": (2, 1, 5, None),
    "fixed_quantity": (10, 50.0, None),
    "max_position_size": (0.5, 1, 0.1, 3.0),
}


def draw_profiles(drawing: Drawing) -> list[dict[str, Any]]:
    """Draw one or two risk profiles."""
    wanted = drawing.wants("risk")
    made: list[dict[str, Any]] = []
    for index in range(drawing.weighted(((1, 75), (2, 25)))):
        kind = drawing.pick(("aggressive", "moderate", "conservative", "custom"))
        entry: dict[str, Any] = {"type": kind}
        if index:
            entry["name"] = f"p{index}"
        rules = [*drawing.some(tuple(_RULES), 3), *([wanted] if wanted else [])]
        entry |= {rule: drawing.pick(_RULES[rule]) for rule in dict.fromkeys(rules)}
        if kind == "custom" and entry.get("max_position_size") is None:
            entry["max_position_size"] = 0.5
        if "drawdown_cooldown_bars" in entry and entry.get("max_drawdown") is None:
            entry["max_drawdown"] = 0.05
        made.append(entry)
    return made


def _execution(drawing: Drawing, market: MarketSpec) -> dict[str, Any]:
    written: dict[str, Any] = {}
    fill = drawing.wants("fill")
    if fill is not None or drawing.chance(45):
        written["fill"] = fill or drawing.pick(("same_close", "next_open"))
    for key, values in (
        ("slippage_bps", (5, 0, 120.5)),
        ("commission_bps", (10, 0.5)),
        ("commission_per_share", (0.01, 1)),
        ("commission_fixed", (1, 2.5)),
        ("commission_minimum", (5, 0.5)),
    ):
        if drawing.chance(25):
            written[key] = drawing.pick(values)
    if drawing.chance(35):
        written["close_at_end"] = drawing.chance(80)
    return written


def _portfolio(drawing: Drawing, market: MarketSpec) -> dict[str, Any]:
    written: dict[str, Any] = {}
    if drawing.chance(40):
        written["initial_capital"] = drawing.pick((10_000, 1e6, 500.0, 1e9))
    if drawing.chance(35):
        written["fractional"] = drawing.chance(80)
    if drawing.chance(15):
        written["lot_size"] = drawing.pick((10, 0.5, 5.0))
    if drawing.chance(55):
        written["allow_short"] = drawing.chance(85)
    return written


def _objective(drawing: Drawing, market: MarketSpec) -> dict[str, Any]:
    written: dict[str, Any] = {"metric": drawing.pick(_RANKED)}
    if drawing.chance(35):
        written["direction"] = drawing.pick(("min", "max"))
    if drawing.chance(40):
        written["constraints"] = [
            {
                "metric": drawing.pick(METRIC_NAMES),
                "operator": drawing.pick((">=", "<=", ">", "<", "==", "!=")),
                "value": drawing.pick((0, 1, 0.3, -0.5, 1000)),
            }
            for _ in range(drawing.whole(1, 2))
        ]
    return written


def _metrics(drawing: Drawing, market: MarketSpec) -> dict[str, Any]:
    return {"periods_per_year": drawing.pick(("auto", 365, 12.5))}


def _trace(drawing: Drawing, market: MarketSpec) -> dict[str, Any]:
    written: dict[str, Any] = {}
    if drawing.chance(60):
        globs = ("strategy/*", "data/*", "*", "portfolio/*", "risk/*", "execution", "features/*/1d")
        levels = ("standard", "none", "detailed", "minimal")
        chosen = drawing.some(globs, 2) or [globs[0]]
        written["containers"] = {glob: drawing.pick(levels) for glob in chosen}
    if drawing.chance(50):
        written["max_events"] = drawing.pick((10, 0, 1, 100, None))
    return written


def _warmup(drawing: Drawing, written: dict[str, Any]) -> dict[str, Any]:
    if drawing.chance(30):
        written["warmup_bars"] = drawing.pick((0, 3, "auto", 10))
    if drawing.chance(30):
        written["close_at_end"] = drawing.chance(30)
    return written


def _walk_forward(drawing: Drawing, market: MarketSpec) -> dict[str, Any]:
    bars = market.bars
    train = drawing.whole(1, max(1, bars // 3))
    test = drawing.whole(max(1, bars // 6), max(1, bars // 4))
    written: dict[str, Any] = {"train_bars": train, "test_bars": test}
    if drawing.chance(40):
        least = max(1, (bars - train - test) // 3)
        written["step_bars"] = drawing.whole(least, max(least, test + 2))
    if drawing.chance(30):
        written["anchored"] = True
    return _warmup(drawing, written)


def _train_test(drawing: Drawing, market: MarketSpec) -> dict[str, Any]:
    return _warmup(drawing, {"train_ratio": drawing.pick((0.5, 0.7, 0.29, 0.8))})


def _k_fold(drawing: Drawing, market: MarketSpec) -> dict[str, Any]:
    written: dict[str, Any] = {"folds": drawing.whole(2, max(2, min(4, market.bars // 3)))}
    if drawing.chance(40):
        written["embargo_bars"] = drawing.whole(0, max(0, market.bars // 8))
    return _warmup(drawing, written)


def _monte_carlo(drawing: Drawing, market: MarketSpec) -> dict[str, Any]:
    method = drawing.wanted(
        "monte_carlo", lambda: drawing.pick(("parameter_noise", "block_bootstrap"))
    )
    written: dict[str, Any] = {"iterations": drawing.whole(1, 4), "method": method}
    if method == "block_bootstrap":
        written["block_bars"] = drawing.whole(1, max(1, market.bars // 6))
    elif drawing.chance(60):
        written["noise_level"] = drawing.pick((0.2, 0, 1.5))
    return written


_SECTIONS: Final[Mapping[str, Callable[[Drawing, MarketSpec], dict[str, Any]]]] = {
    "execution": _execution,
    "portfolio": _portfolio,
    "objective": _objective,
    "metrics": _metrics,
    "trace": _trace,
    "walk_forward": _walk_forward,
    "train_test": _train_test,
    "k_fold": _k_fold,
    "monte_carlo": _monte_carlo,
}

OVERRIDES: Final = ("execution", "portfolio", "objective", "metrics", "trace")
"""Sections that can be laid over for one phase without a window that no longer fits."""


def draw_section(drawing: Drawing, section: str, market: MarketSpec) -> dict[str, Any]:
    """Draw the content of one section."""
    return _SECTIONS[section](drawing, market)


def draw_override(drawing: Drawing, market: MarketSpec) -> dict[str, Any]:
    """Draw settings for one phase: a section or two, or a single value."""
    written: dict[str, Any] = {
        section: _SECTIONS[section](drawing, market) for section in drawing.some(OVERRIDES, 2)
    }
    if drawing.chance(25):
        written["random_seed"] = drawing.whole(0, 9)
    if drawing.chance(20):
        written["trace_level"] = drawing.pick(("standard", "detailed", "minimal", "none"))
    if drawing.chance(15):
        written["risk_profiles"] = draw_profiles(drawing)
    return written


def draw_space(
    drawing: Drawing, strategies: Sequence[Mapping[str, Any]], *, ranges: bool
) -> dict[str, Any]:
    """Draw a parameter space of up to three keys; ``ranges`` may be sampled from."""
    keys: list[tuple[str, tuple[Any, ...], bool]] = []
    for entry in strategies:
        name, kind = entry.get("name", entry["type"]), entry["type"]
        if kind == "ensemble":
            members = entry["parameters"]["members"]
            keys += [(f"{name}.members.{member}", (1, 0.5, 2.0), True) for member in members]
            keys.append((f"{name}.threshold", (0.1, 0.4), True))
        elif kind == "momentum":
            keys += [(f"{name}.{p}", _PERIODS, False) for p in ("fast_period", "slow_period")]
        elif kind == "rsi":
            keys += [(f"{name}.period", _PERIODS, False), (f"{name}.oversold", (30, 45.5), True)]
        elif kind != "buy_and_hold":
            keys.append((f"{name}.lookback", _PERIODS, False))
    space: dict[str, Any] = {}
    chosen = drawing.some(keys, 2) or keys[:1]
    for key, values, number in chosen:
        if ranges and drawing.chance(40):
            space[key] = {"low": 0.5 if number else 1, "high": 3.5 if number else 9}
        else:
            space[key] = drawing.some(values, 3) or [values[0]]
    return space
