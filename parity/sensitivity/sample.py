"""A sample of mutants, held against the standard verification."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Literal, TypeAlias

import msgspec

from parity.faults.tree import OURS, SourceTree
from parity.sensitivity.equivalents import equivalents
from parity.sensitivity.interval import wilson
from parity.sensitivity.killing import run_mutants
from parity.sensitivity.mutants import Mutant, draw, mutants_of
from parity.sensitivity.results import Result, ResultsFile
from parity.sensitivity.standard import APPROVED, checkout, standard_stages

__all__ = ["PACKAGES", "Sample", "Sampled", "Score", "take_sample"]

PACKAGES: Final = ("containers", "declarative", "imperative")
"""What mutants are made of: what is verified, not what verifies."""

SampleStanding: TypeAlias = Literal["caught", "escaped", "equivalent"]


class Score(msgspec.Struct, frozen=True):
    """A share with its interval.

    Attributes:
        caught: How many were seen.
        of: Of how many: all but those listed as equivalent.
    """

    caught: int
    of: int

    @property
    def share(self) -> float | None:
        """Null of none."""
        return self.caught / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval; null of none."""
        return wilson(self.caught, self.of) if self.of else None


class Sampled(msgspec.Struct, frozen=True):
    """One mutant of a sample.

    Attributes:
        mutant: The mutant.
        result: What came of it.
        diff: Its change.
        reason: Why it is listed as equivalent; null: it is not.
    """

    mutant: Mutant
    result: Result
    diff: str
    reason: str | None

    @property
    def standing(self) -> SampleStanding:
        """Whether it was seen, or need not be."""
        if self.result.outcome == "caught":
            return "caught"
        return "escaped" if self.reason is None else "equivalent"


class Sample(msgspec.Struct, frozen=True):
    """What came of a sample.

    Attributes:
        seed: By which it was drawn.
        population: Of how many mutants.
        stages: Names of the stages that mutants were taken through.
        mutants: Those drawn, in the order of their drawing.
    """

    seed: int
    population: int
    stages: tuple[str, ...]
    mutants: tuple[Sampled, ...]

    @property
    def score(self) -> Score:
        """What the whole verification sees."""
        return self._score(lambda sampled: sampled.standing == "caught")

    @property
    def score_without_approved(self) -> Score:
        """What it sees without approved results."""
        return self._score(
            lambda sampled: sampled.standing == "caught" and sampled.result.stage != APPROVED
        )

    @property
    def stale(self) -> tuple[Sampled, ...]:
        """Those listed as equivalent that were seen."""
        return tuple(
            each
            for each in self.mutants
            if each.reason is not None and each.result.outcome == "caught"
        )

    def _score(self, seen: Callable[[Sampled], bool]) -> Score:
        counted = [each for each in self.mutants if each.standing != "equivalent"]
        return Score(sum(map(seen, counted)), len(counted))


def take_sample(
    count: int,
    seed: int,
    results: Path,
    *,
    jobs: int = 2,
    on_step: Callable[[str], None] = lambda what: None,
    packages: Sequence[str] = PACKAGES,
) -> Sample:
    """Draw mutants and take each through the standard verification.

    Args:
        count: How many.
        seed: By which they are drawn.
        results: File in which results are kept as they come.
        jobs: How many at once.
        on_step: Called in this thread with what is done next.
        packages: What mutants are made of.

    Raises:
        UsageError: There are not so many, something that belongs to the verification is missing, it
            fails on unchanged code, or the file of results is none.
        ConfigurationError: The list of equivalent mutants names one that there is not.
    """
    with tempfile.TemporaryDirectory(prefix="parity-mutants-") as scratch:
        folder = Path(scratch)
        stages = standard_stages(folder, checkout())
        tree = SourceTree(folder / "tree", OURS, jobs=jobs)
        on_step("drawing")
        population = mutants_of(tree.base, packages)
        reasons = equivalents(population, packages)
        drawn = draw(tree.base, population, count, seed)
        found, _ = run_mutants(
            tree, drawn, stages, lambda digest: ResultsFile(results, digest),
            jobs=jobs, on_step=on_step,
        )  # fmt: skip
        return Sample(
            seed=seed,
            population=len(population),
            stages=tuple(stage.name for stage in stages),
            mutants=tuple(
                Sampled(
                    mutant, found[mutant.id], mutant.diff(tree.text(mutant.file)),
                    reasons.get(mutant.id),
                )
                for mutant in drawn
            ),
        )  # fmt: skip
