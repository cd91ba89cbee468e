"""Mistakes of one token in what spreads, keeps and resumes units, each where it must be seen.

The forms are those of `mutations`, but for what is compared: `OfRun.candidate` is held against the
other engine, which runs in memory, one unit after the other. `UNSEEN` has those that no comparison
sees for certain, since what comes out can be right: work that is done twice, what is lost only when
a process ends, an order that is decided by chance. A test of the contract sees each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["CONFIGURATIONS", "SEEN", "UNSEEN", "OfRun", "Unseen"]

_STUDY: Final = """
data: {{data_dir: {market}, start_date: 2004-10-01, end_date: 2004-11-30}}
symbols: [AAPL, MSFT]
strategies: [{{type: momentum, parameters: {{fast_period: 2, slow_period: 4}}}}]
risk_profiles: [{{type: aggressive}}, {{type: moderate}}]
objective: {{metric: total_return}}
parameter_space: {{momentum.slow_period: [3, 5]}}
walk_forward: {{train_bars: 15, test_bars: 8}}
results: {{store_full_results: true}}
random_seed: 7
"""

CONFIGURATIONS: Final = {
    # Two windows with two choices each: 9 units.
    "short_walk": "workflow: walk_forward_validation" + _STUDY,
    # Four phases, all of which run: 2, 3, 9 and 1 units.
    "short_pipeline": "workflow: research_pipeline"
    + _STUDY
    + "monte_carlo: {{iterations: 3, noise_level: 0.2}}\n",
    "short_bootstrap": "workflow: research_pipeline"
    + _STUDY
    + "monte_carlo: {{iterations: 3, method: block_bootstrap, block_bars: 5}}\n",
    # So many short units that several travel together to a worker: 33. The first, which goes
    # alone, is the best, so that what befalls the others does not change the test.
    "many_units": """
workflow: train_test_optimization
data: {{data_dir: {market}, start_date: 2004-10-01, end_date: 2004-11-05}}
symbols: [AAPL]
strategies: [{{type: momentum}}]
risk_profiles: [{{type: aggressive}}]
objective: {{metric: total_return}}
parameter_space:
  momentum.fast_period: [1, 2, 3, 4]
  momentum.slow_period: [7, 5, 6, 8, 9, 10, 11, 12]
""",
}


@dataclass(frozen=True)
class OfRun:
    """A change of ``before`` (found exactly once in ``file``) to ``after``.

    ``channel`` is that in which ``candidate`` must differ first.
    """

    name: str
    file: str
    before: str
    after: str
    config: str
    candidate: str
    channel: str

    @property
    def control(self) -> str:
        """The other engine."""
        return "declarative" if self.candidate.startswith("imperative") else "imperative"


@dataclass(frozen=True)
class Unseen:
    """A change likewise, and the test that fails of it."""

    name: str
    file: str
    before: str
    after: str
    test: str


_SPREAD: Final = "executor=processes:1,storage=hybrid"
_SPREAD_FAST: Final = "executor=processes:1"
"""In memory, where units are so short that they travel together."""
_CUT: Final = "storage=disk,interrupt=3"
"""Of `short_pipeline`, when a phase has come to its end."""


def _imperative(
    name: str, file: str, before: str, after: str, config: str, options: str, channel: str
) -> OfRun:
    candidate = f"imperative:{options}"
    return OfRun(name, f"imperative/{file}", before, after, config, candidate, channel)


def _declarative(
    name: str, file: str, before: str, after: str, config: str, options: str, channel: str
) -> OfRun:
    candidate = f"declarative:{options}"
    return OfRun(name, f"declarative/{file}", before, after, config, candidate, channel)


def _shared(
    name: str, file: str, before: str, after: str, config: str, candidate: str, channel: str
) -> OfRun:
    return OfRun(name, f"containers/{file}", before, after, config, candidate, channel)


_IN_IMPERATIVE: Final = (
    _imperative(
        "results are taken from behind",
        "scheduling.py",
        "        for waiting in level.begun:\n",
        "        for waiting in reversed(level.begun):\n",
        "many_units",
        _SPREAD_FAST,
        "windows",
    ),
    _imperative(
        "a test begins before its train has come to its end",
        "scheduling.py",
        "            if level.independent:\n",
        "            if level:\n",
        "short_walk",
        _SPREAD,
        "plan",
    ),
    _imperative(
        "what was kept of a unit is not told again",
        "scheduling.py",
        "            _journal_again(node, record.journal)\n            return\n",
        "            return\n",
        "short_walk",
        _CUT,
        "topology",
    ),
    _imperative(
        "a unit is taken for the first of its level",
        "keeping.py",
        "record = self._store.unit(node.keys)",
        "record = self._store.unit((*node.keys[:-1], 0))",
        "short_walk",
        _CUT,
        "plan",
    ),
    _imperative(
        "the tree ends at its first level",
        "keeping.py",
        "children = 0 if node.inside is None else node.inside.taken",
        "children = 0",
        "short_walk",
        _CUT,
        "trace",
    ),
    _imperative(
        "a finished phase is not told again",
        "phases.py",
        "                    write_again(store, self._journal)\n",
        "                    pass\n",
        "short_pipeline",
        _CUT,
        "windows",
    ),
    _imperative(
        "settings of a unit do not come to its worker",
        "phase_units.py",
        "settings=_differing(scope.configuration, own.configuration),",
        "settings={},",
        "short_walk",
        _SPREAD,
        "topology",
    ),
    _imperative(
        "nothing warms up in workers",
        "phase_units.py",
        "units.run_recorded(item.started, scope, item.warmup_bars, item.path, item.keys)",
        "units.run_recorded(item.started, scope, 0, item.path, item.keys)",
        "short_walk",
        _SPREAD,
        "topology",
    ),
    _imperative(
        "a bootstrap is drawn of what it has drawn",
        "phase_units.py",
        "market=None if span.given is own.span.market else span.given,",
        "market=span.market,",
        "short_bootstrap",
        _SPREAD,
        "trace",
    ),
)

_IN_DECLARATIVE: Final = (
    _declarative(
        "the last of several results is taken for the first",
        "scheduling.py",
        "while children and (child := children[0]).through:",
        "while children and (child := children[-1]).through:",
        "many_units",
        _SPREAD_FAST,
        "windows",
    ),
    _declarative(
        "what has waited for its turn is done from behind",
        "scheduling.py",
        "        for effect in waiting:\n",
        "        for effect in reversed(waiting):\n",
        "short_walk",
        _SPREAD,
        "status",
    ),
    _declarative(
        "a unit is taken for the first of its level",
        "desk.py",
        "store.unit(leaf.position.keys)",
        "store.unit((*leaf.position.keys[:-1], 0))",
        "short_walk",
        _CUT,
        "plan",
    ),
    _declarative(
        "a finished phase is not told again",
        "phases.py",
        "            replay(store, journal)\n",
        "            pass\n",
        "short_pipeline",
        _CUT,
        "windows",
    ),
    _declarative(
        "the tree ends at its first level",
        "sequencer.py",
        "position.add(result, children=outcome.count)",
        "position.add(result)",
        "short_walk",
        _CUT,
        "trace",
    ),
    _declarative(
        "parameters of a unit do not come to its worker",
        "tasks.py",
        "self.last, self.parameters, around, keys, self.need)",
        "self.last, {}, around, keys, self.need)",
        "short_walk",
        _SPREAD,
        "outputs",
    ),
    _declarative(
        "trades that the phase needs stay in the worker",
        "tasks.py",
        "elif not (unit.saves or is_needed(",
        "elif not (unit.saves and is_needed(",
        "many_units",
        _SPREAD_FAST,
        "trades",
    ),
    _declarative(
        "the spawn key does not come to the worker",
        "around.py",
        "            spawn_key=self.spawn_key,\n            changes",
        "            spawn_key=(),\n            changes",
        "short_pipeline",
        _SPREAD,
        "outputs",
    ),
    _declarative(
        "a test keeps its positions in workers",
        "work.py",
        "if spot.closes != configuration.execution.close_at_end:",
        "if spot.closes < configuration.execution.close_at_end:",
        "short_walk",
        _SPREAD,
        "topology",
    ),
    _declarative(
        "a bootstrap runs over the bars of the one before",
        "resampling.py",
        "if before is not None and before[0] == step:",
        "if before is not None:",
        "short_bootstrap",
        _SPREAD,
        "trace",
    ),
)

_IN_CONTAINERS: Final = (
    _shared(
        "held records are let out from behind",
        "journal.py",
        "        for entry in waiting:\n",
        "        for entry in reversed(waiting):\n",
        "short_walk",
        f"imperative:{_SPREAD}",
        "lifecycle",
    ),
    _shared(
        "a seed is stored as 0",
        "storage/wire.py",
        "seed=str(result.seed),",
        'seed="0",',
        "short_pipeline",
        f"declarative:{_CUT}",
        "windows",
    ),
    _shared(
        "a portfolio has the curve of the first",
        "storage/portfolios.py",
        "read_curve(folder / curve_file(name))",
        "read_curve(folder / curve_file(min(self.bare)))",
        "short_walk",
        f"declarative:{_SPREAD}",
        "equity",
    ),
    _shared(
        "trades are written twice",
        "storage/portfolio_files.py",
        "self._trades.write(trades_table(trades))\n        self._curve.close()",
        "self._trades.write(trades_table([*trades, *trades]))\n        self._curve.close()",
        "short_walk",
        f"declarative:{_CUT}",
        "trades",
    ),
    _shared(
        "the last trade is not written",
        "trading/portfolio.py",
        "self._files.complete(trades)",
        "self._files.complete(trades[:-1])",
        "short_walk",
        f"imperative:{_CUT}",
        "trades",
    ),
    _shared(
        "an iteration that is read is the first of its level",
        "storage/lazy.py",
        "self._read((*self._place, index % self._count))",
        "self._read((*self._place, 0))",
        "short_walk",
        f"declarative:{_CUT}",
        "trace",
    ),
    _shared(
        "files are looked for under the name that their folder does not have yet",
        "storage/wire.py",
        "_parts(stored.figures, root, stored.part)",
        "_parts(stored.figures, root)",
        "short_walk",
        f"imperative:{_SPREAD}",
        "plan",
    ),
    _shared(
        "all streams come to a worker as the first",
        "executors/streams.py",
        "return len(self.bars) - 1, 0, len(bars) - 1",
        "return 0, 0, len(bars) - 1",
        "short_walk",
        f"declarative:{_SPREAD}",
        "topology",
    ),
    _shared(
        "units that travel together come to a worker from behind",
        "executors/dispatch.py",
        "[unit.item for unit in units]",
        "[unit.item for unit in units][::-1]",
        "many_units",
        f"declarative:{_SPREAD_FAST}",
        "topology",
    ),
    _shared(
        "results of units that travel together are shifted by one",
        "executors/dispatch.py",
        "zip(batch.units, report.results, strict=False)",
        "zip(batch.units, report.results[1:] + report.results[:1], strict=False)",
        "many_units",
        f"imperative:{_SPREAD_FAST}",
        "topology",
    ),
    _shared(
        "what units of one phase share is taken for that of the next",
        "executors/sharing.py",
        "        self.token: Final = uuid4().hex\n        self.file",
        '        self.token: Final = "shared"\n        self.file',
        "short_pipeline",
        f"declarative:{_SPREAD}",
        "config",
    ),
)

SEEN: Final = (*_IN_IMPERATIVE, *_IN_DECLARATIVE, *_IN_CONTAINERS)

_INTERRUPTS: Final = "tests/survival/test_survival_interrupts.py"
_SCHEDULING: Final = "tests/declarative/test_declarative_scheduling.py"

UNSEEN: Final = (
    Unseen(
        "a unit that has finished is not kept (imperative)",
        "imperative/keeping.py",
        "        self._store.keep(node.keys, content)\n",
        "",
        f"{_INTERRUPTS}::test_no_unit_runs_twice[imperative]",
    ),
    Unseen(
        "a unit that has finished is not kept (declarative)",
        "declarative/desk.py",
        "        store.keep(position.keys, content)\n",
        "",
        f"{_INTERRUPTS}::test_no_unit_runs_twice[declarative]",
    ),
    Unseen(
        "a unit's folder has its name before the unit is kept",
        "declarative/desk.py",
        "        store.keep(position.keys, content)\n"
        "        store.publish(position.keys, record.part)\n",
        "        store.publish(position.keys, record.part)\n"
        "        store.keep(position.keys, content)\n",
        f"{_INTERRUPTS}::test_a_unit_is_kept_before_its_folder_gets_its_name[declarative]",
    ),
    Unseen(
        "the last record of a log is cut off",
        "containers/storage/log.py",
        "if frame is not None and frame.end > size:",
        "if frame is not None and frame.end >= size:",
        "tests/storage/test_log.py::test_records_are_found_by_their_keys",
    ),
    Unseen(
        "a unit is taken as finished when its files are gone",
        "containers/storage/phase_store.py",
        "if part is not None and not (place.is_dir() or part_of(place, part).is_dir()):",
        "if part is None and not (place.is_dir() or part_of(place, part).is_dir()):",
        "tests/storage/test_phase_interrupted.py::test_a_unit_whose_folder_is_gone_is_run_again",
    ),
    Unseen(
        "trades that were written are written again",
        "containers/storage/portfolio_files.py",
        "            trades.clear()\n",
        "",
        "tests/storage/test_portfolio_files.py"
        "::test_what_is_written_as_it_comes_is_all_that_came_and_nothing_twice",
    ),
    Unseen(
        "what runs when a phase fails is not kept (imperative)",
        "imperative/scheduling.py",
        "                self._keeper.keep(node, future.result().content)\n",
        "                pass\n",
        "tests/imperative/test_imperative_resume.py"
        "::test_units_that_ran_ahead_of_a_lost_executor_are_kept",
    ),
    Unseen(
        "what runs when a phase fails is not kept (declarative)",
        "declarative/scheduling.py",
        "                    self._runner.received(unit, future, node.gate)\n",
        "                    pass\n",
        f"{_SCHEDULING}::test_what_had_begun_when_something_failed_is_waited_for_and_taken_in",
    ),
    Unseen(
        "results are taken in the order in which they come (imperative)",
        "imperative/scheduling.py",
        "            if waiting.result is None or waiting.error is not None:\n"
        "                return\n",
        "            if waiting.result is None or waiting.error is not None:\n"
        "                continue\n",
        "tests/imperative/test_imperative_side_by_side.py"
        "::test_whatever_order_units_end_in_nothing_changes",
    ),
    Unseen(
        "results are taken in the order in which they come (declarative)",
        "declarative/scheduling.py",
        "        while children and (child := children[0]).through:\n",
        "        while child := next((each for each in children if each.through), None):\n"
        "            children.remove(child)\n"
        "            children.appendleft(child)\n",
        f"{_SCHEDULING}::test_whatever_finishes_first_all_comes_to_what_it_comes_to_serially",
    ),
    Unseen(
        "a subject is not interrupted",
        "parity/subjects/engine.py",
        "                raise _Interruption\n",
        "                pass\n",
        "tests/parity/test_executing.py::test_a_subject_that_is_to_be_interrupted_is",
    ),
)
