"""What runs of ours have of trades, curves and figures, as tables.

A run can be a folder of results, a document of ``parity run --json``, or a record that a
verification has kept. Each has portfolios at several places: phases, and the iterations below them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import xxhash

from containers.nearest import did_you_mean
from containers.results import Trade
from containers.storage import MANIFEST_FILE, RESULT_FILE
from parity.errors import UsageError
from parity.places import phase_of
from parity.stored.raw import read_json_file
from parity.stored.table import FIELDS, Cells, Kind, Table, Type

__all__ = ["Portfolio", "RunResults", "read_record", "read_results", "results_of_document"]

_RECORD: Final = "paritykit/record/1"
_PORTFOLIO: Final = "/portfolio="


class Portfolio(msgspec.Struct):
    """What a run has of one portfolio at one place; null: it was not kept."""

    trades: Sequence[Mapping[str, Any]] | None = None
    curve: Mapping[str, Sequence[Any]] | None = None
    metrics: Mapping[str, Any] | None = None


class RunResults(msgspec.Struct, frozen=True):
    """Portfolios of a run, by structural path and name.

    Attributes:
        source: What they were read from.
        places: By structural path, in the order of the run.
    """

    source: str
    places: Mapping[str, Mapping[str, Portfolio]]

    def place(self, named: str | None) -> str:
        """Choose the place whose portfolios are compared.

        Args:
            named: A structural path, or the name of a phase; null: the only phase that has any.

        Raises:
            UsageError: There is no such place, or several could be meant.
        """
        if not self.places:
            raise UsageError(f"{self.source} has no portfolio at all: nothing can be compared")
        if named is None:
            phases = [place for place in self.places if phase_of(place) == place]
            if len(phases) == 1:
                return phases[0]
            told = ", ".join(phases or list(self.places)[:10])
            raise UsageError(
                f"{self.source} has portfolios at {len(phases)} phases; choose one with --place: "
                f"{told}"
            )
        if named in self.places:
            return named
        of_phase = [
            place
            for place in self.places
            if phase_of(place) == place and place.rpartition("phase=")[2] == named
        ]
        if of_phase:
            return of_phase[-1]  # of several passes the last one's, as in the result itself
        raise UsageError(
            f"{self.source} has no portfolio at '{named}'; {did_you_mean(named, self.places)}"
        )

    def kinds(self, place: str) -> list[Kind]:
        """Say what was kept at a place."""
        portfolios = self.places[place].values()
        kept = {
            Kind.TRADES: any(p.trades is not None for p in portfolios),
            Kind.EQUITY: any(p.curve is not None for p in portfolios),
            Kind.METRICS: any(p.metrics is not None for p in portfolios),
        }
        return [kind for kind, there in kept.items() if there]

    def table(self, kind: Kind, place: str, portfolio: str | None, *, bare: bool) -> Table:
        """Give the portfolios of a place as a table.

        Args:
            kind: Of the table.
            place: A key of `places`.
            portfolio: Only this one; null: all of them.
            bare: Leave the column ``portfolio`` out.

        Raises:
            UsageError: There is no such portfolio, or it was not kept.
        """
        found = self.places[place]
        if portfolio is not None:
            if portfolio not in found:
                hint = did_you_mean(portfolio, found)
                raise UsageError(f"{self.source} has no portfolio '{portfolio}' at {place}; {hint}")
            found = {portfolio: found[portfolio]}
        if kind not in self.kinds(place):
            raise UsageError(f"{self.source} has kept no {kind} at {place}")
        try:
            rows = list(_ROWS[kind](found))
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise UsageError(
                f"{self.source}: its {kind} at {place} are not those of a run ({error}): it was "
                "changed or damaged; run the workflow again"
            ) from None
        types = FIELDS[kind]
        if kind is Kind.METRICS:
            types = {name: types.get(name, Type.FLOAT) for _, row in rows for name in row}
        types = {name: due for name, due in types.items() if name != "portfolio" or not bare}
        columns: dict[str, Cells] = {}
        for name, due in types.items():
            cells = [row.get(name) for _, row in rows]
            columns[name] = Cells(_of(cells, due), cells)
        where = [label for label, _ in rows]
        return Table(kind, self.source, columns, len(rows), lambda row: where[row])


def _of(cells: Sequence[Any], due: Type) -> Type:
    """Give the type of cells of ours: the field's, unless all of them are something else."""
    found = {type(cell) for cell in cells if cell is not None}
    if found == {int} and due is Type.FLOAT:
        return Type.INT
    return due


def _trades(portfolios: Mapping[str, Portfolio]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, portfolio in portfolios.items():
        for number, trade in enumerate(portfolio.trades or ()):
            yield f"{name}: trade {number}", _trade(trade)


def _samples(portfolios: Mapping[str, Portfolio]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, portfolio in portfolios.items():
        curve = portfolio.curve or {"time_ns": (), "equity": ()}
        pairs = zip(curve["time_ns"], curve["equity"], strict=True)
        for number, (time_ns, equity) in enumerate(pairs):
            row = {"portfolio": name, "time_ns": time_ns, "equity": equity}
            yield f"{name}: sample {number}", row


def _figures(portfolios: Mapping[str, Portfolio]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, portfolio in portfolios.items():
        if portfolio.metrics is not None:
            yield name, {"portfolio": name, **portfolio.metrics}


_ROWS: Final[Mapping[Kind, Callable[..., Iterator[tuple[str, Mapping[str, Any]]]]]] = {
    Kind.TRADES: _trades,
    Kind.EQUITY: _samples,
    Kind.METRICS: _figures,
}


def read_results(folder: Path) -> RunResults:
    """Read the folder of a run.

    Raises:
        UsageError: It holds no result, or one that is damaged.
    """
    file = folder / RESULT_FILE
    if not file.is_file():
        raise UsageError(
            f"{folder} holds no {RESULT_FILE}, so no run has come to its end there; name the "
            "folder of a run, or of files called trades, equity and metrics"
        )
    manifest = folder / MANIFEST_FILE
    if manifest.is_file():
        listed = read_json_file(manifest)
        due = [e for e in listed.get("files", ()) if e.get("path") == RESULT_FILE]
        found = xxhash.xxh3_128_hexdigest(file.read_bytes())
        if due and due[0].get("digest") != found:
            raise UsageError(
                f"{file} is not the file that {manifest} lists: it was changed or damaged; run the "
                "workflow again"
            )
    return results_of_document(read_json_file(file), str(file))


def results_of_document(document: Any, source: str) -> RunResults:
    """Read the document of a run, as ``parity run --json`` gives it.

    Raises:
        UsageError: It is not the document of a run.
    """
    places: dict[str, dict[str, Portfolio]] = {}
    try:
        _add_workflow(places, document, "")
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise UsageError(
            f"{source} is not the document of a run ({type(error).__name__}: {error}); make one "
            "with: parity run CONFIG --json FILE"
        ) from None
    return RunResults(source, places)


def _add_workflow(places: dict[str, dict[str, Portfolio]], document: Any, place: str) -> None:
    for number, one in enumerate(document["iterations"]):
        here = f"{place}/iteration={number}" if place else f"iteration={number}"
        for name, phase in one["phase_results"].items():
            _add_portfolios(places, phase, f"{here}/phase={name}")
            for index, iteration in enumerate(phase["iterations"]):
                _add_iteration(places, iteration, f"{here}/phase={name}/window={index}")
        for name, branch in one["branches"].items():
            _add_workflow(places, branch, f"{here}/branch={name}")


def _add_iteration(places: dict[str, dict[str, Portfolio]], iteration: Any, place: str) -> None:
    below = iteration["iterations"]
    _add_portfolios(places, iteration, place if below else f"{place}/unit=0")
    for index, each in enumerate(below):
        _add_iteration(places, each, f"{place}/window={index}")


def _add_portfolios(places: dict[str, dict[str, Portfolio]], found: Any, place: str) -> None:
    portfolios = {
        name: Portfolio(
            trades=told["trades"],
            curve=told["equity_curve"],
            metrics=told["metrics"],
        )
        for name, told in found["portfolios"].items()
    }
    if portfolios:
        places[place] = portfolios


_TRADE: Final = frozenset(field.name for field in msgspec.structs.fields(Trade))


def _trade(row: Mapping[str, Any]) -> Mapping[str, Any]:
    if row.keys() != _TRADE:
        raise ValueError(
            f"a trade has {', '.join(sorted(row.keys() ^ _TRADE))} too much or too few"
        )
    return row


def read_record(path: Path) -> RunResults:
    """Read the record of one subject, as a verification keeps it.

    Args:
        path: Its folder, or the file ``record.json`` in it.

    Raises:
        UsageError: It is no such record.
    """
    file = path / "record.json" if path.is_dir() else path
    return record_results(read_json_file(file), str(file))


def record_results(document: Any, source: str) -> RunResults:
    """Read the document of a record.

    Raises:
        UsageError: It is no such record.
    """
    schema = document.get("schema") if isinstance(document, Mapping) else None
    if schema != _RECORD:
        raise UsageError(f"{source}: found the schema {schema!r}, expected {_RECORD}")
    places: dict[str, dict[str, Portfolio]] = {}
    try:
        for channel, field in (("metrics", "metrics"), ("trades", "trades"), ("equity", "curve")):
            for whole, content in document["channels"].get(channel, {}).items():
                place, slash, name = whole.rpartition(_PORTFOLIO)
                if slash:
                    portfolio = places.setdefault(place, {}).setdefault(name, Portfolio())
                    setattr(portfolio, field, content)
    except (LookupError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{source} is not the record of a run ({type(error).__name__}: {error})"
        ) from None
    return RunResults(source, dict(sorted(places.items(), key=lambda item: _natural(item[0]))))


def _natural(place: str) -> str:
    return re.sub(r"\d+", lambda found: found[0].zfill(12), place)
