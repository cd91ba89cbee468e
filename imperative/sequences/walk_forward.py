"""The sequence of windows that walk through the data, each trained and then tested."""

from __future__ import annotations

from typing import ClassVar

from imperative.sequences.base import Conclusion, Iteration, Iterations, PhaseSequence
from imperative.sequences.chained import Chained
from imperative.sequences.scope import Scope
from imperative.sequences.train_test import TrainThenTest
from imperative.sequences.windows import Stretch, walk_forward_windows

__all__ = ["WalkForward"]


class WalkForward(PhaseSequence):
    """A ``window`` for each step; its tests make one curve."""

    name: ClassVar[str] = "walk_forward"
    independent: ClassVar[bool] = True
    looks_below: ClassVar[bool] = False

    def iterations(self, scope: Scope) -> Iterations:
        """Yield the windows."""
        settings = scope.configuration.walk_forward
        step = settings.step_bars or settings.test_bars
        for train, test in walk_forward_windows(len(scope.span), settings):
            start = train.first
            inside = TrainThenTest(
                Stretch(0, train.last - start),
                Stretch(test.first - start, test.last - start),
                warmup_bars=settings.warmup_bars,
                close_at_end=settings.close_at_end,
            )
            window = scope.part(Stretch(start, test.last), settings.warmup_bars)
            stop_ns = None
            if step < settings.test_bars:
                # Where the next test begins, or would begin, its own samples are taken.
                stop_ns = scope.span.end_ns(scope.span.bars.first + test.first + step)
            yield Iteration("window", window, inner=(inside,), stop_ns=stop_ns)

    def conclusion(self, scope: Scope) -> Conclusion:
        """Chain the tests."""
        return Chained(scope)
