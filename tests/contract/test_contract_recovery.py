"""A container that raises in any phase of its life, in any topology and storage mode: section 10.

One workflow has a phase of each topology, of which the second unit fails, between phases that do
not. What is told of a failing unit is held against `expected_moves`, section 10.2 once more. In
another one, whose units run on processes, all units from some bar on fail.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from containers.components import Components, default_components
from containers.container import Act, Container, Role, Step
from containers.executors import UnitExecutor, open_executor
from containers.failures import path_text
from containers.journal import Entry, ErrorRaised, JournalPath, LifecycleMoved, TopologyBuilt
from containers.results import ErrorInfo, IterationResult, PhaseResult, WorkflowResult
from containers.storage import decode_unit
from containers.storage.log import LogReader, recover
from containers.trading import (
    ClassifierContainer,
    DataContainer,
    ExecutionContainer,
    FeaturesContainer,
    PortfolioContainer,
    RiskContainer,
    StrategyContainer,
)
from parity.channels import Channel
from parity.comparison.records import compare_records
from parity.record import Record, record_of_run
from parity.recording.files import FOLDER
from parity.verdicts import Verdict
from tests.contract.conftest import ENGINES, Config, made
from tests.contract.definitions import Definition, workflow
from tests.contract.market import bars_of, end_ns

ACTIVITIES: Final = ("initialize", "start", "execute", "collect", "stop", "cleanup")
STORAGES: Final = ("memory", "disk", "hybrid")
SHIPPED: Final[Mapping[Role, type[Container]]] = {
    Role.DATA: DataContainer,
    Role.FEATURES: FeaturesContainer,
    Role.CLASSIFIER: ClassifierContainer,
    Role.STRATEGY: StrategyContainer,
    Role.PORTFOLIO: PortfolioContainer,
    Role.RISK: RiskContainer,
    Role.EXECUTION: ExecutionContainer,
}
TESTED: Final = ("backtest", "optimization", "signal_generation", "signal_replay", "analysis")
"""Topologies, each that of a phase of the same name, which has 2 units."""
SOUND: Final = ("sweep", "heard")
"""Phases before these, of 2 units and of 1."""
GUILTY: Final = frozenset(range(5, 15, 2))
"""The second unit of each of these phases, counted over the run from 1."""

INPUTS: Final = {
    "signal_replay": {"signals": "${heard.signals}"},
    "analysis": {"result": "${sweep}"},
}
SPREAD: Final = workflow(
    {"name": "sweep", "sequence": "parameter_sweep"},
    {"name": "walk", "sequence": "walk_forward", "depends_on": "sweep"},
    {"name": "behind", "depends_on": "walk"},
    {"name": "beside", "sequence": "parameter_sweep"},
)
"""The test of the second window of `walk` is the first over bars from `FIRST_GUILTY` on."""
WALK: Final = {"train_bars": 6, "test_bars": 3}
FIRST_GUILTY: Final = 3 + 6

WORKFLOW: Final = workflow(
    {"name": "sweep", "sequence": "parameter_sweep"},
    {"name": "heard", "topology": "signal_generation"},
    *(
        {
            "name": topology,
            "topology": topology,
            "sequence": "monte_carlo",
            "inputs": INPUTS.get(topology, {}),
            "depends_on": list(SOUND),
        }
        for topology in TESTED
    ),
    {"name": "behind", "depends_on": ["heard", *TESTED]},
    {"name": "beside"},
)


class BoomError(RuntimeError):
    """What guilty containers raise."""


class Units:
    """Says of the unit that runs in a process whether it is guilty, and counts those that ran.

    Args:
        guilty: Numbers of those that are, from 1.
        guilty_from_ns: Those over windows that begin then or later are as well, if the windows have
            a warm-up; null: they are not.
    """

    def __init__(
        self, guilty: frozenset[int] = frozenset(), guilty_from_ns: int | None = None
    ) -> None:
        self.count = 0
        self.guilty = guilty
        self.guilty_from_ns = guilty_from_ns
        self.is_guilty = False

    def begin(self, data: Container) -> None:
        """Begin a unit with its only data container, which is the first to be initialised."""
        self.count += 1
        from_ns = data.settings()["trading_from_ns"]
        self.is_guilty = self.count in self.guilty or (
            None not in (from_ns, self.guilty_from_ns) and from_ns >= self.guilty_from_ns
        )


def container(role: Role, activities: Sequence[str], units: Units) -> type[Container]:
    """Give a class of containers that raise in ``activities`` of guilty units."""
    base = SHIPPED[role]

    def raising(activity: str) -> Any:
        hook = getattr(base, f"on_{activity}")

        def wrapped(self: Container, *arguments: Any) -> Any:
            if role is Role.DATA and activity == "initialize":
                units.begin(self)
            answer = hook(self, *arguments)
            if units.is_guilty and activity in activities:
                raise BoomError(f"{activity} of {self.id}")
            return answer

        return wrapped

    def acts(self: Container) -> Mapping[Step, Act]:
        its = dict(base.acts(self))
        own = its.get(Step.CLASSIFICATION)

        def act() -> None:
            if units.is_guilty:
                raise BoomError(f"execute of {self.id}")
            if own is not None and own.when:
                own.run()

        return {**its, Step.CLASSIFICATION: Act(act)}

    body: dict[str, Any] = {f"on_{a}": raising(a) for a in ACTIVITIES if a != "execute"}
    if "execute" in activities:
        body["acts"] = acts
    return type(f"Guilty{base.__name__}", (base,), body)


def other(role: Role) -> Role:
    """Give a role whose cleanup fails as well: later errors are attached to the first."""
    return Role.FEATURES if role is Role.DATA else Role.DATA


def components(role: Role, activity: str, units: Units) -> Components:
    """Give components of which ``role`` fails in ``activity``, and another one in its cleanup."""
    classes: dict[str, type[Container]] = {
        role.value: container(role, [activity], units),
        other(role).value: container(other(role), ["cleanup"], units),
    }
    classes.setdefault("data", container(Role.DATA, [], units))
    return msgspec.structs.replace(default_components(), containers=classes)


@dataclass(frozen=True)
class Ran:
    """A run, and what is known of it."""

    result: WorkflowResult
    entries: list[Entry]
    folder: Path
    record: Record

    def moves(self, path: JournalPath) -> list[tuple[str, str]]:
        """Give the moves of the containers of a unit as (container, trigger)."""
        records = [entry.record for entry in self.entries if entry.path == path]
        return [(r.container, r.trigger) for r in records if isinstance(r, LifecycleMoved)]

    def containers(self, path: JournalPath) -> list[tuple[str, str]]:
        """Give the containers of a unit as (id, role), in topology order."""
        (built,) = [
            entry.record
            for entry in self.entries
            if entry.path == path and isinstance(entry.record, TopologyBuilt)
        ]
        return [(each.id, each.role) for each in built.containers]

    def errors(self, path: JournalPath) -> list[ErrorInfo]:
        """Give the errors that are told at a path."""
        records = [entry.record for entry in self.entries if entry.path == path]
        return [r.error for r in records if isinstance(r, ErrorRaised)]


def run(
    engine: str,
    config: Config,
    root: Path,
    components: Components,
    *,
    definition: Definition = WORKFLOW,
    executor: UnitExecutor | None = None,
    resume: bool = False,
) -> Ran:
    entries: list[Entry] = []
    subject = made(
        engine, [definition], root / "patterns", root=root, consumers=[entries.append],
        components=components, executor=executor,
    )  # fmt: skip
    result = subject.run_workflow(config, "mine", resume=resume)
    folder = root / "results" / "mine"
    record = record_of_run("one", result, entries, 0.0, root=root, folder=folder)
    return Ran(result, entries, folder, record)


@pytest.fixture
def small(study: Config) -> Config:
    """A configuration for `WORKFLOW`, on 16 bars."""
    return {
        **study,
        "data": {**study["data"], "end_date": "2024-01-22"},
        "strategies": [
            {"type": "momentum", "parameters": {"fast_period": 1, "slow_period": 2}},
            {"type": "ensemble", "parameters": {"members": {"momentum": 1}}},
        ],
        "classifiers": [{"type": "trend", "parameters": {"fast_period": 1, "slow_period": 2}}],
        "parameter_space": {"momentum.slow_period": [2, 3]},
        "monte_carlo": {"iterations": 2},
        "trace_level": "minimal",
    }


def stored(config: Config, storage: str) -> Config:
    """Give a configuration that keeps all trades and curves, but for ``hybrid``."""
    full = storage != "hybrid"
    return {**config, "results": {"storage": storage, "store_full_results": full}}


def expected_moves(
    containers: Sequence[tuple[str, str]], role: Role, activity: str
) -> list[tuple[str, str]]:
    """Say how the containers of a guilty unit move: section 10.2 once more."""
    moves: list[tuple[str, str]] = []
    raises = {
        (name, what)
        for who, what in ((role, activity), (other(role), "cleanup"))
        for name in _able(containers, who)
    }
    names = [name for name, _ in containers]
    running: list[str] = []
    touched: list[str] = []

    def forward(what: str) -> bool:
        for name in names:
            if what == "initialize":
                touched.append(name)
            if (name, what) in raises:
                moves.append((name, "fail"))
                if name in running:
                    running.remove(name)
                return False
            if what == "start":
                running.append(name)
            if what != "execute":
                moves.append((name, what))
        return True

    # The first that fails ends this.
    any(not forward(what) for what in ("initialize", "start", "execute", "collect"))
    for what, who in (("stop", running), ("cleanup", touched)):
        moves += [(name, "fail" if (name, what) in raises else what) for name in who[::-1]]
    return moves


def _able(containers: Sequence[tuple[str, str]], role: Role) -> list[str]:
    """Give the containers of a role that can be made to fail: those that are no replays."""
    replays = {"features", "execution"} & {its for _, its in containers} == {"execution"}
    return [
        name
        for name, its in containers
        if its == role and not (replays and name.startswith("strategy/momentum"))
    ]


def unit_path(phase: str, *keys: int) -> JournalPath:
    """Give the path of a unit of a phase."""
    windows: JournalPath = tuple(("window", key) for key in keys)
    return (("iteration", 0), ("phase", phase), *windows, ("unit", 0))


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("activity", ACTIVITIES)
@pytest.mark.parametrize("role", Role)
def test_a_failure_is_told_put_away_and_survived_alike_by_both(
    role: Role, activity: str, storage: str, small: Config, tmp_path: Path
) -> None:
    seen = {}
    for engine in ENGINES:
        units = Units(GUILTY)
        made = components(role, activity, units)
        ran = seen[engine] = run(engine, stored(small, storage), tmp_path / engine, made)
        assert units.count == 14
        check_phases(ran)
        for phase in TESTED:
            check_the_unit_that_failed(ran, phase, role, activity)
            if storage != "memory":
                check_the_unit_before(ran, phase, full=storage == "disk")
        check_what_can_be_read(ran, full=storage != "hybrid")
        check_files(ran, storage)
    check_alike(*seen.values())


def check_phases(ran: Ran) -> None:
    """Those that failed did, what depends on them was skipped, all others succeeded."""
    results = ran.result.phase_results
    assert {name: one.status for name, one in results.items()} == {
        **dict.fromkeys((*SOUND, "beside"), "succeeded"),
        **dict.fromkeys(TESTED, "failed"),
        "behind": "skipped",
    }
    assert results["behind"].reason == "dependency 'backtest' failed"
    assert not ran.result.success
    assert ran.result.error == results["backtest"].error
    for phase in TESTED:
        assert (results[phase].iterations, results[phase].portfolios) == ((), {})


def check_the_unit_that_failed(ran: Ran, phase: str, role: Role, activity: str) -> None:
    """Its containers moved as they should; the first error is the cause, later ones attached."""
    path = unit_path(phase, 1)
    moves = ran.moves(path)
    assert moves == expected_moves(ran.containers(path), role, activity)
    blamed = [name for name, trigger in moves if trigger == "fail"]
    error = ran.result.phase_results[phase].error
    assert error is not None
    assert ran.errors(path) == [error]
    guilty = _able(ran.containers(path), role) or activity == "cleanup"
    assert (error.type, error.path) == ("BoomError", path_text(path))
    assert error.message == f"{error.activity} of {error.container}"
    assert [each.container for each in (error, *error.attached)] == blamed
    assert [each.path for each in error.attached] == [error.path] * len(error.attached)
    assert (error.activity == activity) == bool(guilty)
    assert {each.activity for each in error.attached} <= {activity, "cleanup"}


def check_the_unit_before(ran: Ran, phase: str, *, full: bool) -> None:
    """What it came to lies in the log of the phase, and in its folder."""
    log = ran.folder / "0" / phase / "units.log"
    places, _ = recover(log)
    assert list(places) == [(0,)]
    record = decode_unit(LogReader(log, places).read((0,)), ran.folder)
    check_iteration(record.result, full=full)
    moved = [r for r in record.journal if isinstance(r, LifecycleMoved)]
    assert [(r.container, r.trigger) for r in moved] == ran.moves(unit_path(phase, 0))


def check_what_can_be_read(ran: Ran, *, full: bool) -> None:
    """All of the phases that finished is there, wherever it lies."""
    for name, count in (("sweep", 2), ("heard", 1), ("beside", 1)):
        phase = ran.result.phase_results[name]
        assert len(phase.iterations) == count
        for iteration in phase.iterations:
            check_iteration(iteration, full=full)
        check_portfolios(phase)


def check_iteration(iteration: IterationResult, *, full: bool) -> None:
    """What a unit came to can be read, and its trace is what its summary says."""
    if full:
        check_portfolios(iteration)
    trace, summary = iteration.trace, iteration.trace_summary
    assert trace is not None
    assert summary is not None
    assert (trace.digest, len(trace)) == (summary.digest, summary.kept)


def check_portfolios(found: IterationResult | PhaseResult) -> None:
    """Trades and curves can be read, and are what the figures say."""
    for portfolio in found.portfolios.values():
        curve, trades = portfolio.equity_curve, portfolio.trades
        assert curve is not None
        assert trades is not None
        assert len(trades) == portfolio.metrics["num_trades"]
        assert curve.equity[-1] == portfolio.metrics["final_equity"]


def check_files(ran: Ran, storage: str) -> None:
    """A unit that failed has left nothing; those that succeeded have their folders."""
    if storage == "memory":
        assert not ran.folder.exists()
        return
    folders = {p.relative_to(ran.folder / "0").as_posix() for p in ran.folder.glob("0/*/*/")}
    units = {f"{name}/0" for name in ("heard", "beside", "sweep", *TESTED)}
    assert folders == {*units, "sweep/1", "sweep/portfolios"}
    assert json.loads((ran.folder / "run.json").read_text())["state"] == "failed"
    assert ran.record.channels[Channel.FILES][FOLDER]["result.json"]["is_the_result"]


def check_alike(left: Ran, right: Ran) -> None:
    outcomes = compare_records(left.record, right.record)
    assert {
        channel: outcome.verdict
        for channel, outcome in outcomes.items()
        if outcome.verdict not in (Verdict.EQUAL, Verdict.NOT_COMPARABLE)
    } == {}


@pytest.fixture(scope="module")
def processes() -> Iterator[UnitExecutor]:
    """Two workers."""
    with open_executor("processes:2") as executor:
        assert executor is not None
        yield executor


@pytest.mark.parametrize(
    ("role", "activity", "storage"), [*zip(Role, cycle(ACTIVITIES), cycle(STORAGES), strict=False)]
)
def test_a_failure_on_processes_is_what_it_is_one_after_the_other(
    role: Role,
    activity: str,
    storage: str,
    small: Config,
    processes: UnitExecutor,
    tmp_path: Path,
) -> None:
    config = stored({**small, "walk_forward": WALK}, storage)
    from_ns = end_ns(bars_of("AAA")[FIRST_GUILTY])
    seen = {}
    for engine in ENGINES:
        for name, executor in (("serial", None), ("processes", processes)):
            units = Units(guilty_from_ns=from_ns)
            made = components(role, activity, units)
            root = tmp_path / f"{engine}-{name}"
            ran = run(engine, config, root, made, definition=SPREAD, executor=executor)
            seen[engine, name] = ran
            error = ran.result.error
            assert error is not None
            path = unit_path("walk", 1, 1)
            assert error.path == path_text(path)
            assert ran.moves(path) == expected_moves(ran.containers(path), role, activity)
            assert ran.errors(path) == [error]
            assert ran.result.phase_results["beside"].status == "succeeded"
            if storage != "memory":
                # Nothing of those that fail, and perhaps some that were ahead.
                kept = kept_units(ran)
                assert kept[:5] == [(0, 0, 0), (0, 0, 1), (0, 1), (1, 0, 0), (1, 0, 1)]
                assert kept[5:] in ([], [(2, 0, 0)], [(2, 0, 1)], [(2, 0, 0), (2, 0, 1)])
                assert executor or len(kept) == 5
    first, *others = seen.values()
    for ran in others:
        check_alike(first, ran)
        assert ran.entries == first.entries


def kept_units(ran: Ran) -> list[tuple[int, ...]]:
    """Give the units of `walk` that a run that failed has kept, in path order."""
    places, _ = recover(ran.folder / "0" / "walk" / "units.log")
    return sorted(places)


@pytest.mark.parametrize(("activity", "storage"), [("execute", "disk"), ("cleanup", "hybrid")])
def test_of_a_run_that_failed_on_processes_what_is_missing_is_run_and_nothing_else(
    engine: str, activity: str, storage: str, small: Config, processes: UnitExecutor, tmp_path: Path
) -> None:
    config = stored({**small, "walk_forward": WALK}, storage)
    units = Units()
    sound = components(Role.RISK, activity, units)
    whole = run(engine, config, tmp_path / "whole", sound, definition=SPREAD)
    assert whole.result.success
    assert units.count == 14
    units.guilty_from_ns = end_ns(bars_of("AAA")[FIRST_GUILTY])
    root = tmp_path / "failed"
    failed = run(engine, config, root, sound, definition=SPREAD, executor=processes)
    assert not failed.result.success
    kept = len(kept_units(failed))
    units.count, units.guilty_from_ns = 0, None
    resumed = run(engine, config, root, sound, definition=SPREAD, resume=True)
    assert units.count == 14 - 4 - kept  # two phases of two units had come to their end
    check_alike(whole, resumed)
    assert resumed.entries == whole.entries
