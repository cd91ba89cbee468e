"""Training and testing: the split of all data, and what windows and folds have below them."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from containers.results import IterationResult
from imperative.findings import Findings
from imperative.sequences.base import (
    Conclusion,
    Iteration,
    Iterations,
    LastOne,
    PhaseSequence,
)
from imperative.sequences.parameter_sweep import ParameterSweep
from imperative.sequences.scope import Scope, WarmupBars
from imperative.sequences.windows import Stretch, split

__all__ = ["InSample", "OutOfSample", "TrainTest", "TrainThenTest"]


class _Tested(Conclusion):
    """Comes to what the test did, with the parameters that training chose."""

    def __init__(self) -> None:
        self._test = LastOne()
        self._chosen: IterationResult | None = None

    def take(self, iteration: Iteration, result: IterationResult) -> None:
        """Take the training first, then the test."""
        if self._chosen is None:
            self._chosen = result
        self._test.take(iteration, result)

    def findings(self) -> Findings:
        """Give the test's."""
        chosen = {} if self._chosen is None else self._chosen.best_parameters
        return msgspec.structs.replace(self._test.findings(), best_parameters=chosen)


class TrainThenTest(PhaseSequence):
    """A ``train`` and a ``test`` that takes the best parameters of it.

    Training optimises when there is a space left; a topology that tries all combinations itself
    does so in one unit.

    Args:
        train: From the first to the last bar that trains, counted from the scope's first.
        test: Bars of the test.
        warmup_bars: Before each of them.
        close_at_end: Whether the test closes its positions.
        within: What trains in place of ``train`` as a whole: the pieces of a fold.
    """

    name: ClassVar[str] = "train, test"
    looks_below: ClassVar[bool] = False

    def __init__(
        self,
        train: Stretch,
        test: Stretch,
        *,
        warmup_bars: WarmupBars,
        close_at_end: bool,
        within: tuple[PhaseSequence, ...] = (),
    ) -> None:
        self._train = train
        self._test = test
        self._warmup_bars = warmup_bars
        self._close_at_end = close_at_end
        self._within = within

    def iterations(self, scope: Scope) -> Iterations:
        """Yield the training, then the test."""
        sweeps = scope.space and scope.topology != "optimization"
        inner = (ParameterSweep(), *self._within) if sweeps else self._within
        part = scope.part(self._train, self._warmup_bars)
        trained = yield Iteration("train", part, inner=inner)
        best = trained.best_parameters
        tested = scope.tested(best, close_at_end=self._close_at_end)
        yield Iteration("test", tested.part(self._test, self._warmup_bars), best)

    def conclusion(self, scope: Scope) -> Conclusion:
        """Wait for the test."""
        return _Tested()


class TrainTest(PhaseSequence):
    """All bars in two parts."""

    name: ClassVar[str] = "train_test"
    looks_below: ClassVar[bool] = False

    def iterations(self, scope: Scope) -> Iterations:
        """Yield the training, then the test."""
        settings = scope.configuration.train_test
        train, test = split(len(scope.span), settings)
        yield from TrainThenTest(
            train,
            test,
            warmup_bars=settings.warmup_bars,
            close_at_end=settings.close_at_end,
        ).iterations(scope)

    def conclusion(self, scope: Scope) -> Conclusion:
        """Wait for the test."""
        return _Tested()


class InSample(PhaseSequence):
    """The training part of `TrainTest` alone, with nothing optimised; the space stays."""

    name: ClassVar[str] = "in_sample"
    independent: ClassVar[bool] = True
    looks_below: ClassVar[bool] = False

    def iterations(self, scope: Scope) -> Iterations:
        """Yield the one iteration."""
        settings = scope.configuration.train_test
        train, _ = split(len(scope.span), settings)
        yield Iteration("train", scope.part(train, settings.warmup_bars))


class OutOfSample(PhaseSequence):
    """The test part of `TrainTest` alone, with nothing optimised; the space stays."""

    name: ClassVar[str] = "out_of_sample"
    independent: ClassVar[bool] = True
    looks_below: ClassVar[bool] = False

    def iterations(self, scope: Scope) -> Iterations:
        """Yield the one iteration."""
        settings = scope.configuration.train_test
        _, test = split(len(scope.span), settings)
        closed = scope.closing(at_end=settings.close_at_end)
        yield Iteration("test", closed.part(test, settings.warmup_bars))
