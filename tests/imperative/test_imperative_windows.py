from __future__ import annotations

from typing import Any

import pytest

from containers.configuration import KFoldSettings, TrainTestSettings, WalkForwardSettings
from containers.errors import ConfigurationError
from imperative.sequences.windows import folds, split, walk_forward_windows


def walk(n: int, train: int, test: int, step: int | None = None, **more: Any) -> Any:
    settings = WalkForwardSettings(
        train_bars=train,
        test_bars=test,
        step_bars=step,
        anchored=more.get("anchored", False),
        warmup_bars="auto",
        close_at_end=True,
    )
    return [(*w.train, *w.test) for w in walk_forward_windows(n, settings)]


def fold(n: int, k: int, embargo: int = 0) -> Any:
    settings = KFoldSettings(folds=k, embargo_bars=embargo, warmup_bars=0, close_at_end=True)
    return [(tuple(f.test), [tuple(p) for p in f.pieces]) for f in folds(n, settings)]


@pytest.mark.parametrize(
    ("n", "ratio", "first_test"),
    [(10, 0.7, 7), (100, 0.29, 29), (1_000, 0.057, 57), (3, 0.5, 1), (2, 0.5, 1)],
)
def test_the_ratio_is_the_decimal_that_was_written(n: int, ratio: float, first_test: int) -> None:
    parts = split(n, TrainTestSettings(train_ratio=ratio, warmup_bars=0, close_at_end=True))
    assert parts == ((0, first_test - 1), (first_test, n - 1))


@pytest.mark.parametrize(("n", "ratio", "empty"), [(3, 0.1, "train"), (1, 0.9, "train")])
def test_a_split_needs_a_bar_on_each_side(n: int, ratio: float, empty: str) -> None:
    with pytest.raises(ConfigurationError, match=f"leaves no {empty} bar of {n}") as caught:
        split(n, TrainTestSettings(train_ratio=ratio, warmup_bars=0, close_at_end=True))
    assert caught.value.problems[0].path == ("train_test",)


def test_windows_walk_as_long_as_the_test_fits() -> None:
    assert walk(10, 4, 2) == [(0, 3, 4, 5), (2, 5, 6, 7), (4, 7, 8, 9)]
    assert walk(9, 4, 2) == [(0, 3, 4, 5), (2, 5, 6, 7)]
    assert walk(8, 4, 2, 1) == [(0, 3, 4, 5), (1, 4, 5, 6), (2, 5, 6, 7)]
    assert walk(8, 4, 2, anchored=True) == [(0, 3, 4, 5), (0, 5, 6, 7)]


def test_no_window_at_all_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="no window of 4 train_bars and 2 test_bars"):
        walk(5, 4, 2)


def test_folds_cover_all_bars_once_and_the_embargo_trains_nothing() -> None:
    assert fold(10, 3) == [
        ((0, 2), [(3, 9)]),
        ((3, 5), [(0, 2), (6, 9)]),
        ((6, 9), [(0, 5)]),
    ]
    assert fold(10, 3, 3) == [((0, 2), [(6, 9)]), ((3, 5), [(9, 9)]), ((6, 9), [(0, 2)])]


def test_a_fold_without_training_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match=r"fold 1 of 3, over 9 bars, nothing to train on"):
        fold(9, 3, 3)
    with pytest.raises(ConfigurationError, match="2 bars cannot make 3 folds"):
        fold(2, 3)
