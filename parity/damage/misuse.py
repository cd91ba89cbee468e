"""Parts that are used as no engine uses them: what is said, and what is left as it was.

Bars, market data, lifecycles and outputs are what users' own components are made of, so that a
wrong call is as much input as a wrong file. Each is refused with the approved text.
"""

from __future__ import annotations

import enum
import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from containers.data import Bars, MarketData, Timeframe, load_market
from containers.lifecycle import Lifecycle, State, Trigger
from containers.outputs import plain_output
from containers.results import PhaseResult, PortfolioResult
from containers.storage.wire import decode_phase, encode_phase
from containers.strict_yaml import MAX_BYTES, load, loads
from containers.trace import TraceLevel
from containers.trace.levels import kept_kinds, lower_level
from parity.damage.misrouted import buses, positions
from parity.damage.stored_study import raised_by
from parity.damage.told import Outcomes

__all__ = ["MISUSE"]

_MEANT: Final = (AttributeError, IndexError, KeyError, TypeError, ValueError)
_NOWHERE: Final = Path("/nowhere")
_DAY_NS: Final = 86_400 * 10**9


def _said(act: Callable[[], Any], root: Path = _NOWHERE) -> str:
    """Give what is raised, or what comes of it."""
    came: list[Any] = []
    return raised_by(lambda: came.append(act()), root, _MEANT) or f"gives {came[0]!r}"


def _bars(symbol: str = "ONE", timeframe: str = "1d", count: int = 6) -> Bars:
    label = np.arange(count, dtype=np.int64) * _DAY_NS
    close = np.arange(count, dtype=np.float64) + 5
    return Bars(
        symbol, Timeframe.parse(timeframe), label, label + _DAY_NS,
        close, close + 1, close - 1, close, close * 10, close > 6,
    )  # fmt: skip


def columns(folder: Path) -> Outcomes:
    """Make bars of columns that do not fit, and ask for rows that there are not."""
    bars = _bars()
    told: dict[str, dict[str, str]] = {"columns": {}, "rows": {}}
    for name in Bars.__slots__[2:]:
        column = getattr(bars, name)
        others = {
            "shorter": column[:-1],
            "longer": np.append(column, column[:1]),
            "empty": column[:0],
            "in two dimensions": column.reshape(2, 3),
            "of another type": column.astype(np.float32),
            "of objects": column.astype(object),
        }
        for way, other in others.items():
            told["columns"][f"{name} {way}"] = _said(partial(replace, bars, **{name: other}))
        told["columns"][f"{name} is written"] = _said(partial(column.__setitem__, 0, 1))
    for first, last in itertools.product((-1, 0, 1, 5, 6, 7), repeat=2):
        told["rows"][f"{first} to {last}"] = _said(partial(bars.rows, first, last))
    return told


def markets(folder: Path) -> Outcomes:
    """Put together streams that do not go together, and ask for those that are not there."""
    one, weeks, two = _bars(), _bars(timeframe="1w"), _bars("TWO")
    market = MarketData([weeks, two, one])
    empty = market.cut(10**18, None)
    made: dict[str, Callable[[], Any]] = {
        "of nothing": lambda: MarketData([]),
        "of one twice": lambda: MarketData([one, one]),
        "of equal lengths": lambda: MarketData([one, _bars(timeframe="24h")]),
        "of no bars": lambda: MarketData([one.rows(0, -1)]),
        "of streams in no order": lambda: market,
        "with an attribute more": lambda: setattr(market, "symbols", ()),
        "with an attribute less": lambda: delattr(market, "dropped"),
        "without a file": lambda: load_market(
            folder=folder, symbols=[("ONE", ["1d"])], start="2020-01-01"
        ),
    }
    asked: dict[str, Callable[[MarketData], Any]] = {
        "timeframes": lambda m: [str(each) for each in m.timeframes("ONE")],
        "timeframes of nobody": lambda m: m.timeframes("TEN"),
        "base": lambda m: m.base("ONE"),
        "base of nobody": lambda m: m.base("TEN"),
        "a stream": lambda m: m["ONE", "1w"],
        "a stream of another length": lambda m: m["TWO", "1w"],
        "last end": lambda m: m.last_base_end("TWO"),
        "times": lambda m: m.slice_times().tolist(),
        "periods": lambda m: m.periods_per_year(),
        "periods of the second": lambda m: m.periods_per_year("TWO"),
        "equal to itself": lambda m: (m == m, m == MarketData([one])),
        "all": list,
    }
    return {
        "made": {name: _said(act, folder) for name, act in made.items()},
        "asked": {name: _said(partial(act, market)) for name, act in asked.items()},
        "asked without bars": {name: _said(partial(act, empty)) for name, act in asked.items()},
    }


_WAYS_TO: Final[Mapping[State, tuple[Trigger, ...]]] = {
    State.CREATED: (),
    State.INITIALIZED: (Trigger.INITIALIZE,),
    State.RUNNING: (Trigger.INITIALIZE, Trigger.START),
    State.STOPPED: (Trigger.INITIALIZE, Trigger.START, Trigger.STOP),
    State.CLEANED: (Trigger.INITIALIZE, Trigger.START, Trigger.STOP, Trigger.CLEANUP),
}


def _hear(heard: list[str], *move: str) -> None:
    heard.append(" ".join(move))


def lives(folder: Path) -> Outcomes:
    """Ask containers in every state for everything, which then succeeds or fails."""
    told: dict[str, dict[str, str]] = {}
    for state, faulted, trigger in itertools.product(_WAYS_TO, (False, True), Trigger):
        for error in (None, ValueError("a value"), KeyboardInterrupt()):
            heard: list[str] = []
            life = Lifecycle("mine", partial(_hear, heard))
            for way in _WAYS_TO[state]:
                with life.moving(way):
                    pass
            if faulted:
                life.fail()
            begun, how = len(heard), type(error).__name__ if error else "works"
            try:
                with life.moving(trigger):
                    if error is not None:
                        raise error
                said = "done"
            except BaseException as raised:  # noqa: BLE001  # whatever it is, it is told
                said = f"{type(raised).__name__}: {raised}"
            where = f"{state}, then failed" if faulted else str(state)
            told.setdefault(where, {})[f"{trigger}, {how}"] = f"{said}; {heard[begun:]}"
    return told


def _compared(one: TraceLevel, other: str) -> tuple[bool, bool, bool, bool]:
    return one < other, one <= other, one > other, one >= other


def _kept(level: TraceLevel, override: str) -> list[str]:
    return sorted(kept_kinds("a/B", level, {"a*": override}))


def levels(folder: Path) -> Outcomes:
    """Compare levels of traces with one another."""
    pairs = list(itertools.product(TraceLevel, (*TraceLevel, "all")))
    compared = {f"{one} and {other}": _said(partial(_compared, one, other)) for one, other in pairs}
    lower = {f"{one} and {other}": _said(partial(lower_level, one, other)) for one, other in pairs}
    kept = {f"{one} under {other}": _said(partial(_kept, one, other)) for one, other in pairs}
    return {"compared": compared, "lower": lower, "kept": kept}


class _Colour(enum.Enum):
    RED = 1


class _Held(msgspec.Struct):
    """Has what an output may have, under names of its own."""

    inner: Any = None
    trace: Any = "left out"


def outputs(folder: Path) -> Outcomes:
    """Copy values that an output can and cannot hold, at several depths."""
    values: dict[str, Any] = {
        "infinite": math.inf, "no number": math.nan, "bytes": b"x", "a set": {1}, "complex": 1j,
        "a function": len, "an enumeration": _Colour.RED, "a key": {1: 2}, "no key": {None: 1},
        "numbers of numpy": [np.float64(0.1), np.int64(3), np.bool_(True)],
        "arrays": [np.arange(3), np.array([[0.5], [1.5]]), np.array(["a"])],
        "an array of no numbers": np.array([1.0, math.inf]), "tuples": ((1,), ()),
        "an empty mapping": {}, "long": 10**40, "text": "a\n",
    }  # fmt: skip
    depths: dict[str, Callable[[Any], Any]] = {
        "alone": lambda value: value,
        "in a list": lambda value: [0, value],
        "in a mapping": lambda value: {"a": {"b.c": value}},
        "in a part": _Held,
        "in a part of a list": lambda value: [_Held([value])],
        "in a part of a part": lambda value: _Held(_Held({"a": value})),
    }
    return {
        depth: {name: _said(partial(plain_output, put(value))) for name, value in values.items()}
        for depth, put in depths.items()
    }


def stored(folder: Path) -> Outcomes:
    """Write results with parameters of every type, and read them back."""
    values: dict[str, Any] = {
        "a float of numpy": np.float64(0.1), "a short float": np.float32(0.1),
        "an integer of numpy": np.int64(-3), "a short integer": np.uint8(200),
        "a truth of numpy": np.bool_(True), "a long integer": -(2**80), "the longest": 2**64 - 1,
        "one more": 2**64, "a least one": -(2**63), "one less": -(2**63) - 1, "infinite": math.inf,
        "bytes": b"x", "a set": {1}, "a function": len, "an enumeration": _Colour.RED,
        "mappings": {"a": {"b": [1, None, "x"]}}, "a long one within": {"a": [2**70, "x"]},
        "a deep list": [[[[0.5]]]],
    }  # fmt: skip
    return {"parameters": {name: _stored(value, folder) for name, value in values.items()}}


def _stored(value: Any, folder: Path) -> str:
    portfolio = PortfolioResult("mine", "steady", {"value": value}, {"bars": 3}, None, None)
    result = PhaseResult(
        "succeeded", "single_pass", "backtest", best_parameters={"mine.value": value},
        portfolios={"mine.steady": portfolio},
    )  # fmt: skip
    found: list[Any] = []

    def act() -> None:
        read, count = decode_phase(encode_phase(result), folder)
        found.extend(_typed(each) for each in read.best_parameters.values())
        found.append(count)

    return raised_by(act, folder) or f"gives {found}"


def _typed(value: Any) -> str:
    return f"{type(value).__name__} {value!r}"


def documents(folder: Path) -> Outcomes:
    """Read files that are too long, and texts that are none."""

    def sized(count: int) -> Iterator[str]:
        file = folder / "long.yaml"
        file.write_bytes(b"a: 1\n#".ljust(count, b"x"))
        yield _said(lambda: load(file).data, folder)

    told = {
        name: next(sized(count))
        for name, count in (("longest", MAX_BYTES), ("one byte more", MAX_BYTES + 1))
    }
    pipe = folder / "named"
    pipe.symlink_to(folder / "nowhere")
    told["a link to nothing"] = _said(lambda: load(pipe).data, folder)
    told["a folder"] = _said(lambda: load(folder).data, folder)
    told["a device"] = _said(lambda: load(Path("/dev/null")).data, folder)
    told["a name that is none"] = _said(lambda: load(Path("a\0b")).data, folder)
    told["a text"] = _said(lambda: loads("a: [1, 2.5]", "text").data, folder)
    return {"documents": told}


MISUSE: Final[Mapping[str, Callable[[Path], Outcomes]]] = {
    "columns": columns,
    "markets": markets,
    "levels": levels,
    "lives": lives,
    "outputs": outputs,
    "stored": stored,
    "documents": documents,
    "buses": buses,
    "positions": positions,
}
"""By name; each takes an empty folder."""
