"""What iterations and phases come to, made from their units upwards. `docs/semantics.md` 8.3.

`derive` gives what a phase must come to, and on the way holds what the record has at every
iteration against what follows from the iterations below it. A unit itself is taken as it is: other
checks hold it against its trace.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np

from containers.events import EventKind
from containers.results import Trade
from parity.channels import Channel
from parity.invariants.accounting import differing
from parity.invariants.books import books_of
from parity.invariants.figures import FIGURES, add_up, figures_of
from parity.invariants.findings import Findings, alike
from parity.invariants.nesting import Role
from parity.invariants.ranking import best_of
from parity.invariants.run import Iteration, Phase, Run
from parity.invariants.statistics import aggregate, means
from parity.invariants.trading import trades_of

__all__ = ["BarsNotKeptError", "Content", "Portfolio", "Tree"]

_KINDS: Final = (EventKind.BAR, EventKind.FILL, EventKind.PORTFOLIO_UPDATE)
_SUMMED: Final = ("final_equity", "num_trades", "total_commission")


class Portfolio(msgspec.Struct, frozen=True):
    """A portfolio of something.

    Attributes:
        about: Its strategy, profile and parameters.
        metrics: Its figures.
        trades: Its trades; null where nobody knows them.
        curve: Times and equity of its samples; null where nobody knows them.
    """

    about: Mapping[str, Any]
    metrics: Mapping[str, Any]
    trades: tuple[Trade, ...] | None
    curve: tuple[Any, Any] | None


class Content(msgspec.Struct, frozen=True):
    """What an iteration or a phase comes to; the fields are those of results."""

    portfolios: Mapping[str, Portfolio]
    metrics: Mapping[str, Any]
    best_portfolio: str | None
    aggregate_metrics: Mapping[str, Any]
    best_parameters: Mapping[str, Any]
    signals: Mapping[str, Any] | None


class BarsNotKeptError(Exception):
    """A trace does not keep the bars by which windows are cut."""


class Tree:
    """The iterations of one phase, and what each comes to.

    Args:
        phase: The phase, which has succeeded.
        roles: What every iteration is, by place.
        found: Where what is wrong is noted.
    """

    def __init__(self, phase: Phase, roles: Mapping[str, Role], found: Findings) -> None:
        self._phase: Final = phase
        self._run: Final[Run] = phase.run
        assert phase.config is not None  # it has succeeded
        self._config: Final = phase.config
        self._roles: Final = roles
        self._found: Final = found
        self._units = self._units_by_place()

    def hold(self, sequences: Sequence[str]) -> None:
        """Hold every iteration, and the phase, against what is below."""
        parts = [self._of(iteration) for iteration in self._phase.iterations]
        place = self._phase.place
        due = self._comes_to(place, sequences[0], self._phase.iterations, parts)
        self._compare(place, due)

    def _of(self, iteration: Iteration) -> Content:
        if not iteration.below:
            return self._of_unit(iteration)
        parts = [self._of(below) for below in iteration.below]
        role = self._roles[iteration.place]
        if role.holds == "halves":
            due = self._of_halves(parts)
        elif role.holds == "combinations":
            due = self._of_best(iteration.below, parts)
        elif role.holds == "pieces":
            due = self._of_pieces(iteration.own, parts)
        else:
            due = self._comes_to(iteration.own, role.inside[0], iteration.below, parts)
        self._compare(iteration.own, due)
        return due

    def _comes_to(
        self, place: str, sequence: str, iterations: Sequence[Iteration], parts: Sequence[Content]
    ) -> Content:
        if sequence in ("single_pass", "in_sample", "out_of_sample"):
            return parts[0]
        if sequence == "train_test":
            return self._of_halves(parts)
        if sequence == "parameter_sweep":
            return self._of_best(iterations, parts)
        metrics = [part.metrics for part in parts]
        if sequence == "monte_carlo":
            return Content({}, means(metrics), None, aggregate(metrics), {}, None)
        tests = [iteration.below[1] for iteration in iterations]
        chained = self._chained(place, parts, self._cuts(sequence, tests))
        if not chained:
            chosen = means(metrics)
            best = None
        else:
            names = list(chained)
            index = best_of([p.metrics for p in chained.values()], self._config["objective"])
            best, chosen = names[index], dict(chained[names[index]].metrics)
        return Content(
            chained, chosen, best, aggregate(metrics), parts[-1].best_parameters,
            _joined(parts, self._cuts(sequence, tests)),
        )  # fmt: skip

    def _of_halves(self, parts: Sequence[Content]) -> Content:
        train, test = parts
        return msgspec.structs.replace(test, best_parameters=train.best_parameters)

    def _of_best(self, iterations: Sequence[Iteration], parts: Sequence[Content]) -> Content:
        metrics = [part.metrics for part in parts]
        best = best_of(metrics, self._config["objective"])
        return msgspec.structs.replace(
            parts[best],
            aggregate_metrics=aggregate(metrics),
            best_parameters=iterations[best].parameters,
        )

    def _of_pieces(self, place: str, parts: Sequence[Content]) -> Content:
        metrics = [part.metrics for part in parts]
        chained = self._chained(place, parts, [None] * len(parts))
        best, chosen = None, means(metrics)
        if chained:
            names = list(chained)
            index = best_of([p.metrics for p in chained.values()], self._config["objective"])
            best, chosen = names[index], dict(chained[names[index]].metrics)
        recorded = self._run.get(Channel.OUTPUTS, place)
        # With `optimization` the chosen portfolio says whose parameters: units tell, see `choices`.
        parameters = recorded["best_parameters"] if self._phase.topology == "optimization" else {}
        signals = _joined(parts, [None] * len(parts))
        return Content(chained, chosen, best, aggregate(metrics), parameters, signals)

    def _cuts(self, sequence: str, tests: Sequence[Iteration]) -> list[int | None]:
        """Give the time before which each test counts, where windows step by less than a test."""
        section = self._config.get("walk_forward", {})
        step = section.get("step_bars")
        if sequence != "walk_forward" or step is None or step >= section["test_bars"]:
            return [None] * len(tests)
        return [self._end_of(test.window["first_bar"] + step, test) for test in tests]

    def _end_of(self, bar: int, test: Iteration) -> int | None:
        """Give the end of a base bar of the first symbol, or what cuts the units of a test alike.

        Null: none of them goes so far.
        """
        later: list[int] = []
        for place, (batch, number) in self._units.items():
            window = batch.units[number].leaf.window
            if not place.startswith(f"{test.place}/"):
                continue
            if window["first_bar"] > bar:
                later.append(window["start_ns"])
            elif bar <= window["last_bar"]:
                base = batch.base_bars
                first = number * len(batch.symbols)
                start, stop = np.searchsorted(base.symbol, [first, first + 1]).tolist()
                times = base.time_ns[start:stop]
                first_at = int(np.searchsorted(times, window["start_ns"]))
                at = first_at + bar - window["first_bar"]
                if at >= len(times) or times[first_at] != window["start_ns"]:
                    raise BarsNotKeptError(f"{place}: its trace does not keep all bars")
                return int(times[at])
        return min(later, default=None)

    def _chained(
        self, place: str, parts: Sequence[Content], cuts: Sequence[int | None]
    ) -> dict[str, Portfolio]:
        capital = float(self._config["portfolio"]["initial_capital"])
        chained: dict[str, Portfolio] = {}
        for name, last in parts[-1].portfolios.items():
            pieces = [part.portfolios[name] for part in parts if name in part.portfolios]
            if any(piece.curve is None or piece.trades is None for piece in pieces):
                # Neither kept nor traced in full: what the record has is taken as it is.
                self._found.passes_over("curves of units were neither kept nor traced")
                chained[name] = self._portfolio(f"{place}/portfolio={name}", last.about, name)
                continue
            times, equity, trades = _chain(pieces, cuts, capital)
            periods = last.metrics.get("periods_per_year")
            assert isinstance(periods, float)  # a portfolio with a curve has figures
            figures = figures_of(capital, equity, trades, periods, None)
            chained[name] = Portfolio(last.about, figures, tuple(trades), (times, equity))
        return chained

    def _of_unit(self, leaf: Iteration) -> Content:
        """Take what the record has of a unit, and hold against it what it says of its best."""
        place = leaf.own
        outputs = self._run.get(Channel.OUTPUTS, place)
        portfolios = {
            name: self._portfolio(f"{place}/portfolio={name}", about, name)
            for name, about in outputs["portfolios"].items()
        }
        content = Content(
            portfolios=portfolios,
            metrics=self._run.get(Channel.METRICS, place),
            best_portfolio=outputs["best_portfolio"],
            aggregate_metrics=outputs["aggregate_metrics"],
            best_parameters=outputs["best_parameters"],
            signals=outputs["signals"],
        )
        if portfolios:
            metrics = [portfolio.metrics for portfolio in portfolios.values()]
            best = best_of(metrics, self._config["objective"])
            name = list(portfolios)[best]
            self._found.equal(f"{place}: best_portfolio", name, content.best_portfolio)
            self._found.equal(f"{place}: metrics", dict(metrics[best]), dict(content.metrics))
            due = _sums(metrics, float(self._config["portfolio"]["initial_capital"]))
            self._found.equal(f"{place}: aggregate_metrics", due, content.aggregate_metrics)
        elif self._phase.topology in ("signal_generation", "analysis"):
            self._found.equal(f"{place}: metrics", {}, dict(content.metrics))
            self._found.equal(f"{place}: best_portfolio", None, content.best_portfolio)
        return content

    def _portfolio(self, place: str, about: Mapping[str, Any], name: str) -> Portfolio:
        trades = self._run.channel(Channel.TRADES).get(place)
        recorded = self._run.channel(Channel.EQUITY).get(place)
        curve = None if recorded is None else (recorded.time_ns, recorded.equity)
        unit = place.rpartition("/portfolio=")[0]
        if (trades is None or curve is None) and unit in self._units:
            batch, number = self._units[unit]
            if batch.keeps(*_KINDS)[number]:
                code = number * len(batch.portfolios) + batch.portfolios[name]
                trades = trades_of(batch, code, name)
                curve = _curve(batch, code)
        metrics = self._run.get(Channel.METRICS, place)
        kept = None if trades is None else tuple(trades)
        return Portfolio(
            {k: about[k] for k in ("strategy", "profile", "parameters")}, metrics, kept, curve
        )

    def _units_by_place(self) -> dict[str, tuple[Any, int]]:
        return {
            unit.place: (batch, number)
            for batch in self._phase.batches
            for number, unit in enumerate(batch.units)
        }

    def _compare(self, place: str, due: Content) -> None:
        outputs = self._run.get(Channel.OUTPUTS, place)
        found, record = self._found, self._run
        found.equal(f"{place}: best_portfolio", due.best_portfolio, outputs["best_portfolio"])
        shown = dict(record.get(Channel.METRICS, place))
        _equal_tree(f"{place}: metrics", dict(due.metrics), shown, found)
        for name in ("aggregate_metrics", "best_parameters", "signals"):
            _equal_tree(f"{place}: {name}", getattr(due, name), outputs[name], found)
        names = list(outputs["portfolios"])
        if not found.equal(f"{place}: portfolios", list(due.portfolios), names):
            return
        for name, portfolio in due.portfolios.items():
            here = f"{place}/portfolio={name}"
            about = {k: outputs["portfolios"][name][k] for k in portfolio.about}
            found.equal(f"{here}: strategy, profile, parameters", dict(portfolio.about), about)
            self._compare_portfolio(here, portfolio)

    def _compare_portfolio(self, place: str, due: Portfolio) -> None:
        found, record = self._found, self._run
        if due.metrics:
            shown = record.get(Channel.METRICS, place)
            for name in FIGURES:
                found.equal(f"{place}: {name}", due.metrics[name], shown.get(name))
        trades = record.channel(Channel.TRADES).get(place)
        if trades is not None and due.trades is not None:
            found.compared += len(due.trades)
            if tuple(trades) != due.trades:
                at = next(
                    (i for i, (a, b) in enumerate(zip(due.trades, trades, strict=False)) if a != b),
                    min(len(due.trades), len(trades)),
                )
                found.breaks(
                    f"{place}: trade {at}",
                    due.trades[at] if at < len(due.trades) else None,
                    trades[at] if at < len(trades) else None,
                )  # fmt: skip
        curve = record.channel(Channel.EQUITY).get(place)
        if curve is None or due.curve is None:
            return
        times, equity = np.asarray(due.curve[0]), np.asarray(due.curve[1], np.float64)
        if not found.equal(f"{place}: samples", len(times), len(curve.equity)):
            return
        found.compared += len(times)
        wrong = (times != curve.time_ns) | differing(equity, curve.equity)
        for row in np.flatnonzero(wrong)[:1].tolist():
            found.breaks(
                f"{place}: sample {row}",
                {"time_ns": int(times[row]), "equity": float(equity[row])},
                {"time_ns": int(curve.time_ns[row]), "equity": float(curve.equity[row])},
            )


def _equal_tree(place: str, due: Any, shown: Any, found: Findings) -> None:
    """Hold trees against each other, and name the first leaf that differs."""
    found.compared += 1
    if due is shown or alike(due, shown):
        return
    path = place
    while isinstance(due, Mapping) and isinstance(shown, Mapping):
        keys = [
            key
            for key in [*due, *shown]
            if key not in due or key not in shown or not alike(due[key], shown[key])
        ]
        path, due, shown = f"{path}.{keys[0]}", due.get(keys[0]), shown.get(keys[0])
    found.breaks(path, due, shown)


def _curve(batch: Any, code: int) -> tuple[Any, Any]:
    books, updates = books_of(batch), batch[EventKind.PORTFOLIO_UPDATE]
    rows = books.updates[books.samples.get(code, slice(0, 0))]
    return updates.time_ns[rows], updates.floats("equity")[rows]


def _chain(
    pieces: Sequence[Portfolio], cuts: Sequence[int | None], capital: float
) -> tuple[list[int], list[float], list[Trade]]:
    times: list[int] = []
    equity: list[float] = []
    trades: list[Trade] = []
    value = capital
    for piece, cut in zip(pieces, cuts, strict=True):
        if value <= 0.0:
            break
        before, last_ns = capital, None
        assert piece.curve is not None  # its caller has looked
        assert piece.trades is not None
        for time_ns, sample in zip(*map(_listed, piece.curve), strict=True):
            if cut is not None and time_ns >= cut:
                break
            value = value * (1.0 + (sample / before - 1.0))
            before, last_ns = sample, time_ns
            times.append(time_ns)
            equity.append(value)
            if value <= 0.0:
                break
        if last_ns is not None:
            trades += [trade for trade in piece.trades if trade.exit_time <= last_ns]
    return times, equity, trades


def _listed(values: Any) -> list[Any]:
    listed: list[Any] = values if isinstance(values, list) else values.tolist()
    return listed


def _joined(parts: Sequence[Content], cuts: Sequence[int | None]) -> dict[str, Any] | None:
    """Put the signals of tests one after the other, each cut like its samples."""
    kept = [(part.signals, cut) for part, cut in zip(parts, cuts, strict=True)]
    if any(signals is None for signals, _ in kept):
        return None
    rows = [
        row
        for signals, cut in kept
        for row in (signals or {})["rows"]
        if cut is None or row["time_ns"] < cut
    ]
    return {"strategies": (kept[-1][0] or {})["strategies"], "rows": rows}


def _sums(metrics: Sequence[Mapping[str, Any]], capital: float) -> dict[str, Any]:
    """Sum up the portfolios of a unit. `docs/semantics.md` 9.2."""
    summed: dict[str, Any] = {}
    for name in _SUMMED:
        values = [found[name] for found in metrics]
        summed[name] = None if None in values else _total(values, whole=name == "num_trades")
    initial = add_up(capital for _ in metrics)
    final = summed["final_equity"]
    return {
        "portfolios": len(metrics),
        "initial_capital": initial if np.isfinite(initial) else None,
        "final_equity": final,
        "total_return": None
        if final is None or not np.isfinite(initial)
        else _finite(final / initial - 1.0),
        "num_trades": summed["num_trades"],
        "total_commission": summed["total_commission"],
    }


def _total(values: Iterator[Any] | Sequence[Any], *, whole: bool) -> Any:
    return sum(values) if whole else _finite(add_up(values))


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
