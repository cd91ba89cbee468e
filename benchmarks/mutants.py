"""Print how many mutants of the comparison core its own tests see.

What decides whether two runs are the same must be beyond doubt itself. So every operator of
cosmic-ray is applied at every place of it, or at a sample of them, and each mutant is held against
the core's own tests alone: no engine runs, no fixture is looked at.

    python -m benchmarks.mutants [--sample 200] [--seed 1] [--results FILE] [FILE_OR_FOLDER…]

Without ``--sample`` all of them are run, which takes hours. Results are kept as they come: a run
that was interrupted is gone on with. Escapes are printed with their diffs, and those listed in
``benchmarks/mutants.yaml`` as equivalent with the reason. Leaves with 1 when another one escapes,
with 2 when an entry of that list names no mutant.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from containers.errors import ConfigurationError
from parity.errors import UsageError
from parity.faults.tree import OURS, SourceTree
from parity.sensitivity.equivalents import equivalents_in
from parity.sensitivity.interval import wilson
from parity.sensitivity.killing import Stage, run_mutants
from parity.sensitivity.mutants import Mutant, draw, mutants_of
from parity.sensitivity.results import Result, ResultsFile

__all__ = ["CORE", "LISTED", "main"]

_ROOT: Final = Path(__file__).resolve().parents[1]

CORE: Final = (
    "parity/comparison",
    "parity/policy",
    "parity/verdicts.py",
    "containers/trace/alignment.py",
    "containers/trace/distances.py",
    "containers/trace/matching.py",
    "containers/trace/renumbering.py",
    "containers/trace/windows.py",
)
"""What decides whether two runs are the same."""

LISTED: Final = _ROOT / "benchmarks" / "mutants.yaml"
"""Which of its mutants change nothing, with the reason."""

_TESTS: Final = (
    "tests/parity/comparing",
    "tests/parity/policy",
    "tests/trace/test_alignment.py",
    "tests/trace/test_alignment_cases.py",
    "tests/trace/test_alignment_laws.py",
    "tests/parity/sensitivity/test_checks_of_mutants.py",
)
_NEEDED: Final = ("tests", "conftest.py", "pyproject.toml", "docs", "fixtures")
_RESULTS: Final = Path(".parity/mutants-of-the-core.jsonl")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run them, print the score and every escape; give the exit code."""
    asked = _asked(arguments)
    paths = tuple(asked.paths) or CORE
    with tempfile.TemporaryDirectory(prefix="parity-mutants-") as scratch:
        tree = SourceTree(Path(scratch), OURS, root=_ROOT, more=_NEEDED, jobs=asked.jobs)
        every = mutants_of(tree.base, paths)
        reasons = equivalents_in(LISTED, every, paths)
        count = len(every) if asked.sample is None else asked.sample
        drawn = draw(tree.base, every, count, asked.seed) if asked.sample else _whole(tree, every)
        results, _ = run_mutants(
            tree,
            drawn,
            [_tests()],
            lambda digest: ResultsFile(asked.results, digest),
            jobs=asked.jobs,
        )
        return _print(tree, drawn, len(every), results, reasons)


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutants", description=__doc__)
    parser.add_argument("paths", nargs="*", help="files and folders; without any, the whole core")
    parser.add_argument("--sample", type=int, help="how many; without it, all")
    parser.add_argument("--seed", type=int, default=1, help="by which they are drawn")
    parser.add_argument("--results", type=Path, default=_RESULTS, help="file of results")
    parser.add_argument("--jobs", type=int, default=2, help="how many at once")
    return parser.parse_args(arguments)


def _whole(tree: SourceTree, mutants: Sequence[Mutant]) -> Sequence[Mutant]:
    """Leave out what comes out as no Python."""

    def compiles(mutant: Mutant) -> bool:
        try:
            compile(mutant.apply(tree.text(mutant.file)), mutant.file, "exec")
        except SyntaxError:
            return False
        return True

    return [mutant for mutant in mutants if compiles(mutant)]


def _tests() -> Stage:
    # Plain, since pytest would else compile the packages of plugins, which ours are, from their
    # sources, and so without the marks that tell what a test reaches.
    options = ("-q", "-x", "--assert=plain", "-p", "no:cacheprovider", "--no-header")
    command = (sys.executable, "-m", "pytest", *options)
    files = [
        file.relative_to(_ROOT).as_posix()
        for test in _TESTS
        for file in sorted(
            (_ROOT / test).rglob("test_*.py") if (_ROOT / test).is_dir() else [_ROOT / test]
        )
    ]
    return Stage("tests", command, tuple(files), within=True)


def _print(
    tree: SourceTree,
    drawn: Sequence[Mutant],
    population: int,
    results: Mapping[str, Result],
    reasons: Mapping[str, str],
) -> int:
    escaped = [mutant for mutant in drawn if results[mutant.id].outcome == "escaped"]
    unlisted = [mutant for mutant in escaped if mutant.id not in reasons]
    for mutant in escaped:
        why = reasons.get(mutant.id)
        reached = "" if results[mutant.id].executed else " (no test runs that statement)"
        print(f"\n{mutant.id}: {f'equivalent: {why}' if why else f'escaped{reached}'}")
        print(mutant.diff(tree.text(mutant.file)))
    for mutant in drawn:
        if mutant.id in reasons and results[mutant.id].outcome == "caught":
            print(f"\n{mutant.id}: listed as equivalent, and caught: take it off the list")
    counted = len(drawn) - (len(escaped) - len(unlisted))
    caught = counted - len(unlisted)
    low, high = wilson(caught, counted)
    print(
        f"\n{caught:,} of {counted:,} caught ({caught / counted:.1%}, 95 % interval {low:.1%} to "
        f"{high:.1%}), {len(escaped) - len(unlisted)} equivalent; {population:,} mutants in all"
    )
    return 1 if unlisted else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (UsageError, ConfigurationError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
