"""Windows over n bars, counted from 0, both ends included. Nothing here knows of dates.

A window that does not fit as a whole is not there; what cannot give a single one is a
`ConfigurationError` at the sequence's section.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from containers.configuration import KFoldSettings, TrainTestSettings, WalkForwardSettings
from containers.errors import ConfigurationError, Problem

__all__ = ["Fold", "Split", "Stretch", "folds", "split", "walk_forward_windows"]


class Stretch(NamedTuple):
    """Bars ``first`` to ``last``, both included."""

    first: int
    last: int


class Split(NamedTuple):
    """A training window and the test window behind it."""

    train: Stretch
    test: Stretch


class Fold(NamedTuple):
    """A test window, and the one or two pieces around it that train."""

    pieces: tuple[Stretch, ...]
    test: Stretch


def split(n: int, settings: TrainTestSettings) -> Split:
    """Part n bars in two.

    The ratio is the decimal that was written: 0.7 of 10 bars are 7.

    Raises:
        ConfigurationError: A part has no bar.
    """
    first_test = math.floor(n * Fraction(repr(settings.train_ratio)))
    if not 0 < first_test < n:
        empty = "train" if first_test <= 0 else "test"
        raise _no_window(
            "train_test",
            f"a train_ratio of {settings.train_ratio!r} leaves no {empty} bar of {n}",
            "expected at least one on each side",
        )
    return Split(Stretch(0, first_test - 1), Stretch(first_test, n - 1))


def walk_forward_windows(n: int, settings: WalkForwardSettings) -> Iterator[Split]:
    """Give the windows of n bars, each a step further, as long as the test ends within them.

    Raises:
        ConfigurationError: There is none. Told at once, before the first is asked for.
    """
    train, test = settings.train_bars, settings.test_bars
    if train + test > n:
        raise _no_window(
            "walk_forward",
            f"no window of {train} train_bars and {test} test_bars fits into {n} bars",
            "choose smaller ones, or more data",
        )
    return _walk(n, train, test, settings.step_bars or test, anchored=settings.anchored)


def _walk(n: int, train: int, test: int, step: int, *, anchored: bool) -> Iterator[Split]:
    start = 0
    while start + train + test <= n:
        first_test = start + train
        yield Split(
            Stretch(0 if anchored else start, first_test - 1),
            Stretch(first_test, first_test + test - 1),
        )
        start += step


def folds(n: int, settings: KFoldSettings) -> list[Fold]:
    """Give the folds of n bars.

    Raises:
        ConfigurationError: One has no bar to test or none to train on.
    """
    k, embargo = settings.folds, settings.embargo_bars
    if k > n:
        raise _no_window("k_fold", f"{n} bars cannot make {k} folds", "expected a bar for each")
    found = []
    for j in range(k):
        test = Stretch(j * n // k, (j + 1) * n // k - 1)
        around = (Stretch(0, test.first - embargo - 1), Stretch(test.last + embargo + 1, n - 1))
        pieces = tuple(piece for piece in around if piece.first <= piece.last)
        if not pieces:
            raise _no_window(
                "k_fold",
                f"an embargo of {embargo} bars leaves fold {j} of {k}, over {n} bars, nothing to "
                "train on",
                "choose a smaller one, or more data",
            )
        found.append(Fold(pieces, test))
    return found


def _no_window(section: str, message: str, hint: str) -> ConfigurationError:
    return ConfigurationError([Problem(message, path=(section,), hint=hint)])
