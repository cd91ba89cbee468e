"""Mistakes in what spreads units over workers, keeps them, and resumes a run."""

from __future__ import annotations

from typing import Final

from parity.faults.catalogue.writing import fault
from parity.faults.fault import Fault
from parity.faults.scenarios import (
    MANY_UNITS,
    SHORT_BOOTSTRAP,
    SHORT_PIPELINE,
    SHORT_WALK,
    cut,
    spread,
)

__all__ = ["FAULTS"]

FAULTS: Final[tuple[Fault, ...]] = (
    fault(
        "X21-imperative-results-taken-behind",
        "results are taken from behind",
        spread(MANY_UNITS, "imperative", "memory"),
        "trace",
        (
            "imperative/scheduling.py",
            "        for waiting in level.begun:\n",
            "        for waiting in reversed(level.begun):\n",
        ),
    ),
    fault(
        "X21-imperative-test-begins-before",
        "a test begins before its train has come to its end",
        spread(SHORT_WALK, "imperative"),
        "plan",
        (
            "imperative/scheduling.py",
            "            if level.independent:\n",
            "            if level:\n",
        ),
    ),
    fault(
        "X22-imperative-was-kept-unit",
        "what was kept of a unit is not told again",
        cut(SHORT_WALK, "imperative"),
        "topology",
        (
            "imperative/scheduling.py",
            "            _journal_again(node, record.journal)\n            return\n",
            "            return\n",
        ),
    ),
    fault(
        "X22-imperative-unit-taken-first",
        "a unit is taken for the first of its level",
        cut(SHORT_WALK, "imperative"),
        "plan",
        (
            "imperative/keeping.py",
            "record = self._store.unit(node.keys)",
            "record = self._store.unit((*node.keys[:-1], 0))",
        ),
    ),
    fault(
        "X22-imperative-tree-ends-at",
        "the tree ends at its first level",
        cut(SHORT_WALK, "imperative"),
        "trace",
        (
            "imperative/keeping.py",
            "children = 0 if node.inside is None else node.inside.taken",
            "children = 0",
        ),
    ),
    fault(
        "X22-imperative-finished-phase-told",
        "a finished phase is not told again",
        cut(SHORT_PIPELINE, "imperative", 7),
        "windows",
        (
            "imperative/phases.py",
            "                    write_again(store, self._journal)\n",
            "                    pass\n",
        ),
    ),
    fault(
        "X21-imperative-settings-unit-worker",
        "settings of a unit do not come to its worker",
        spread(SHORT_WALK, "imperative"),
        "windows",
        (
            "imperative/phase_units.py",
            "settings=_differing(scope.configuration, own.configuration),",
            "settings={},",
        ),
    ),
    fault(
        "X21-imperative-nothing-warms-up",
        "nothing warms up in workers",
        spread(SHORT_WALK, "imperative"),
        "windows",
        (
            "imperative/phase_units.py",
            "units.run_recorded(item.started, scope, item.warmup_bars, item.path, item.keys)",
            "units.run_recorded(item.started, scope, 0, item.path, item.keys)",
        ),
    ),
    fault(
        "X21-imperative-bootstrap-drawn-it",
        "a bootstrap is drawn of what it has drawn",
        spread(SHORT_BOOTSTRAP, "imperative"),
        "config",
        (
            "imperative/phase_units.py",
            "market=None if span.given is own.span.market else span.given,",
            "market=span.market,",
        ),
    ),
    fault(
        "X21-declarative-last-several-results",
        "the last of several results is taken for the first",
        spread(MANY_UNITS, "declarative", "memory"),
        "windows",
        (
            "declarative/scheduling.py",
            "while children and (child := children[0]).through:",
            "while children and (child := children[-1]).through:",
        ),
    ),
    fault(
        "X21-declarative-has-waited-turn",
        "what has waited for its turn is done from behind",
        spread(SHORT_WALK, "declarative"),
        "status",
        (
            "declarative/scheduling.py",
            "        for effect in waiting:\n",
            "        for effect in reversed(waiting):\n",
        ),
    ),
    fault(
        "X22-declarative-unit-taken-first",
        "a unit is taken for the first of its level",
        cut(SHORT_WALK, "declarative"),
        "plan",
        (
            "declarative/desk.py",
            "store.unit(leaf.position.keys)",
            "store.unit((*leaf.position.keys[:-1], 0))",
        ),
    ),
    fault(
        "X22-declarative-finished-phase-told",
        "a finished phase is not told again",
        cut(SHORT_PIPELINE, "declarative", 7),
        "windows",
        ("declarative/phases.py", "            replay(store, journal)\n", "            pass\n"),
    ),
    fault(
        "X22-declarative-tree-ends-at",
        "the tree ends at its first level",
        cut(SHORT_WALK, "declarative"),
        "trace",
        (
            "declarative/sequencer.py",
            "position.add(result, children=outcome.count)",
            "position.add(result)",
        ),
    ),
    fault(
        "X21-declarative-parameters-unit-worker",
        "parameters of a unit do not come to its worker",
        spread(SHORT_WALK, "declarative"),
        "outputs",
        (
            "declarative/tasks.py",
            "self.last, self.parameters, around, keys, self.need)",
            "self.last, {}, around, keys, self.need)",
        ),
    ),
    fault(
        "X21-declarative-trades-phase-needs",
        "trades that the phase needs stay in the worker",
        spread(MANY_UNITS, "declarative", "memory"),
        "trades",
        (
            "declarative/tasks.py",
            "elif not (unit.saves or is_needed(",
            "elif not (unit.saves and is_needed(",
        ),
    ),
    fault(
        "X21-declarative-spawn-key-worker",
        "the spawn key does not come to the worker",
        spread(SHORT_PIPELINE, "declarative"),
        "outputs",
        (
            "declarative/around.py",
            "            spawn_key=self.spawn_key,\n            changes",
            "            spawn_key=(),\n            changes",
        ),
    ),
    fault(
        "X21-declarative-test-keeps-positions",
        "a test keeps its positions in workers",
        spread(SHORT_WALK, "declarative"),
        "topology",
        (
            "declarative/work.py",
            "if spot.closes != configuration.execution.close_at_end:",
            "if spot.closes < configuration.execution.close_at_end:",
        ),
    ),
    fault(
        "X21-declarative-bootstrap-runs-over",
        "a bootstrap runs over the bars of the one before",
        spread(SHORT_BOOTSTRAP, "declarative"),
        "trace",
        (
            "declarative/resampling.py",
            "if before is not None and before[0] == step:",
            "if before is not None:",
        ),
    ),
    fault(
        "X21-both-held-records-let",
        "held records are let out from behind",
        spread(SHORT_WALK, "imperative"),
        "lifecycle",
        (
            "containers/journal.py",
            "        for entry in waiting:\n",
            "        for entry in reversed(waiting):\n",
        ),
    ),
    fault(
        "X22-both-seed-stored-as",
        "a seed is stored as 0",
        cut(SHORT_PIPELINE, "declarative", 7),
        "windows",
        ("containers/storage/wire.py", "seed=str(result.seed),", 'seed="0",'),
    ),
    fault(
        "X21-both-portfolio-has-curve",
        "a portfolio has the curve of the first",
        spread(SHORT_WALK, "declarative"),
        "equity",
        (
            "containers/storage/portfolios.py",
            "read_curve(folder / curve_file(name))",
            "read_curve(folder / curve_file(min(self.bare)))",
        ),
    ),
    fault(
        "X22-both-trades-written-twice",
        "trades are written twice",
        cut(SHORT_WALK, "declarative"),
        "trades",
        (
            "containers/storage/portfolio_files.py",
            "self._trades.write(trades_table(trades))\n        self._curve.close()",
            "self._trades.write(trades_table([*trades, *trades]))\n        self._curve.close()",
        ),
    ),
    fault(
        "X22-both-last-trade-written",
        "the last trade is not written",
        cut(SHORT_WALK, "imperative"),
        "trades",
        (
            "containers/trading/portfolio.py",
            "self._files.complete(trades)",
            "self._files.complete(trades[:-1])",
        ),
    ),
    fault(
        "X22-both-an-iteration-read",
        "an iteration that is read is the first of its level",
        cut(SHORT_WALK, "declarative"),
        "trace",
        (
            "containers/storage/lazy.py",
            "self._read((*self._place, index % self._count))",
            "self._read((*self._place, 0))",
        ),
    ),
    fault(
        "X21-both-files-looked-name",
        "files are looked for under the name that their folder does not have yet",
        spread(SHORT_WALK, "imperative"),
        "plan",
        (
            "containers/storage/wire.py",
            "_parts(stored.figures, root, stored.part)",
            "_parts(stored.figures, root)",
        ),
    ),
    fault(
        "X21-both-all-streams-worker",
        "all streams come to a worker as the first",
        spread(SHORT_WALK, "declarative"),
        "windows",
        (
            "containers/executors/streams.py",
            "return len(self.bars) - 1, 0, len(bars) - 1",
            "return 0, 0, len(bars) - 1",
        ),
    ),
    fault(
        "X21-both-units-travel-together",
        "units that travel together come to a worker from behind",
        spread(MANY_UNITS, "declarative", "memory"),
        "topology",
        (
            "containers/executors/dispatch.py",
            "[unit.item for unit in units]",
            "[unit.item for unit in units][::-1]",
        ),
    ),
    fault(
        "X21-both-results-units-travel",
        "results of units that travel together are shifted by one",
        spread(MANY_UNITS, "imperative", "memory"),
        "topology",
        (
            "containers/executors/dispatch.py",
            "zip(batch.units, report.results, strict=False)",
            "zip(batch.units, report.results[1:] + report.results[:1], strict=False)",
        ),
    ),
    fault(
        "X21-both-units-one-phase",
        "what units of one phase share is taken for that of the next",
        spread(SHORT_PIPELINE, "declarative"),
        "config",
        (
            "containers/executors/sharing.py",
            "        self.token: Final = uuid4().hex\n        self.file",
            '        self.token: Final = "shared"\n        self.file',
        ),
    ),
)
