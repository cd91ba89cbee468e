"""Searching: examples from a seed, one after the other, until one does not hold or time is up.

1. `Search.run` draws examples in batches. Half of the examples are asked for: each small batch has
   the feature that has occurred least; the others are whatever comes. Which feature it is follows
   from the counts, so the same seed and number of examples give the same search.
2. Each example is a pair (`parity.fuzzing.evaluation`). After it, one relation of those held least
   is held; after one in fifty, in its place, the next of those that start processes.
3. On the first thing that does not hold Hypothesis shrinks the example, held against that one thing
   alone; then parts of it are left out (`parity.fuzzing.reducing`). Both have a limited number of
   tries and time. The smallest that still shows it is the answer.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky

from parity.fuzzing.evaluation import (
    Asked,
    Evaluation,
    Finding,
    Written,
    digest_of,
    evaluate,
    finding_of,
    hold_relation,
    write,
)
from parity.fuzzing.reducing import reduced
from parity.fuzzing.tally import APART, IN_PROCESS, Tally
from parity.generation.drawing import Drawing
from parity.generation.estimate import Work, work_of_example
from parity.generation.examples import draw_example
from parity.generation.features import features, needed_for
from parity.generation.mistakes import draw_invalid
from parity.generation.specs import Example
from parity.own import ENGINES
from parity.verdicts import Verdict

__all__ = ["Found", "Limits", "Search", "SearchOutcome"]

_BATCH: Final = 9
_FOCUSED: Final = 3
"""How many are drawn at a time: of whatever comes, and of what has been rare. The first of each is
the plainest there is."""

_TURNS: Final = 4
"""Of so many batches one takes whatever comes."""

_UNITS: Final = 20
_STEPS: Final = 1_000
"""How much work a smaller example may be in any case."""

_INVALID_PERCENT: Final = 15
_EVERY: Final = 50
"""One example in so many is held against a relation that starts processes."""


class Limits(msgspec.Struct, frozen=True):
    """When a search ends.

    Attributes:
        examples: After so many; null: no limit.
        seconds: After so long; null: no limit.
        shrink_tries: How many smaller examples Hypothesis may try, and as many more are tried that
            have parts left out.
        shrink_seconds: How long each of the two may take.
    """

    examples: int | None = None
    seconds: float | None = None
    shrink_tries: int = 300
    shrink_seconds: float = 40.0


class Found(msgspec.Struct, frozen=True):
    """An example that does not hold, as small as it could be made.

    Attributes:
        example: The smallest that shows it.
        finding: What does not hold.
        asked: The relation, where it is one.
        drawn: Digest of the example that was drawn.
        tries: How many smaller ones were tried.
    """

    example: Example
    finding: Finding
    asked: Asked | None
    drawn: str
    tries: int


class SearchOutcome(msgspec.Struct, frozen=True):
    """What came of a search.

    Attributes:
        seed: From which examples were drawn.
        examples: How many were run.
        statuses: How many succeeded, failed, were refused.
        held: Units that the oracle was held against.
        tally: Counts of what was exercised.
        found: What does not hold; null: everything held.
        interrupted: Whether it was ended by Ctrl-C.
        pair_s: Seconds that drawing and running pairs took, for people only.
        relation_s: Seconds that relations took, for people only.
    """

    seed: int
    examples: int
    statuses: dict[str, int]
    held: int
    tally: Tally
    found: Found | None
    interrupted: bool
    pair_s: float
    relation_s: float


class _EnoughError(BaseException):
    """Leaves Hypothesis when a limit is reached; no failure of an example."""


class _DoesNotHoldError(Exception):
    """An example does not hold, which is what Hypothesis shrinks."""


class Search:
    """One search.

    Args:
        seed: The same seed and number of examples give the same search.
        limits: When it ends.
        on_example: Called after each example with how many there are, and what is being done.
        on_held: Called with each example of which everything held, and the relation that did.
    """

    def __init__(
        self,
        seed: int,
        limits: Limits,
        on_example: Callable[[int, str], None] = lambda count, doing: None,
        on_held: Callable[[Example, Asked | None], None] = lambda example, asked: None,
    ) -> None:
        self._seed: Final = seed
        self._limits: Final = limits
        self._on_example: Final = on_example
        self._on_held: Final = on_held
        self._tally: Final = Tally()
        self._statuses: Final = Counter[str](succeeded=0, failed=0, refused=0)
        self._seen: Final[set[str]] = set()
        self._held = 0
        self._count = 0
        self._apart = 0
        self._relation_s = 0.0
        self._shrinking: _Shrinking | None = None
        self._scratch = Path()

    def run(self) -> SearchOutcome:
        """Search until a limit is reached, something does not hold, or Ctrl-C."""
        began = time.perf_counter()
        self._began = began
        interrupted = False
        with tempfile.TemporaryDirectory(prefix="parity-fuzz-") as scratch:
            self._scratch = Path(scratch)
            batch = 0
            try:
                while not self._is_over():
                    before = len(self._seen)
                    focus = None if batch % _TURNS == _TURNS - 1 else self._tally.lagging()
                    self._run_batch(batch, focus)
                    batch += 1
                    if len(self._seen) == before and batch > 1_000_000:
                        break
            except _EnoughError:
                pass
            except KeyboardInterrupt:
                interrupted = True
            if self._shrinking is not None and not interrupted:
                interrupted = self._reduce(self._shrinking)
        shrinking = self._shrinking
        spent = time.perf_counter() - began - self._relation_s
        if shrinking is not None:
            spent -= time.perf_counter() - shrinking.began
        return SearchOutcome(
            seed=self._seed,
            examples=self._count,
            statuses=dict(self._statuses),
            held=self._held,
            tally=self._tally,
            found=None if shrinking is None else shrinking.found(),
            interrupted=interrupted,
            pair_s=spent,
            relation_s=self._relation_s,
        )

    def _reduce(self, shrinking: _Shrinking) -> bool:
        """Leave out parts of what was found; answer whether Ctrl-C ended that."""
        shrinking.go_on()
        try:
            reduced(shrinking.example, lambda example: not self._try(example, shrinking))
        except _EnoughError:
            pass
        except KeyboardInterrupt:
            return True
        return False

    def _is_over(self) -> bool:
        limits = self._limits
        if limits.examples is not None and self._count >= limits.examples:
            return True
        spent = time.perf_counter() - self._began
        return limits.seconds is not None and spent >= limits.seconds

    def _run_batch(self, batch: int, focus: str | None) -> None:
        """Draw a batch of examples through Hypothesis, which shrinks the first that fails."""

        @seed(f"{self._seed}/{batch}")
        @settings(
            max_examples=_FOCUSED if focus else _BATCH,
            database=None,
            deadline=None,
            derandomize=False,
            report_multiple_bugs=False,
            print_blob=False,
            verbosity=Verbosity.quiet,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, Phase.shrink],
        )
        @given(_drawn(focus))
        def held(example: Example) -> None:
            if not self._holds(example):
                raise _DoesNotHoldError  # here alone: Hypothesis tells failures by their line

        try:
            held()
        except (_DoesNotHoldError, Flaky):
            # What now holds did not before, or the other way round: then the last that did not hold
            # is the answer all the same.
            raise _EnoughError from None

    def _holds(self, example: Example) -> bool:
        if self._shrinking is not None:
            return self._try(example, self._shrinking)
        if self._is_over():
            raise _EnoughError
        digest = digest_of(example)
        if digest in self._seen:  # small ones come again
            return True
        self._seen.add(digest)
        finding, asked = self._examine(example, digest)
        self._count += 1
        self._on_example(self._count, "")
        if finding is None:
            self._on_held(example, asked)
        else:
            self._shrinking = _Shrinking(example, finding, asked, digest, self._limits)
        return finding is None

    def _examine(self, example: Example, digest: str) -> tuple[Finding | None, Asked | None]:
        """Run one example, count what it had; give what does not hold first, and the relation."""
        folder = self._scratch / "example"
        written = write(example, folder)
        try:
            evaluation = evaluate(written, folder / "runs")
            self._statuses[evaluation.status] += 1
            self._held += evaluation.held
            self._tally.add(features(example, evaluation.ran))
            self._tally.add(f"invariant:{name}" for name in evaluation.invariants)
            if evaluation.findings:
                return evaluation.findings[0], None
            if evaluation.status == "succeeded":
                return self._relate(written, evaluation, digest)
            return None, None
        finally:
            written.forget()
            shutil.rmtree(folder)

    def _relate(
        self, written: Written, evaluation: Evaluation, digest: str
    ) -> tuple[Finding | None, Asked | None]:
        """Hold the relation whose turn it is; of those that say nothing here, try the next."""
        apart = (self._count + 1) // _EVERY > self._apart
        self._apart += apart
        kind, names = ("process_relation", APART) if apart else ("relation", IN_PROCESS)
        order = {name: place for place, name in enumerate(names)}
        for name in sorted(
            self._tally.rarest(kind), key=lambda n: (self._tally.counts[kind][n], order[n])
        ):
            engine = ENGINES[(int(digest, 16) + order[name]) % len(ENGINES)]
            asked = Asked(name, engine, digest)
            outcome, seconds = hold_relation(
                written, asked, evaluation.detailed(engine), written.folder / "again"
            )
            self._relation_s += seconds
            if outcome.verdict.is_difference:
                return finding_of(outcome), asked
            if outcome.verdict is Verdict.EQUAL:
                self._tally.add([f"{kind}:{name}"])
                return None, asked
        return None, None

    def _try(self, example: Example, shrinking: _Shrinking) -> bool:
        """Hold a smaller example against the one thing that does not hold."""
        if shrinking.is_over():
            raise _EnoughError
        if not shrinking.can_try(example):
            return True
        shrinking.tries += 1
        self._on_example(self._count, f"shrinking, try {shrinking.tries}")
        folder = self._scratch / "smaller"
        written = write(example, folder)
        try:
            finding = _same(written, shrinking)
        finally:
            written.forget()
            shutil.rmtree(folder)
        if finding is not None:
            shrinking.take(example, finding)
        return finding is None


def _same(written: Written, shrinking: _Shrinking) -> Finding | None:
    """Give what a smaller example shows of the same kind; null: nothing."""
    if shrinking.asked is not None:
        outcome, _ = hold_relation(written, shrinking.asked, None, written.folder / "again")
        return finding_of(outcome) if outcome.verdict.is_difference else None
    evaluation = evaluate(written, written.folder / "runs")
    due = shrinking.finding
    # With other endings it is another thing, as when what a phase reads has been taken out.
    alike = [f for f in evaluation.findings if (f.kind, f.statuses) == (due.kind, due.statuses)]
    return alike[0] if alike else None


class _Shrinking:
    """The smallest example so far that shows what was found.

    Attributes:
        finding: What does not hold, in that example.
        asked: The relation, where it is one.
        began: When shrinking began.
        tries: How many examples were tried.
    """

    def __init__(
        self, example: Example, finding: Finding, asked: Asked | None, drawn: str, limits: Limits
    ) -> None:
        self.example, self.finding, self.asked = example, finding, asked
        self.began, self.tries = time.perf_counter(), 0
        self._largest: Final = _most(work_of_example(example))
        self._began, self._most = self.began, limits.shrink_tries
        self._drawn: Final = drawn
        self._limits: Final = limits

    def is_over(self) -> bool:
        """Say whether it has been tried for long enough."""
        spent = time.perf_counter() - self._began
        return self.tries >= self._most or spent >= self._limits.shrink_seconds

    def can_try(self, example: Example) -> bool:
        """Say whether an example is not much more work than what was found.

        What leaves out the number of iterations, or the size of windows, has the defaults: less to
        read, and hundreds of times the work. A try cannot be ended once it has begun.
        """
        units, steps = work_of_example(example)
        return units <= self._largest.units and steps <= self._largest.steps

    def go_on(self) -> None:
        """Allow as many tries, and as much time, once more."""
        self._began, self._most = time.perf_counter(), self.tries + self._limits.shrink_tries

    def take(self, example: Example, finding: Finding) -> None:
        """Keep an example that shows it as well, if it is smaller."""
        if _size(example) <= _size(self.example):
            self.example, self.finding = example, finding

    def found(self) -> Found:
        """Give the answer."""
        return Found(self.example, self.finding, self.asked, self._drawn, self.tries)


def _most(work: Work) -> Work:
    """Give how much work a smaller example may be: no more than what was drawn, or than most."""
    return Work(max(work.units, _UNITS), max(work.steps, _STEPS))


def _size(example: Example) -> tuple[int, bytes]:
    encoded = msgspec.json.encode(example)
    return len(encoded), encoded


@st.composite
def _drawn(draw: st.DrawFn, focus: str | None) -> Example:
    """Draw an example, good or not, that has a feature where one is asked for."""
    kind, _, name = (focus or "").partition(":")
    if kind == "mistake":
        return draw_invalid(Drawing(draw), name)
    drawing = Drawing(draw, needed_for(focus) if focus else frozenset())
    if focus is None and drawing.chance(_INVALID_PERCENT):
        return draw_invalid(drawing)
    return draw_example(drawing)
