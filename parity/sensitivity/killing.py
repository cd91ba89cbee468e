"""Running commands on mutants: which of them end otherwise than on unchanged code?

1. `Course.calibrate` runs every part of every stage once on unchanged code in which each mutant's
   statement is marked. That tells how the parts end, how long they take, and whose statement each
   part reaches. Up to such a statement a mutant does what unchanged code does, so that a part
   that does not reach it comes to the same and need not be run.
2. `Course.run` takes a mutant through the stages, with those parts only, shortest first, up to the
   first that ends otherwise.

Nothing here knows what is run: a stage is any command that ends with 0 when all is well.
"""

from __future__ import annotations

import hashlib
import shutil
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Final

import msgspec

from parity.errors import UsageError
from parity.faults.processes import Ended, Processes
from parity.faults.tree import Change, SourceTree, environment
from parity.sensitivity.equivalents import EQUIVALENTS
from parity.sensitivity.mutants import Mutant
from parity.sensitivity.results import Result, ResultsFile

__all__ = ["Apart", "Course", "Stage", "run_mutants"]

_MARKS: Final = "marks"
_LEAST_S: Final = 20.0
_TIMES: Final = 5.0
"""A part may take so many seconds, and so many times as long as with unchanged code."""


class Stage(msgspec.Struct, frozen=True):
    """A command that ends with 0 on unchanged code.

    Attributes:
        name: How reports call it.
        command: Program and arguments.
        parts: Further arguments, each of which can be given alone: configurations, files of tests.
            A mutant gets those that reach it. None: the command as it is.
        within: Run it in the tree of sources, not in an empty folder.
        inputs: Files and folders that it reads, by name or because its command names them; results
            are of their content.
        apart: Option with which the command runs each part in a process of its own, all forked from
            one that has imported what they need, and makes of each a file: `Apart`. Empty: it has
            none, and is called once for each part to tell what they reach.
        files: Beginnings of paths: mutants of other files are not taken through this stage, because
            it shows nothing of them that stages before do not show. Empty: all are.
    """

    name: str
    command: tuple[str, ...]
    parts: tuple[str, ...] = ()
    within: bool = False
    inputs: tuple[str, ...] = ()
    apart: str = ""
    files: tuple[str, ...] = ()


class Apart(msgspec.Struct, frozen=True):
    """What came of one part, as ``NUMBER.json`` in the folder of marks; numbers count from 0.

    Its own marks are in the folder ``NUMBER`` beside; those of imports are every part's.

    Attributes:
        code: What it would have left with.
        said: Its last line.
        seconds: How long it took.
    """

    code: int
    said: str
    seconds: float


class _Part(msgspec.Struct, frozen=True):
    """A part on unchanged code: how long it took, and the mutants whose statement it reached."""

    name: str
    seconds: float
    reached: frozenset[str]


class Course:
    """Stages, as they go on unchanged code.

    Args:
        tree: The sources.
        mutants: All that will be run.
        stages: What they are run through, in this order.
    """

    def __init__(
        self, tree: SourceTree, mutants: Sequence[Mutant], stages: Sequence[Stage]
    ) -> None:
        self._tree = tree
        self._mutants = mutants
        self._stages = stages
        self._changes = {mutant.id: _change(tree, mutant) for mutant in mutants}
        self._parts: dict[str, list[_Part]] = {}
        self._processes = Processes()

    def digest(self) -> str:
        """Give a digest of all sources and stages.

        Of what stages read the content counts, not where it lies; and not the list of equivalent
        mutants, which says how results are taken.
        """
        found = hashlib.sha256()
        for stage in self._stages:
            named = [text for text in stage.command if text not in stage.inputs]
            found.update(
                msgspec.json.encode(
                    [stage.name, named, stage.parts, stage.within, stage.apart, stage.files]
                )
            )
        for given in (self._tree.base, *(Path(p) for stage in self._stages for p in stage.inputs)):
            for file in sorted(given.rglob("*")) if given.is_dir() else [given]:
                if file.is_file() and file.suffix != ".pyc" and file.name != EQUIVALENTS:
                    found.update(file.relative_to(given).as_posix().encode())
                    found.update(hashlib.sha256(file.read_bytes()).digest())
        return found.hexdigest()[:16]

    def calibrate(self, jobs: int, on_step: Callable[[str], None]) -> None:
        """Run everything once on unchanged code.

        Raises:
            UsageError: A part does not end with 0.
        """
        marks: dict[str, list[tuple[str, int]]] = {}
        for mutant in self._mutants:
            marks.setdefault(mutant.file, []).append(
                (mutant.id, self._changes[mutant.id].marks[0][1])
            )
        order = [(id_, file, offset) for file, each in marks.items() for id_, offset in each]
        texts = {file: self._tree.text(file) for file in marks}
        change = Change(texts, [(file, offset) for _, file, offset in order])
        ids = [id_ for id_, _, _ in order]

        source = self._tree.change("calibration", change)

        def run(number: int, stage: Stage, parts: Sequence[str]) -> list[_Part]:
            folder = source.parent / str(number)
            option = [stage.apart] if stage.apart else []
            began = time.perf_counter()
            command = (*stage.command, *option, *parts)
            ended = _call(self._processes, command, source, folder, stage.within, None)
            seconds = time.perf_counter() - began
            shown = folder / _MARKS

            def reached(*folders: Path) -> frozenset[str]:
                return frozenset(
                    id_
                    for at, id_ in enumerate(ids)
                    if any((f / str(at)).exists() for f in folders)
                )

            found: list[_Part] = []
            if stage.apart and ended.code == 0:
                for at, part in enumerate(parts):
                    came = msgspec.json.decode((shown / f"{at}.json").read_bytes(), type=Apart)
                    _check_sound(stage, part, came.code, came.said)
                    found.append(_Part(part, came.seconds, reached(shown, shown / f"of-{at}")))
            else:
                _check_sound(stage, " ".join(parts), ended.code, ended.last)
                found.append(_Part(" ".join(parts), seconds, reached(shown)))
            shutil.rmtree(folder)
            return found

        work: list[tuple[Stage, Sequence[str]]] = []
        for stage in self._stages:
            if stage.apart:
                # One process runs some: not all, so that there is work for each job to the end.
                size = max(1, len(stage.parts) // (2 * jobs))
                work += [
                    (stage, stage.parts[n : n + size]) for n in range(0, len(stage.parts), size)
                ]
            else:
                work += [(stage, (part,)) for part in stage.parts] or [(stage, ())]
        with ThreadPoolExecutor(jobs) as pool:
            futures = [pool.submit(run, n, *each) for n, each in enumerate(work)]
            try:
                for (stage, parts), future in zip(work, futures, strict=True):
                    on_step(
                        f"unchanged code · {stage.name} {Path(' '.join(parts[:1])).name}".rstrip()
                    )
                    self._parts.setdefault(stage.name, []).extend(future.result())
            except BaseException:
                self._processes.end()
                pool.shutdown(cancel_futures=True)
                raise
        self._tree.remove("calibration")

    def run(self, number: int, mutant: Mutant, digest: str) -> Result:
        """Take a mutant through the stages."""
        began = time.perf_counter()
        name = f"mutant-{number}"
        source = self._tree.change(name, self._changes[mutant.id])
        executed = False
        stage_name: str | None = None
        detail: str | None = None
        for stage in self._stages:
            if stage.files and not mutant.file.startswith(stage.files):
                continue
            parts = [part for part in self._parts[stage.name] if mutant.id in part.reached]
            if not parts:
                continue
            executed = True
            parts.sort(key=lambda part: (part.seconds, part.name))
            named = [part.name for part in parts if part.name]
            limit_s = _LEAST_S + _TIMES * sum(part.seconds for part in parts)
            ended = _call(
                self._processes,
                (*stage.command, *named),
                source,
                source.parent / "run",
                stage.within,
                limit_s,
            )
            if ended.code != 0:
                stage_name, detail = stage.name, ended.told
                break
        self._tree.remove(name)
        return Result(
            mutant=mutant.id,
            digest=digest,
            outcome="escaped" if stage_name is None else "caught",
            stage=stage_name,
            detail=detail,
            executed=executed,
            seconds=round(time.perf_counter() - began, 2),
        )

    def end(self) -> None:
        """End all processes that are running."""
        self._processes.end()


def run_mutants(
    tree: SourceTree,
    mutants: Sequence[Mutant],
    stages: Sequence[Stage],
    results: Callable[[str], ResultsFile],
    *,
    jobs: int = 2,
    on_step: Callable[[str], None] = lambda what: None,
) -> tuple[Mapping[str, Result], str]:
    """Run mutants through stages; those that have a result already are not run again.

    Args:
        tree: The sources they are made from.
        mutants: What is run.
        stages: Commands, from quick to slow.
        results: Opens the file of results for a digest of code and stages.
        jobs: How many at once.
        on_step: Called in this thread with what is done next.

    Returns:
        Results by mutant, and the digest.

    Raises:
        UsageError: A stage fails on unchanged code, or the file of results is none.
    """
    course = Course(tree, mutants, stages)
    digest = course.digest()
    file = results(digest)
    left = [mutant for mutant in mutants if mutant.id not in file.known]
    if left:
        course = Course(tree, left, stages)
        course.calibrate(jobs, on_step)
        with ThreadPoolExecutor(jobs) as pool, warnings.catch_warnings():
            # What compiling a mutant warns of, like 'is' with a literal, is its point.
            warnings.simplefilter("ignore", SyntaxWarning)
            futures = [pool.submit(course.run, n, each, digest) for n, each in enumerate(left)]
            try:
                for done in as_completed(futures):
                    result = done.result()
                    on_step(result.mutant.partition(":")[0])
                    file.add(result)
            except BaseException:
                course.end()
                pool.shutdown(cancel_futures=True)
                raise
    return {mutant.id: file.known[mutant.id] for mutant in mutants}, digest


def _check_sound(stage: Stage, part: str, code: int | None, said: str) -> None:
    if code != 0:
        what = f"{stage.name}: {part}" if part else stage.name
        raise UsageError(
            f"{what} leaves with {code} on unchanged code, so that it tells nothing of mutants: "
            f"{said or 'it said nothing'}"
        )


def _change(tree: SourceTree, mutant: Mutant) -> Change:
    was = tree.text(mutant.file)
    now = mutant.apply(was)
    pairs = enumerate(zip(was, now, strict=False))
    offset = next((at for at, (a, b) in pairs if a != b), min(len(was), len(now)))
    # Of a longer text that begins alike, the place is where the shorter one ends.
    return Change({mutant.file: now}, [(mutant.file, min(offset, len(was) - 1))])


def _call(
    processes: Processes,
    command: Sequence[str],
    source: Path,
    folder: Path,
    within: bool,
    limit_s: float | None,
) -> Ended:
    """Run a command with the packages of a tree, in that tree or in an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    for needed in (folder / _MARKS, folder / "empty"):
        needed.mkdir(parents=True)
    return processes.call(
        command,
        folder=source if within else folder / "empty",
        environment=environment(source, folder / _MARKS),
        output=folder / "output",
        limit_s=limit_s,
    )
