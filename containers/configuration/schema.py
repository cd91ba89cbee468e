"""The keys of the user configuration, one model per section, and nothing about defaults.

Every field can be absent: the same models check a part of a configuration (what a user wrote, the
overrides of a phase) and a complete one, whose missing keys `containers.configuration.structure`
finds. ``always`` names keys that even a part must have, because lists replace each other and are
never merged item by item; ``may_be_absent`` those that even a complete configuration need not have.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler
from pydantic_core import core_schema

from containers.configuration import names
from containers.configuration.fields import (
    Choice,
    Flag,
    FreeMapping,
    Instant,
    Name,
    Number,
    Text,
    TimeframeText,
    Whole,
)

__all__ = ["PhaseOverride", "Section", "SymbolEntry", "UserConfiguration", "json_schema"]


def absent() -> Any:
    """Mark a field that can be absent; what stands in its place is never looked at."""
    return Field(default_factory=lambda: None)


class Section(BaseModel):
    """Base of all sections."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())
    always: ClassVar[frozenset[str]] = frozenset()
    may_be_absent: ClassVar[frozenset[str]] = frozenset()


class Data(Section):
    """Where the market data are."""

    source: Annotated[str, Choice(words=names.SOURCES)] = absent()
    data_dir: Annotated[str, Text()] = absent()
    start_date: Annotated[str | None, Instant(null=True)] = absent()
    end_date: Annotated[str | None, Instant(null=True)] = absent()
    timestamp: Annotated[str, Choice(words=names.LABELS)] = absent()
    on_bad_bar: Annotated[str, Choice(words=names.BAD_BAR_ACTIONS)] = absent()


class SymbolEntry(Section):
    """A symbol and the timeframes of its files."""

    always: ClassVar[frozenset[str]] = frozenset(("symbol",))
    symbol: Annotated[str, Name()] = absent()
    timeframes: list[Annotated[str, TimeframeText()]] = absent()


class _OrText:
    """Lets the schema say that a symbol may be text; `structure` has expanded it by then."""

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"anyOf": [Name().describe(), handler(schema)]}


class StrategyEntry(Section):
    """A strategy with its parameters."""

    always: ClassVar[frozenset[str]] = frozenset(("type",))
    type: Annotated[str, Text()] = absent()
    name: Annotated[str, Name()] = absent()
    parameters: Annotated[dict[str, Any], FreeMapping()] = absent()
    symbols: list[Annotated[str, Name()]] | None = absent()
    timeframe: Annotated[str | None, TimeframeText(null=True)] = absent()


class ClassifierEntry(Section):
    """A classifier with its parameters."""

    always: ClassVar[frozenset[str]] = frozenset(("type",))
    type: Annotated[str, Text()] = absent()
    name: Annotated[str, Name()] = absent()
    parameters: Annotated[dict[str, Any], FreeMapping()] = absent()
    symbols: list[Annotated[str, Name()]] | None = absent()
    timeframe: Annotated[str | None, TimeframeText(null=True)] = absent()


class RiskProfileEntry(Section):
    """How much a portfolio may risk; null switches a rule off."""

    always: ClassVar[frozenset[str]] = frozenset(("type",))
    type: Annotated[str, Text()] = absent()
    name: Annotated[str, Name()] = absent()
    max_position_size: Annotated[float | None, Number(above=0, null=True)] = absent()
    fixed_quantity: Annotated[float | None, Number(above=0, null=True)] = absent()
    max_leverage: Annotated[float | None, Number(above=0, null=True)] = absent()
    max_drawdown: Annotated[float | None, Number(above=0, below=1, null=True)] = absent()
    drawdown_cooldown_bars: Annotated[int | None, Whole(at_least=1, null=True)] = absent()
    stop_loss: Annotated[float | None, Number(above=0, below=1, null=True)] = absent()


class Execution(Section):
    """How orders fill and what they cost."""

    fill: Annotated[str, Choice(words=names.FILLS)] = absent()
    slippage_bps: Annotated[float, Number(at_least=0, below=10_000)] = absent()
    commission_bps: Annotated[float, Number(at_least=0)] = absent()
    commission_per_share: Annotated[float, Number(at_least=0)] = absent()
    commission_fixed: Annotated[float, Number(at_least=0)] = absent()
    commission_minimum: Annotated[float, Number(at_least=0)] = absent()
    close_at_end: Annotated[bool, Flag()] = absent()


class Portfolio(Section):
    """What every portfolio starts with and may hold."""

    initial_capital: Annotated[float, Number(above=0)] = absent()
    fractional: Annotated[bool, Flag()] = absent()
    lot_size: Annotated[float, Number(above=0)] = absent()
    allow_short: Annotated[bool, Flag()] = absent()


class ConstraintEntry(Section):
    """A condition that a result must meet to be ranked first."""

    always: ClassVar[frozenset[str]] = frozenset(("metric", "operator", "value"))
    metric: Annotated[str, Choice(words=names.METRIC_NAMES)] = absent()
    operator: Annotated[str, Choice(words=names.OPERATORS)] = absent()
    value: Annotated[float, Number()] = absent()


class Objective(Section):
    """By which metric results are ranked."""

    metric: Annotated[str, Choice(words=names.METRIC_NAMES)] = absent()
    direction: Annotated[str, Choice(words=names.DIRECTIONS)] = absent()
    constraints: list[ConstraintEntry] = absent()


class Metrics(Section):
    """How metrics are computed."""

    periods_per_year: Annotated[float | str, Number(above=0, word="auto")] = absent()


class Trace(Section):
    """What of the trace is kept, beyond its level."""

    containers: dict[str, Annotated[str, Choice(words=names.TRACE_LEVELS)]] = absent()
    max_events: Annotated[int | None, Whole(at_least=0, null=True)] = absent()


class Results(Section):
    """Where results are kept."""

    storage: Annotated[str, Choice(words=names.STORAGES)] = absent()
    directory: Annotated[str, Text()] = absent()
    store_full_results: Annotated[bool, Flag()] = absent()


class RandomSampling(Section):
    """How many samples are drawn from the parameter space."""

    count: Annotated[int, Whole(at_least=1)] = absent()


class ParameterSweep(Section):
    """How the parameter space is walked: in full, or by random samples."""

    random: RandomSampling | None = absent()
    only: list[Annotated[str, Text()]] | None = absent()
    skip: list[Annotated[str, Text()]] = absent()


class WalkForward(Section):
    """Windows of the walk-forward sequence, in base bars of the first symbol."""

    train_bars: Annotated[int, Whole(at_least=1)] = absent()
    test_bars: Annotated[int, Whole(at_least=1)] = absent()
    step_bars: Annotated[int | None, Whole(at_least=1, null=True)] = absent()
    anchored: Annotated[bool, Flag()] = absent()
    warmup_bars: Annotated[int | str, Whole(at_least=0, word="auto")] = absent()
    close_at_end: Annotated[bool, Flag()] = absent()


class TrainTest(Section):
    """The split of the train-test sequence."""

    train_ratio: Annotated[float, Number(above=0, below=1)] = absent()
    warmup_bars: Annotated[int | str, Whole(at_least=0, word="auto")] = absent()
    close_at_end: Annotated[bool, Flag()] = absent()


class KFold(Section):
    """The folds of the k-fold sequence."""

    folds: Annotated[int, Whole(at_least=2)] = absent()
    embargo_bars: Annotated[int, Whole(at_least=0)] = absent()
    warmup_bars: Annotated[int | str, Whole(at_least=0, word="auto")] = absent()
    close_at_end: Annotated[bool, Flag()] = absent()


class MonteCarlo(Section):
    """How the Monte Carlo sequence varies its iterations."""

    iterations: Annotated[int, Whole(at_least=1)] = absent()
    method: Annotated[str, Choice(words=names.NOISE_METHODS)] = absent()
    noise_level: Annotated[float, Number(at_least=0)] = absent()
    block_bars: Annotated[int, Whole(at_least=1)] = absent()


class PhaseOverride(Section):
    """What a user may change for one phase."""

    data: Data = absent()
    symbols: list[Annotated[SymbolEntry, _OrText()]] = absent()
    strategies: list[StrategyEntry] = absent()
    classifiers: list[ClassifierEntry] = absent()
    risk_profiles: list[RiskProfileEntry] = absent()
    execution: Execution = absent()
    portfolio: Portfolio = absent()
    objective: Objective = absent()
    metrics: Metrics = absent()
    trace_level: Annotated[str, Choice(words=names.TRACE_LEVELS)] = absent()
    trace: Trace = absent()
    random_seed: Annotated[int, Whole(at_least=0)] = absent()
    parameter_space: Annotated[dict[str, Any], FreeMapping()] = absent()
    parameter_sweep: ParameterSweep = absent()
    walk_forward: WalkForward = absent()
    train_test: TrainTest = absent()
    k_fold: KFold = absent()
    monte_carlo: MonteCarlo = absent()


class UserConfiguration(PhaseOverride):
    """The whole configuration."""

    may_be_absent: ClassVar[frozenset[str]] = frozenset(("phases",))
    workflow: Annotated[str, Text()] = absent()
    # A run keeps its results in one place, and a loop goes round all phases.
    results: Results = absent()
    max_iterations: Annotated[int, Whole(at_least=1)] = absent()
    phases: dict[str, PhaseOverride] = absent()


def json_schema() -> dict[str, Any]:
    """Give the JSON Schema of what a user may write: keys, types and ranges.

    Rules that tie several values together are not in it.
    """
    schema = UserConfiguration.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
