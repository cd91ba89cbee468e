"""What is generated: one example of a workflow with its market, as plain values.

An `Example` is everything that a pair of runs needs. It is drawn once and rendered twice, as a
Python workflow and as a pattern (`parity.generation.rendering`), so the two cannot say different
things and are shrunk together. As JSON it is the ``example.json`` of a saved folder.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

__all__ = [
    "BarRow",
    "BranchSpec",
    "ChangeSpec",
    "ConditionSpec",
    "ConfigSpec",
    "Example",
    "ImportSpec",
    "LoopSpec",
    "MarketSpec",
    "ModuleSpec",
    "OutputSpec",
    "PhaseSpec",
    "StreamSpec",
    "TraceLevelName",
    "WorkflowSpec",
]

TraceLevelName: TypeAlias = Literal["none", "minimal", "standard", "detailed"]


class BarRow(msgspec.Struct, frozen=True, array_like=True):
    """One row of a file of bars, as it is written; it need not be a good one.

    Attributes:
        label_s: Its label, seconds from 1970-01-01 UTC.
        open: Price; null: the cell is empty, as in all of these.
        high: Price.
        low: Price.
        close: Price.
        volume: Shares.
    """

    label_s: int
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    volume: float | None = None


class StreamSpec(msgspec.Struct, frozen=True, omit_defaults=True):
    """The bars of one symbol and timeframe: one file.

    Attributes:
        symbol: Name of the symbol.
        timeframe: As in the file's name, for example ``1d``.
        rows: Its bars, in the order of the file.
        form: What kind of file.
        has_volume: Whether the file has the column at all.
    """

    symbol: str
    timeframe: str
    rows: tuple[BarRow, ...]
    form: Literal["csv", "parquet"] = "csv"
    has_volume: bool = True


class MarketSpec(msgspec.Struct, frozen=True):
    """All files of bars of an example; the first stream's symbol counts windows.

    Attributes:
        streams: In config order of symbols, the base timeframe of each first.
        timestamp: What a label marks of its bar.
    """

    streams: tuple[StreamSpec, ...]
    timestamp: Literal["start", "end"] = "start"

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols, each once, in order."""
        return tuple(dict.fromkeys(stream.symbol for stream in self.streams))

    def timeframes(self, symbol: str) -> tuple[str, ...]:
        """Give the timeframes of a symbol, in order."""
        return tuple(stream.timeframe for stream in self.streams if stream.symbol == symbol)

    @property
    def bars(self) -> int:
        """Base bars of the first symbol."""
        return len(self.streams[0].rows)

    @property
    def rows(self) -> int:
        """Bars of all streams."""
        return sum(len(stream.rows) for stream in self.streams)


class ConditionSpec(msgspec.Struct, frozen=True, omit_defaults=True):
    """A condition: a threshold of a metric, or an expression.

    Attributes:
        phase: Whose metric; of an expression empty.
        metric: Name of the metric.
        operator: How it is compared.
        value: With what: a number, or a reference as text.
        expression: The text of an expression; null for a threshold.
        python: Of the condition of a loop or branch that is an expression: the same in Python, over
            ``result``, ``index`` and ``config``; null: it is worked out as an expression.
    """

    phase: str = ""
    metric: str = ""
    operator: str = ""
    value: Any = None
    expression: str | None = None
    python: str | None = None


class OutputSpec(msgspec.Struct, frozen=True, omit_defaults=True):
    """A value to keep, and the file to write it to.

    Attributes:
        value: Plain; text may hold references.
        file: Path below the phase's folder; null: none.
    """

    value: Any
    file: str | None = None


class PhaseSpec(msgspec.Struct, frozen=True, omit_defaults=True):
    """One phase.

    Attributes:
        name: Its name.
        topology: Name of its topology.
        sequences: Names of its sequences, outermost first.
        config: Its settings; text may hold references.
        inputs: Name → reference.
        outputs: Name → what is kept.
        depends_on: A name, or names.
        when: Conditions that must all hold.
        required: Whether its failure is the workflow's.
    """

    name: str
    topology: str = "backtest"
    sequences: tuple[str, ...] = ("single_pass",)
    config: dict[str, Any] = {}
    inputs: dict[str, str] = {}
    outputs: dict[str, OutputSpec] = {}
    depends_on: str | tuple[str, ...] = ()
    when: tuple[ConditionSpec, ...] = ()
    required: bool = True


class ChangeSpec(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the next pass changes at one path of the configuration.

    Attributes:
        path: Where.
        value: A plain value, for the kind ``value``; the factor, for ``widen``.
        kind: How the new value comes about.
        expression: For ``expression``, over ``config`` and ``iteration``.
        python: The same in Python, over ``config`` and ``index``; null: it is worked out as an
            expression.
    """

    path: tuple[str, ...]
    value: Any = None
    kind: Literal["value", "expression", "widen"] = "value"
    expression: str | None = None
    python: str | None = None


class LoopSpec(msgspec.Struct, frozen=True, omit_defaults=True):
    """When a workflow makes a further pass, and what changes for it."""

    condition: ConditionSpec
    changes: tuple[ChangeSpec, ...] = ()


class BranchSpec(msgspec.Struct, frozen=True, omit_defaults=True):
    """A workflow that runs after a pass.

    Attributes:
        name: Of the branch.
        workflow: Name of the workflow.
        config: What is laid over the user's configuration; plain.
        condition: When it is taken; null: always.
        strategies_of: The phase whose ``best_strategies`` it runs; null: the user's.
    """

    name: str
    workflow: str
    config: dict[str, Any] = {}
    condition: ConditionSpec | None = None
    strategies_of: str | None = None


class ImportSpec(msgspec.Struct, frozen=True, rename={"as_": "as"}, omit_defaults=True):
    """The phases of a module, each called ``{as_}.{phase}``."""

    module: str
    as_: str
    parameters: dict[str, Any] = {}


class ModuleSpec(msgspec.Struct, frozen=True, omit_defaults=True):
    """Phases that workflows share, with the defaults of its parameters."""

    name: str
    phases: tuple[PhaseSpec, ...]
    parameters: dict[str, Any] = {}


class WorkflowSpec(msgspec.Struct, frozen=True, omit_defaults=True):
    """A workflow definition.

    Attributes:
        name: What a configuration calls it.
        phases: As declared; the order need not be that of execution.
        defaults: Settings above the engine's defaults and below the user's.
        fail_fast: Whether a failed phase keeps all later ones from running.
        imports: Modules whose phases stand before its own.
        loop: When there is a further pass; null: never.
        branches: What runs after a pass.
        outputs: Of the workflow.
    """

    name: str
    phases: tuple[PhaseSpec, ...] = ()
    defaults: dict[str, Any] = {}
    fail_fast: bool = False
    imports: tuple[ImportSpec, ...] = ()
    loop: LoopSpec | None = None
    branches: tuple[BranchSpec, ...] = ()
    outputs: dict[str, OutputSpec] = {}


class ConfigSpec(msgspec.Struct, frozen=True):
    """A user's configuration.

    Attributes:
        written: Its content, but ``data.data_dir``, which depends on where the files are put.
        form: Whether the engines are given the file, or the mapping.
    """

    written: dict[str, Any]
    form: Literal["yaml", "python"] = "python"


class Example(msgspec.Struct, frozen=True, omit_defaults=True):
    """A workflow of one user on his market, to be run through both engines.

    Attributes:
        market: The files of bars.
        config: The configuration; the workflow that it names is shipped, or among ``workflows``.
        workflows: Definitions of his own.
        modules: Modules of his own.
        trace: The level at which both engines are told to record.
        mistake: Which one thing is wrong, so that both must refuse or fail; null: nothing is.
        boundary: At which edge it was drawn; null: at none.
    """

    market: MarketSpec
    config: ConfigSpec
    workflows: tuple[WorkflowSpec, ...] = ()
    modules: tuple[ModuleSpec, ...] = ()
    trace: TraceLevelName = "detailed"
    mistake: str | None = None
    boundary: str | None = None

    @property
    def workflow(self) -> WorkflowSpec | None:
        """The definition that the configuration names; null when it is a shipped one."""
        named = self.config.written.get("workflow")
        return next((w for w in self.workflows if w.name == named), None)
