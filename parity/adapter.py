"""An engine of your own as a subject: what an adapter needs, so that it is a few lines.

    class Mine(Adapter):
        fills = ("trades", "metrics")
        figures = ("final_equity", "num_trades")

        def backtest(self, task: Task, answers: Answers) -> None:
            ...
            answers.portfolio("momentum.moderate", trades=rows, metrics=figures)

An entry point of the group ``parity.engines`` names the class. It is held against the control on
what it declares, and on nothing else. What it cannot express it says (`CannotExpress`): that is an
outcome of its own, neither parity nor a difference.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Final

from containers.configuration import read_user
from containers.configuration.names import METRIC_NAMES
from containers.errors import ConfigurationError
from containers.nearest import did_you_mean
from parity.errors import SubjectError
from parity.oracle import CannotExpress, load_streams
from parity.oracle.bars import PricedBar
from parity.oracle.settings import Settings, resolve
from parity.record import Record, record_of_refusal
from parity.subjects.answers import BACKTEST, FILLED, Answers, time_ns

__all__ = [
    "BACKTEST",
    "Adapter",
    "Answers",
    "CannotExpress",
    "PricedBar",
    "Settings",
    "Task",
    "time_ns",
]


class Task:
    """What is to be run.

    Attributes:
        config: The configuration as its user wrote it, without defaults.
        base_dir: The folder that ``data.data_dir`` starts from.
        root: A folder for what the engine stores; it need not exist.
    """

    def __init__(self, config: Mapping[str, Any], base_dir: Path, root: Path) -> None:
        self.config: Final = config
        self.base_dir: Final = base_dir
        self.root: Final = root

    @cached_property
    def settings(self) -> Settings:
        """The configuration of a simple backtest, completed with the documented defaults.

        Raises:
            CannotExpress: It is of another workflow, has components of a user's own, or is wrong.
        """
        try:
            return resolve(self.config, self.base_dir)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise CannotExpress(f"the configuration cannot be read: {error!r}") from error

    @cached_property
    def _streams(self) -> Mapping[tuple[str, str], Sequence[PricedBar]]:
        try:
            return load_streams(self.settings)
        except (OSError, ValueError) as error:
            raise CannotExpress(f"the data cannot be read: {error}") from error

    def bars(self, symbol: str | None = None, timeframe: str | None = None) -> Sequence[PricedBar]:
        """Give the bars in the configured range, oldest first.

        Each has ``label_ns`` (as in the file), ``end_ns`` (when it is known), ``open``, ``high``,
        ``low``, ``close`` and ``volume``.

        Args:
            symbol: Null: the first one.
            timeframe: Null: the shortest of the symbol.

        Raises:
            CannotExpress: There are none: the symbol or timeframe is not configured, or the data
                cannot be read.
        """
        known = {entry.name: entry for entry in self.settings.symbols}
        name = self.settings.symbols[0].name if symbol is None else symbol
        if name not in known:
            raise CannotExpress(f"the symbol {name!r} is not configured")
        stream = (name, known[name].timeframes[0].text if timeframe is None else timeframe)
        if stream not in self._streams:
            raise CannotExpress(f"{name} has no timeframe {stream[1]!r}")
        return self._streams[stream]


class Adapter:
    """Base of an adapter: give `backtest`, and say what it fills.

    Args:
        options: Of the specification: ``mine:trace=standard`` gives ``{"trace": "standard"}``.

    Attributes:
        fills: What it gives of each portfolio: some of ``trades``, ``equity`` and ``metrics``.
        figures: Names of the metrics it has; null: all there are.
        name: Its own name for itself; reports call it by its specification.
    """

    fills: ClassVar[Sequence[str]] = tuple(FILLED)
    figures: ClassVar[Sequence[str] | None] = None

    def __init__(self, options: Mapping[str, str]) -> None:
        self.options: Final = options
        self.name = type(self).__name__
        for name in self.fills:
            if name not in FILLED:
                raise SubjectError(f"fills has '{name}'; {did_you_mean(name, FILLED)}")
        for name in self.figures or ():
            if name not in METRIC_NAMES:
                raise SubjectError(f"figures has '{name}'; {did_you_mean(name, METRIC_NAMES)}")
        if not self.fills:
            raise SubjectError("fills is empty: there would be nothing to compare")
        if self.figures is not None and not self.figures:
            raise SubjectError(
                "figures is empty: leave it out for all, or 'metrics' out of fills for none"
            )

    def backtest(self, task: Task, answers: Answers) -> None:
        """Run the task and put what came of it into ``answers``.

        Raises:
            CannotExpress: The engine cannot run it.
        """
        raise NotImplementedError(f"{type(self).__name__} has no method 'backtest'")

    def run(self, config: Mapping[str, Any] | Path, root: Path) -> Record:
        """Run ``config`` and record it, as the harness asks it to."""
        began = time.perf_counter()
        try:
            user = read_user(config)
        except ConfigurationError as error:
            file = config if isinstance(config, Path) else None
            elapsed = time.perf_counter() - began
            return record_of_refusal(self.name, error, elapsed, root=root, config=file)
        answers = Answers(self.fills, self.figures)
        beyond = None
        try:
            self.backtest(Task(user.data, user.base_dir, root), answers)
            if not answers.places:
                raise SubjectError("the adapter gave no portfolio; answers.portfolio takes each")
        except CannotExpress as silence:
            beyond = silence.reason
        return Record(
            subject=self.name,
            workflow=None if beyond is not None else str(user.data.get("workflow")),
            status="succeeded" if beyond is None else "refused",
            declared=frozenset(answers.channels),
            channels=answers.channels if beyond is None else {},
            duration_s=time.perf_counter() - began,
            explanation=beyond,
            covers=frozenset(answers.places),
            beyond=beyond,
            figures=None if self.figures is None else frozenset(self.figures),
        )
