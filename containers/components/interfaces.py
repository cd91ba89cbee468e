"""What a component is: the protocols that shipped classes and a user's own fulfil alike.

Nothing needs to be inherited. A class that has the members of a protocol is a component once it
stands in `containers.components.Components`; docs/components.md shows one of each.

All of them are pure steps: what they remember is handed in and given back, so that one object
serves every symbol, a step can be taken anywhere, and the same inputs give the same bits. They
must not keep anything of their own between calls, draw random numbers, or look at a clock.

    Indicator         bars -> a number            remembers a state of its own making
    ArrayIndicator    … and many bars at a time   (an indicator that has `over` as well)
    Strategy          numbers -> a view           remembers its last view of the symbol
    Combiner          … and views of others       (a strategy that hears strategies)
    Classifier        numbers -> a label          remembers its last label of the symbol
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import (
    Any,
    ClassVar,
    Final,
    NamedTuple,
    Protocol,
    TypeAlias,
    TypeGuard,
    runtime_checkable,
)

import msgspec
import numpy as np
import numpy.typing as npt

from containers.components.parameters import Parameter
from containers.data import Bars
from containers.events import Bar

__all__ = [
    "FLAT",
    "LONG",
    "SHORT",
    "ArrayIndicator",
    "Classifier",
    "Combiner",
    "Decision",
    "Floats",
    "Indicator",
    "State",
    "Strategy",
    "UnitContext",
    "hears_others",
    "members_of",
    "takes_blocks",
]

State: TypeAlias = Any
"""What an indicator remembers between bars: a value that is never changed, and its own business."""

Floats: TypeAlias = npt.NDArray[np.float64]


class Indicator(Protocol):
    """A feature of a stream of bars.

    Two numbers of bars belong to it, and they differ: `ready` says when values begin, `lookback`
    how much history makes a value trustworthy. An indicator that smooths has a value long before
    the bar it began with has stopped to matter.
    """

    @property
    def name(self) -> str:
        """Its name in FEATURES, for example ``sma_10``; one name, one meaning."""
        ...

    @property
    def ready(self) -> int:
        """The bar, counted from 1, that gets the first value; those before it get null."""
        ...

    @property
    def lookback(self) -> int:
        """How many bars to feed before a window, at least `ready` (docs/semantics.md 5.1).

        The bars that a value depends on, where that is a number; 5 x n where it is all of them.
        """
        ...

    @property
    def initial(self) -> State:
        """The state before the first bar."""
        ...

    def step(self, state: State, bar: Bar) -> tuple[State, float | None]:
        """Take one bar; answer the next state and the value, null while there is none.

        ``state`` must be left as it is: the caller may come back to it.
        """
        ...


@runtime_checkable
class ArrayIndicator(Indicator, Protocol):
    """An indicator that can also take many bars at a time, with the same bits.

    Without `over` a features container takes the bars one by one.
    """

    def over(self, state: State, bars: Bars) -> tuple[State, Floats]:
        """Take all of ``bars``, which follow those that led to ``state``.

        However a stream is cut into blocks, states and values must be those of `step`, bit by
        bit; so the value at a bar cannot depend on any later one.

        Returns:
            The next state, and the values: (k,) float64, of the newest k bars. The bars before
            them, if any, have null.
        """
        ...


class Decision(NamedTuple):
    """A view of a symbol: direction -1, 0 or 1, and a strength in [0, 1]."""

    direction: int
    strength: float


LONG: Final = Decision(1, 1.0)
FLAT: Final = Decision(0, 1.0)
SHORT: Final = Decision(-1, 1.0)


class Strategy(Protocol):
    """Takes a side for a symbol, bar by bar.

    Attributes:
        type_name: What a configuration calls it.
        parameters: Its parameters in the order in which documents, sweeps and noise take them.
            Each can be read as an attribute of the same name: journals show them.

    A class may also have ``sees_closes = False`` when its views follow from its values alone. Then
    it is spared the bars, and ``close`` is NaN.
    """

    type_name: ClassVar[str]
    parameters: ClassVar[Mapping[str, Parameter]]

    def __init__(self, **parameters: Any) -> None:
        """Take each parameter by keyword, complete and checked."""

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        """The features it needs, in the order in which it gets them."""
        ...

    def decide(self, last: Decision, close: float, values: Sequence[float | None]) -> Decision:
        """Take one bar; answer the view of the symbol from here on.

        Args:
            last: The last answer for this symbol, (0, 1.0) before the first.
            close: Close of the bar, currency; NaN for a class that does not see closes.
            values: One per declared indicator, null while that one warms up.
        """
        ...


@runtime_checkable
class Combiner(Protocol):
    """A strategy that hears others: as `Strategy`, with `combine` in place of `decide`.

    It steps on the bars of its own timeframe. Its members are strategies declared before it, so
    that in each slice they have spoken when it steps.
    """

    type_name: ClassVar[str]
    parameters: ClassVar[Mapping[str, Parameter]]

    def __init__(self, **parameters: Any) -> None:
        """Take each parameter by keyword, complete and checked."""

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        """The features it needs, in the order in which it gets them."""
        ...

    @property
    def members(self) -> Mapping[str, float]:
        """The strategies it hears, by name, in the order in which it gets their views."""
        ...

    def combine(
        self,
        last: Decision,
        close: float,
        values: Sequence[float | None],
        views: Sequence[Decision],
    ) -> Decision:
        """Take one bar; answer the view of the symbol from here on.

        Args:
            last: The last answer for this symbol, (0, 1.0) before the first.
            close: Close of the bar, currency.
            values: One per declared indicator, null while that one warms up.
            views: One per member: its latest view of this symbol, (0, 1.0) before its first and
                for symbols that it does not trade.
        """
        ...


def takes_blocks(indicator: Indicator) -> TypeGuard[ArrayIndicator]:
    """Tell whether an indicator can take many bars at a time.

    By the one method that makes the difference: `isinstance` looks a protocol over whole, which
    takes longer than computing a hundred values.
    """
    return hasattr(indicator, "over")


def hears_others(strategy: Strategy | Combiner) -> TypeGuard[Combiner]:
    """Tell whether a strategy hears others, as quickly as `takes_blocks`."""
    return hasattr(strategy, "combine")


def members_of(strategy: Strategy | Combiner) -> tuple[str, ...]:
    """Name the strategies whose SIGNALs ``strategy`` must be sent, in declared order."""
    return tuple(strategy.members) if hears_others(strategy) else ()


class UnitContext(msgspec.Struct, frozen=True):
    """What a component can know of the unit it works in.

    Attributes:
        periods_per_year: N of docs/semantics.md 6, the number of samples that make a year.
    """

    periods_per_year: float


class Classifier(Protocol):
    """Puts a label on the state of a symbol's market, bar by bar.

    Attributes:
        type_name: What a configuration calls it.
        parameters: As those of a `Strategy`.
    """

    type_name: ClassVar[str]
    parameters: ClassVar[Mapping[str, Parameter]]

    def __init__(self, context: UnitContext, **parameters: Any) -> None:
        """Take what is known of the unit first, then each parameter by keyword."""

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        """The features it needs, in the order in which it gets them."""
        ...

    def classify(
        self, last: str | None, close: float, values: Sequence[float | None]
    ) -> str | None:
        """Take one bar; answer the label of the symbol from here on.

        Args:
            last: The last label of this symbol, null before the first.
            close: Close of the bar, currency.
            values: One per declared indicator, null while that one warms up.

        Returns:
            The label; null while there is none yet, which leaves the last one as it is.
        """
        ...
