"""The standard verification: what `make verify` and a search do, as stages from quick to slow.

| Stage | What it runs | Of an installed wheel |
|---|---|---|
| quick | ``parity verify`` of two small fixtures | – |
| refusals | what must be refused, with what must be said | the same |
| told | what each engine says of what it refuses or what fails, word by word | – |
| scenarios | the other scenarios of the catalogue | the same |
| plans | what either engine says of every fixture that it would run | – |
| fixtures | every fixture: engines, oracle, invariants | – |
| alignments | traces that were changed on purpose: is that seen, and nothing else? | the same |
| misuse | parts used as no engine uses them: what is said | – |
| spread | one study stored, spread over processes, interrupted, resumed; units that fail | – |
| cluster | the same over a Dask cluster | – |
| damage | a stored study that is damaged: the same results, or the approved message | – |
| regressions | ``parity replay`` of ``fixtures/regressions`` | – |
| fuzz | what ``parity fuzz`` draws with a fixed seed, and the relations it holds | the same |
| approved | ``parity check``, where results are approved | – |
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

import parity
from parity.damage import MISUSED, PARTS, Damage
from parity.errors import UsageError
from parity.faults.catalogue import CATALOGUE
from parity.faults.fault import Scenario
from parity.faults.scenarios import COMPONENTS, TWO_SYMBOLS
from parity.fuzzing.search import Limits, Search
from parity.sensitivity.checks import (
    APART,
    Alignments,
    Check,
    Drawn,
    Examples,
    Fixture,
    Observed,
    Planned,
    Tellings,
)
from parity.sensitivity.killing import Stage
from parity.sensitivity.telling import Telling, read_told, tellings

__all__ = ["ALIGNMENTS", "APPROVED", "FUZZ_SEED", "checkout", "standard_stages"]

APPROVED: Final = "approved"
FUZZ_SEED: Final = 20260101
_FUZZ_EXAMPLES: Final = 200
_TOGETHER: Final = 10
_OF_TRACES: Final = ("containers/events.py", "containers/trace/")
_OF_CLUSTERS: Final = ("containers/executors/", "containers/storage/", "containers/trace/")
_OF_SPREADING: Final = (*_OF_CLUSTERS, "containers/journal.py", "imperative/", "declarative/")
_OF_STORING: Final = (
    *_OF_SPREADING,
    *(f"containers/{name}.py" for name in ("errors", "events", "failures", "files", "nearest")),
    *(f"containers/{name}.py" for name in ("outputs", "parquet", "results", "tables")),
)
"""What stages are about that take long; everything runs through them, as through all others."""
ALIGNMENTS: Final[dict[str, Check]] = {
    "short traces": Alignments(TWO_SYMBOLS, 150),
    "short traces with more on them": Alignments(COMPONENTS, 150),
    "long traces": Alignments(TWO_SYMBOLS, 0),
}
"""Traces that are changed on purpose, by the name of the part."""
_QUICK: Final = ("fixtures/handmade/two_symbols.yaml", "fixtures/workflows/on_disk.yaml")
_FIXTURES: Final = (
    "fixtures/edges/*.yaml",
    "fixtures/failures/*.yaml",
    "fixtures/handmade/*.yaml",
    "fixtures/handmade/*/*.yaml",
    "fixtures/own/*.yaml",
    "fixtures/workflows/*.yaml",
)
_SPREAD: Final = "fixtures/spread/study.yaml"
_SPREAD_TO: Final = (
    "imperative:storage=disk,executor=processes:2,interrupt=7",
    "declarative:storage=hybrid,executor=processes:2,interrupt=11",
)
_BREAKS: Final = "fixtures/own/breaks.yaml"
_BREAKS_TO: Final = (
    "imperative:storage=disk,executor=processes:2",
    "declarative:storage=hybrid,executor=processes:2",
)
_CLUSTER_TO: Final = (
    "imperative:storage=hybrid,executor={dask}",
    "declarative:storage=disk,executor={dask}",
)


def checkout() -> Path | None:
    """Give the folder of the project that runs, with its fixtures; null for an installed wheel."""
    root = Path(parity.__file__).resolve().parents[1]
    return root if (root / "fixtures" / "workflows").is_dir() else None


def standard_stages(folder: Path, root: Path | None) -> tuple[Stage, ...]:
    """Give the stages.

    Args:
        folder: Where the plan of what is verified is written; it must last as long as the stages.
        root: Folder of the project; null: what is in the packages.

    Raises:
        UsageError: A command that belongs to them is not there.
    """
    if root is not None:
        _require("replay", "check")
    refusals = {name: Observed(s) for name, s in _scenarios() if s.ending == "refused"}
    others = {name: Observed(s) for name, s in _scenarios() if s.ending != "refused"}
    told = _checks(folder, "refusals", refusals)
    scenarios = _checks(folder, "scenarios", others)
    alignments = _checks(folder, "alignments", ALIGNMENTS, files=_OF_TRACES)
    fuzz = _checks(folder, "fuzz", _drawn())
    if root is None:
        return told, scenarios, alignments, fuzz
    fixtures = {
        path.relative_to(root).as_posix(): _fixture(root, path)
        for glob in _FIXTURES
        for path in sorted(root.glob(glob))
    }
    plans = {
        name: Planned(each.config, each.patterns, each.components)
        for name, each in fixtures.items()
    }
    of_his_own = root / "fixtures" / "own"
    own = ("--patterns", f"{of_his_own}/patterns", "--components", f"{of_his_own}/components")
    cluster = [option for to in _CLUSTER_TO for option in ("--candidate", to)]
    inputs = (str(root / "fixtures"),)
    stages = [
        Stage("quick", _parity("verify"), tuple(str(root / each) for each in _QUICK)),
        told,
        _checks(folder, "told", _tellings(root), inputs),
        _checks(folder, "plans", plans, inputs),
        _checks(folder, "fixtures", fixtures, inputs),
        scenarios,
        alignments,
        _checks(folder, "misuse", _damage(root, lambda part: part.startswith(MISUSED)), inputs),
        _checks(
            folder, "spread", {
                _SPREAD: _fixture(root, root / _SPREAD, _SPREAD_TO),
                _BREAKS: _fixture(root, root / _BREAKS, _BREAKS_TO),
            },
            files=_OF_SPREADING,
        ),
        Stage(
            "cluster",
            (
                sys.executable, str(root / "fixtures" / "cluster.py"),
                *_parity("verify", str(root / _SPREAD), *own, *cluster),
            ),
            files=_OF_CLUSTERS,
        ),
        _checks(
            folder, "damage", _damage(root, lambda part: not part.startswith(MISUSED)), inputs,
            _OF_STORING,
        ),
        *_regressions(root / "fixtures" / "regressions"),
        fuzz,
    ]  # fmt: skip
    baselines = root / "fixtures" / "baselines"
    if baselines.is_dir():
        checks = _parity("check", "--baselines", str(baselines), *own)
        stages.append(Stage(APPROVED, checks, inputs=inputs))
    return tuple(stages)


def _parity(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "parity", *arguments)


def _require(*commands: str) -> None:
    from parity.cli import COMMANDS

    missing = [command for command in commands if command not in COMMANDS]
    if missing:
        raise UsageError(
            f"the standard verification needs the command '{missing[0]}', which this version of "
            "parity has not"
        )


def _scenarios() -> Iterator[tuple[str, Scenario]]:
    """Give every scenario of the catalogue once, by the first fault that has it."""
    known: set[bytes] = set()
    for fault in CATALOGUE:
        key = msgspec.json.encode(fault.scenario)
        if key not in known:
            known.add(key)
            yield fault.id, fault.scenario


def _drawn() -> dict[str, Check]:
    """Draw what a search with the fixed seed draws, some examples to a check.

    They are drawn once, by unchanged code: each mutant is held against the same ones.

    Raises:
        UsageError: Something does not hold with unchanged code.
    """
    drawn: list[Drawn] = []
    limits = Limits(examples=_FUZZ_EXAMPLES)
    outcome = Search(FUZZ_SEED, limits, on_held=lambda *held: drawn.append(Drawn(*held))).run()
    if outcome.found is not None:
        raise UsageError(
            f"a search with seed {FUZZ_SEED} finds something with unchanged code, so that it tells "
            f"nothing of mutants: {outcome.found.finding.text}"
        )
    return {
        f"examples from {first}": Examples(tuple(drawn[first : first + _TOGETHER]))
        for first in range(0, len(drawn), _TOGETHER)
    }


def _damage(root: Path, chosen: Callable[[str], bool]) -> dict[str, Check]:
    home = str(root / "fixtures" / "damage")
    return {part: Damage(part, home) for part in PARTS if chosen(part)}


def _tellings(root: Path) -> dict[str, Check]:
    """Give what engines must say, some configurations of one folder and engine to a check."""
    groups: dict[tuple[str, str], list[Telling]] = {}
    for name, telling in tellings(root):
        groups.setdefault((name.rpartition("/")[0], telling.engine), []).append(telling)
    return {
        f"{folder} by {engine} from {first}": Tellings(tuple(each[first : first + _TOGETHER]))
        for (folder, engine), each in groups.items()
        for first in range(0, len(each), _TOGETHER)
    }


def _regressions(folder: Path) -> Iterator[Stage]:
    """Give the stage that runs saved examples again, if any was ever saved."""
    saved = tuple(str(file.parent) for file in sorted(folder.glob("*/example.json")))
    if saved:
        yield Stage("regressions", _parity("replay"), saved, inputs=(str(folder),))


def _fixture(root: Path, path: Path, candidates: Sequence[str] = ("declarative",)) -> Fixture:
    told = root / "fixtures" / "told" / path.parent.name / f"{path.stem}.txt"
    fails = told.is_file() and read_told(told)["imperative"].startswith("failed")
    return Fixture(
        config=str(path),
        patterns=str(root / "fixtures" / "own" / "patterns"),
        components=str(root / "fixtures" / "own" / "components"),
        candidates=tuple(candidates),
        exit_code=3 if fails else 0,
    )


def _checks(
    folder: Path,
    name: str,
    checks: Mapping[str, Check],
    inputs: tuple[str, ...] = (),
    files: tuple[str, ...] = (),
) -> Stage:
    plan = folder / f"{name}.json"
    plan.write_bytes(msgspec.json.encode(checks))
    command = (sys.executable, "-m", "parity.sensitivity.checks", str(plan))
    return Stage(
        name, command, tuple(checks), inputs=(str(plan), *inputs), apart=APART, files=files
    )
