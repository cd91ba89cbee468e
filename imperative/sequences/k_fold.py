"""The sequence of folds: each tested once, and trained on what lies around it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from imperative.sequences.base import Conclusion, Iteration, Iterations, PhaseSequence
from imperative.sequences.chained import Chained
from imperative.sequences.scope import Scope, WarmupBars
from imperative.sequences.train_test import TrainThenTest
from imperative.sequences.windows import Stretch, folds

__all__ = ["KFold", "Pieces"]


class Pieces(PhaseSequence):
    """A ``piece`` for each stretch that trains; together they make one curve.

    Args:
        pieces: The stretches, counted from the first bar of the scope.
        warmup_bars: Before each of them.
    """

    name: ClassVar[str] = "pieces"
    independent: ClassVar[bool] = True
    looks_below: ClassVar[bool] = False

    def __init__(self, pieces: Sequence[Stretch], *, warmup_bars: WarmupBars) -> None:
        self._pieces = tuple(pieces)
        self._warmup_bars = warmup_bars

    def iterations(self, scope: Scope) -> Iterations:
        """Yield the pieces."""
        for piece in self._pieces:
            yield Iteration("piece", scope.part(piece, self._warmup_bars))

    def conclusion(self, scope: Scope) -> Conclusion:
        """Chain the pieces."""
        return Chained(scope, pieces=True)


class KFold(PhaseSequence):
    """A ``fold`` for each test; the tests make one curve."""

    name: ClassVar[str] = "k_fold"
    independent: ClassVar[bool] = True
    looks_below: ClassVar[bool] = False

    def iterations(self, scope: Scope) -> Iterations:
        """Yield the folds."""
        settings = scope.configuration.k_fold
        for pieces, test in folds(len(scope.span), settings):
            first = min(test.first, pieces[0].first)
            last = max(test.last, pieces[-1].last)
            train = Stretch(pieces[0].first, pieces[-1].last)
            around = Pieces(
                [Stretch(p.first - train.first, p.last - train.first) for p in pieces],
                warmup_bars=settings.warmup_bars,
            )
            inside = TrainThenTest(
                Stretch(train.first - first, train.last - first),
                Stretch(test.first - first, test.last - first),
                warmup_bars=settings.warmup_bars,
                close_at_end=settings.close_at_end,
                within=(around,),
            )
            fold = scope.part(Stretch(first, last), settings.warmup_bars)
            yield Iteration("fold", fold, inner=(inside,))

    def conclusion(self, scope: Scope) -> Conclusion:
        """Chain the tests."""
        return Chained(scope)
