"""The iterations of a sequence: which there are, over which bars, with which parameters and draws.

`docs/semantics.md` 8.1 to 8.6, worked out once more from the configuration and the number of bars.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import ROUND_FLOOR, Decimal
from typing import Any, Final

import msgspec

from parity.channels import Channel
from parity.invariants.batch import Ints
from parity.invariants.draws import (
    PARAMETERS,
    changed_strategies,
    combinations,
    noisy,
    space_of,
)
from parity.invariants.findings import Findings
from parity.invariants.market import first_bars
from parity.invariants.nesting import SHIPPED, sequences_of
from parity.invariants.run import Iteration, Phase, Run

__all__ = ["check_windows"]

_LOOK_BACKS: Final[Mapping[str, Callable[[Mapping[str, Any]], int]]] = {
    "momentum": lambda p: max(p["fast_period"], p["slow_period"]),
    "trend": lambda p: max(p["fast_period"], p["slow_period"]),
    "mean_reversion": lambda p: p["lookback"],
    "rsi": lambda p: 5 * p["period"],
    "breakout": lambda p: p["lookback"] + 1,
    "rate_of_change": lambda p: p["lookback"] + 1,
    "volatility": lambda p: p["lookback"] + 1,
    "buy_and_hold": lambda p: 0,
    "ensemble": lambda p: 0,
}
"""The look-back of each shipped component, by `docs/semantics.md` 5.1."""


class _Around(msgspec.Struct, frozen=True):
    """What is around an iteration.

    Attributes:
        first: Its first bar.
        last: Its last bar.
        section: Of the nearest sequence that cut the bars; null where none did.
        spawn_key: Of the random iterations around.
        changes: Parameters of the iterations around; null where they are not known.
        walked: Whether the space is used up.
        earliest: The first bar there is, for warm-up.
        tested: Whether a ``test`` that training has chosen for is around.
    """

    first: int
    last: int
    section: str | None = None
    spawn_key: tuple[int, ...] = ()
    changes: Mapping[str, Any] | None = {}
    walked: bool = False
    earliest: int = 0
    tested: bool = False

    @property
    def bars(self) -> int:
        return self.last - self.first + 1


def check_windows(run: Run, found: Findings) -> None:
    """Hold the iterations that the journal announced against those that there must be."""
    for phase in run.phases:
        if phase.config is None or not (phase.iterations or phase.succeeded):
            continue
        strange = [name for name in sequences_of(phase) if name not in SHIPPED]
        if strange:
            found.passes_over(f"the sequence {strange[0]!r} is a user's own")
            continue
        bars = first_bars(phase.config, run.base_dir)
        _Walk(phase, phase.config, None if bars is None else bars.ends, found).hold()


class _Walk:
    """Walks the announced iterations of a phase beside those that are due."""

    def __init__(
        self, phase: Phase, config: Mapping[str, Any], ends: Ints | None, found: Findings
    ) -> None:
        self._phase: Final = phase
        self._config: Final = config
        self._ends: Final = ends
        self._found: Final = found
        self._all: Final = phase.succeeded

    def hold(self) -> None:
        """Walk from the phase downwards."""
        iterations = self._phase.iterations
        if self._ends is not None:
            bars = len(self._ends)
        elif iterations and iterations[0].name in ("full", "combination", "sample"):
            bars = iterations[0].window["last_bar"] + 1
        else:
            self._found.passes_over("the data are not to be found, so nobody knows how many bars")
            return
        sequences = tuple(sequences_of(self._phase))
        self._body(self._phase.place, iterations, sequences, _Around(0, bars - 1))

    def _body(
        self,
        place: str,
        iterations: Sequence[Iteration],
        sequences: tuple[str, ...],
        around: _Around,
    ) -> None:
        """Hold the iterations of a sequence, or that there are none below a unit."""
        if not sequences:
            self._found.equal(f"{place}: iterations below a unit", 0, len(iterations))
            return
        made_by, *rest = sequences
        if made_by in ("train_test", "in_sample", "out_of_sample"):
            self._halves(place, iterations, made_by, tuple(rest), around)
        elif made_by == "walk_forward":
            self._walk_forward(place, iterations, tuple(rest), around)
        elif made_by == "k_fold":
            self._k_fold(place, iterations, tuple(rest), around)
        elif made_by == "parameter_sweep":
            self._combinations(place, iterations, tuple(rest), around, pieces=None)
        elif made_by == "monte_carlo":
            self._monte_carlo(place, iterations, tuple(rest), around)
        else:
            for one, inside in self._due(place, iterations, [("full", around)]):
                self._finish(one, {}, inside, tuple(rest))

    def _due(
        self, place: str, iterations: Sequence[Iteration], due: Sequence[tuple[str, _Around]]
    ) -> Iterator[tuple[Iteration, _Around]]:
        """Hold number, names and bars of iterations against those due; give those there are."""
        if self._all:
            self._found.equal(f"{place}: number of iterations", len(due), len(iterations))
        elif len(iterations) > len(due):
            self._found.breaks(f"{place}: number of iterations", len(due), len(iterations))
        for iteration, (name, around) in zip(iterations, due, strict=False):
            window = iteration.window
            expected = {"name": name, "first_bar": around.first, "last_bar": around.last}
            if self._ends is not None:
                expected["start_ns"] = int(self._ends[around.first])
                expected["end_ns"] = int(self._ends[around.last])
            shown = {key: window[key] for key in expected}
            self._found.equal(f"{iteration.place}: window", expected, shown)
            yield iteration, around

    def _finish(
        self,
        iteration: Iteration,
        parameters: Mapping[str, Any] | None,
        around: _Around,
        body: tuple[str, ...],
    ) -> None:
        """Hold the rest of an iteration, and what is inside; ``parameters`` null: not known."""
        self._hold_own(iteration, parameters, around)
        changes = None
        if around.changes is not None:
            changes = {**around.changes, **iteration.parameters}
        inside = msgspec.structs.replace(around, changes=changes)
        if not body:
            self._hold_warm_up(iteration, inside)
        elif not iteration.below:
            self._incomplete(iteration)
            return
        else:
            self._found.equal(f"{iteration.place}: warmup_bars", 0, iteration.window["warmup_bars"])
        self._body(iteration.place, iteration.below, body, inside)

    def _incomplete(self, iteration: Iteration) -> None:
        """Note iterations that must have some below them and have none, unless the phase failed."""
        if self._all:
            self._found.breaks(f"{iteration.place}: iterations", "at least 1", 0)

    def _hold_own(
        self, iteration: Iteration, parameters: Mapping[str, Any] | None, around: _Around
    ) -> None:
        started, place = iteration.started, iteration.place
        if parameters is not None:
            self._found.equal(
                f"{place}: parameters", list(parameters.items()), list(iteration.parameters.items())
            )
        self._found.equal(f"{place}: seed", self._config["random_seed"], started["seed"])
        key = list(started["spawn_key"])
        self._found.equal(f"{place}: spawn_key", list(around.spawn_key), key)

    def _hold_warm_up(self, leaf: Iteration, around: _Around) -> None:
        due = 0
        if around.section is not None:
            asked = self._config[around.section]["warmup_bars"]
            if asked == "auto":
                asked = self._look_back(around)
            if asked is None:
                return
            due = min(asked, around.first - around.earliest)
        self._found.equal(f"{leaf.place}: warmup_bars", due, leaf.window["warmup_bars"])

    def _look_back(self, around: _Around) -> int | None:
        """Give the largest look-back of what the unit has; null where that is not known."""
        topology, config = self._phase.topology, self._config
        if topology == "signal_replay":
            return 0
        if around.changes is None:
            return None
        items = list(config["classifiers"])
        try:
            if topology == "optimization" and not around.tested:
                for combination, _ in combinations(config, around.spawn_key):
                    items += changed_strategies(config, {**around.changes, **combination})
            elif topology != "analysis":
                items += changed_strategies(config, around.changes)
            return max([_LOOK_BACKS[i["type"]](i["parameters"]) for i in items], default=0)
        except LookupError:
            return None  # components of a user's own

    def _space(self, around: _Around) -> dict[str, Any]:
        return {} if around.walked else space_of(self._config, self._replayed())

    def _replayed(self) -> frozenset[str]:
        if self._phase.topology != "signal_replay":
            return frozenset()
        strategies = self._config["strategies"]
        return frozenset(item["name"] for item in strategies if item["type"] != "ensemble")

    def _halves(
        self,
        place: str,
        iterations: Sequence[Iteration],
        made_by: str,
        body: tuple[str, ...],
        around: _Around,
    ) -> None:
        ratio = Decimal(repr(self._config["train_test"]["train_ratio"]))
        split = int((ratio * around.bars).to_integral_value(ROUND_FLOOR))
        train = self._cut(around, "train_test", around.first, around.first + split - 1)
        test = self._cut(around, "train_test", around.first + split, around.last)
        if made_by == "in_sample":
            for one, inside in self._due(place, iterations, [("train", train)]):
                self._finish(one, {}, inside, body)
            return
        if made_by == "out_of_sample":
            for one, inside in self._due(place, iterations, [("test", test)]):
                self._finish(one, {}, inside, body)
            return
        self._train_and_test(place, iterations, body, train, None, test)

    def _train_and_test(
        self,
        place: str,
        iterations: Sequence[Iteration],
        body: tuple[str, ...],
        train: _Around,
        pieces: Sequence[_Around] | None,
        test: _Around,
    ) -> None:
        chosen: Mapping[str, Any] | None = {}
        for one, inside in self._due(place, iterations, [("train", train), ("test", test)]):
            if one.name == "train":
                chosen = self._train(one, body, inside, pieces)
            else:
                walked = msgspec.structs.replace(inside, walked=True, tested=True)
                self._finish(one, chosen, walked, body)

    def _train(
        self,
        train: Iteration,
        body: tuple[str, ...],
        around: _Around,
        pieces: Sequence[_Around] | None,
    ) -> Mapping[str, Any] | None:
        """Hold a train, and give the parameters that its test must have; null: not known."""
        optimises = bool(self._space(around))
        together = self._phase.topology == "optimization"
        if not optimises or together:
            if pieces is None:
                self._finish(train, {}, around, body)
            else:
                self._hold_own(train, {}, around)
                self._pieces(train, body, pieces)
            if not optimises:
                return {}
        else:
            self._hold_own(train, {}, around)
            self._combinations(train.place, train.below, body, around, pieces)
        outputs = self._phase.run.get(Channel.OUTPUTS, train.own)
        return outputs.get("best_parameters")

    def _pieces(
        self, iteration: Iteration, body: tuple[str, ...], pieces: Sequence[_Around]
    ) -> None:
        around = [
            msgspec.structs.replace(
                piece, changes={**(piece.changes or {}), **iteration.parameters}
            )
            if piece.changes is not None
            else piece
            for piece in pieces
        ]
        due = [("piece", piece) for piece in around]
        for one, inside in self._due(iteration.place, iteration.below, due):
            self._finish(one, {}, inside, body)

    def _combinations(
        self,
        place: str,
        iterations: Sequence[Iteration],
        body: tuple[str, ...],
        around: _Around,
        pieces: Sequence[_Around] | None,
    ) -> None:
        try:
            drawn = list(combinations(self._config, around.spawn_key, self._replayed()))
        except LookupError:
            self._found.passes_over("the space has parameters of a user's own components")
            return
        due = [
            ("combination", msgspec.structs.replace(around, spawn_key=key, walked=True))
            for _, key in drawn
        ]
        walk = self._due(place, iterations, due)
        for (parameters, key), (one, inside) in zip(drawn, walk, strict=False):
            if pieces is None:
                self._finish(one, parameters, inside, body)
                continue
            self._hold_own(one, parameters, inside)
            walked = [msgspec.structs.replace(p, spawn_key=key, walked=True) for p in pieces]
            self._pieces(one, body, walked)

    def _monte_carlo(
        self, place: str, iterations: Sequence[Iteration], body: tuple[str, ...], around: _Around
    ) -> None:
        section = self._config["monte_carlo"]
        bootstraps = section["method"] == "block_bootstrap"
        due = []
        for index in range(section["iterations"]):
            sample = msgspec.structs.replace(around, spawn_key=(*around.spawn_key, index))
            if bootstraps:  # there is no bar before drawn ones
                sample = msgspec.structs.replace(sample, earliest=around.first)
            due.append(("sample", sample))
        for one, inside in self._due(place, iterations, due):
            self._finish(one, {} if bootstraps else self._noise(inside), inside, body)

    def _noise(self, around: _Around) -> Mapping[str, Any] | None:
        if around.changes is None:
            return None
        if any(item["type"] not in PARAMETERS for item in self._config["strategies"]):
            self._found.passes_over("the noise is on parameters of a user's own components")
            return None
        return noisy(self._config, around.changes, around.spawn_key)

    def _walk_forward(
        self, place: str, iterations: Sequence[Iteration], body: tuple[str, ...], around: _Around
    ) -> None:
        section = self._config["walk_forward"]
        train_bars, test_bars = section["train_bars"], section["test_bars"]
        step = test_bars if section["step_bars"] is None else section["step_bars"]
        halves: list[tuple[_Around, _Around]] = []
        while True:
            shift = len(halves) * step
            begin = around.first + shift + train_bars
            if begin + test_bars - 1 > around.last:
                break
            start = around.first if section["anchored"] else around.first + shift
            train = self._cut(around, "walk_forward", start, begin - 1)
            test = self._cut(around, "walk_forward", begin, begin + test_bars - 1)
            halves.append((train, test))
        self._found.holds(f"{place}: number of windows", bool(halves), "at least 1", len(halves))
        due = [("window", msgspec.structs.replace(train, last=test.last)) for train, test in halves]
        walk = self._due(place, iterations, due)
        for (train, test), (one, inside) in zip(halves, walk, strict=False):
            self._hold_own(one, {}, inside)
            self._train_and_test(one.place, one.below, body, train, None, test)

    def _k_fold(
        self, place: str, iterations: Sequence[Iteration], body: tuple[str, ...], around: _Around
    ) -> None:
        section = self._config["k_fold"]
        folds, embargo, n = section["folds"], section["embargo_bars"], around.bars
        made = []
        for j in range(folds):
            first = around.first + (j * n) // folds
            last = around.first + ((j + 1) * n) // folds - 1
            test = self._cut(around, "k_fold", first, last)
            bounds = [(around.first, first - embargo - 1), (last + embargo + 1, around.last)]
            pieces = [self._cut(around, "k_fold", a, b) for a, b in bounds if a <= b]
            train = self._cut(around, "k_fold", pieces[0].first, pieces[-1].last)
            made.append((train, pieces, test))
        due = [
            (
                "fold",
                self._cut(
                    around, "k_fold", min(train.first, test.first), max(train.last, test.last)
                ),
            )
            for train, _, test in made
        ]
        walk = self._due(place, iterations, due)
        for (train, pieces, test), (one, inside) in zip(made, walk, strict=False):
            self._hold_own(one, {}, inside)
            self._train_and_test(one.place, one.below, body, train, pieces, test)

    def _cut(self, around: _Around, section: str, first: int, last: int) -> _Around:
        return msgspec.structs.replace(around, first=first, last=last, section=section)
