"""What is within a tolerance: by pairs and by columns, of floats and of exact integers."""

from __future__ import annotations

import math
import pickle
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from parity.policy.tolerance import Tolerance
from tests.parity.comparing.building import NOON

NAN = float("nan")
OTHER_NAN = float(np.array([0xFFF8000000000123], np.uint64).view(np.float64)[0])
INF = math.inf


@pytest.mark.parametrize(
    ("tolerance", "left", "right", "share"),
    [
        (Tolerance(abs=0.5), 1.0, 1.25, 0.5),
        (Tolerance(abs=0.5), 1.25, 1.0, 0.5),
        (Tolerance(abs=0.5), 1.0, 1.5, 1.0),
        (Tolerance(abs=0.5), 1.0, np.nextafter(1.5, 2).item(), None),
        (Tolerance(abs=0), 0.0, -0.0, 0.0),
        (Tolerance(abs=0), 0.0, 5e-324, None),
        (Tolerance(rel=0.5), 8.0, 10.0, 0.5),
        (Tolerance(rel=0.5), -8.0, -12.0, 1.0),
        (Tolerance(rel=0.5), 8.0, 12.5, None),
        (Tolerance(rel=0.5), 1.0, 2.0, None),  # of the control's value, not of the larger one
        (Tolerance(rel=0.5), 2.0, 1.0, 1.0),
        (Tolerance(rel=0.5), 0.0, 5e-324, None),
        (Tolerance(ulp=4), 1.0, 1.0 + 2 * 2**-52, 0.5),
        (Tolerance(ulp=4), 1.0, 1.0 + 4 * 2**-52, 1.0),
        (Tolerance(ulp=4), 1.0, 1.0 + 5 * 2**-52, None),
        (Tolerance(ulp=2), 5e-324, -5e-324, 1.0),
        (Tolerance(ulp=1), 5e-324, -5e-324, None),
        (Tolerance(ulp=0), 0.0, -0.0, 0.0),
        # Any of several bounds will do, and the widest is the one that is used.
        (Tolerance(abs=1.0, rel=0.5), 100.0, 110.0, 0.2),
        (Tolerance(abs=1.0, rel=0.5), 0.5, 1.25, 0.75),
        (Tolerance(abs=1.0, rel=0.5), 1.0, 2.5, None),
        (Tolerance(abs=1e-9, ulp=1), 1.0, 1.0 + 2**-52, 2**-52 / 1e-9),
        # Integers have a distance and nothing else.
        (Tolerance(abs=50), NOON + 50, NOON, 1.0),
        (Tolerance(abs=50), NOON, NOON + 25, 0.5),
        (Tolerance(abs=50), NOON, NOON + 51, None),
        (Tolerance(abs=50), NOON, NOON + 99, None),
        (Tolerance(abs=50.0), NOON, NOON + 51, None),
        (Tolerance(abs=0.5), 1, 2, None),
        (Tolerance(abs=1), -(2**63), 2**63 - 1, None),
        (Tolerance(rel=0.5, ulp=2**60), NOON, NOON + 1, None),
        # NaN, infinities, and everything that is no number.
        (Tolerance(abs=1e308, rel=1.0, ulp=2**62), NAN, NAN, None),
        (Tolerance(abs=1e308, rel=1.0, ulp=2**62), NAN, 1.0, None),
        (Tolerance(nan_equal=True), NAN, OTHER_NAN, 0.0),
        (Tolerance(nan_equal=True), NAN, 1.0, None),
        (Tolerance(nan_equal=True), 1.0, 2.0, None),
        (Tolerance(abs=1.0, nan_equal=True), 1.0, 1.5, 0.5),
        (Tolerance(abs=1e308, rel=1.0, ulp=2**62), INF, 1.0, None),
        (Tolerance(abs=1e308, rel=1.0, ulp=2**62), 1.0, -INF, None),
        (Tolerance(abs=1e308, rel=1.0, ulp=2**62), INF, -INF, None),
        (Tolerance(abs=9, nan_equal=True), None, 0.0, None),
        (Tolerance(abs=9, nan_equal=True), None, NAN, None),
        (Tolerance(abs=9), 1, True, None),
        (Tolerance(abs=9), False, True, None),
        (Tolerance(abs=9), 1, 1.0, None),
        (Tolerance(abs=9), 5, "5", None),
        (Tolerance(abs=9), "5", "6", None),
        (Tolerance(), 1.0, 1.5, None),
    ],
)
def test_a_pair_uses_a_share_or_is_beyond(
    tolerance: Tolerance, left: Any, right: Any, share: float | None
) -> None:
    assert tolerance.share(left, right) == share
    if type(left) is type(right) and type(left) in (int, float):
        kind = np.int64 if type(left) is int else np.float64
        (column,) = tolerance.shares(np.array([left], kind), np.array([right], kind)).tolist()
        assert column == pytest.approx(share, rel=1e-15) if share is not None else column != column


def test_columns_of_two_types_are_beyond_every_tolerance() -> None:
    wide = Tolerance(abs=1e308, rel=1.0, ulp=2**62, nan_equal=True)
    whole, real = np.array([1], np.int64), np.array([1.0], np.float64)
    assert np.isnan(wide.shares(whole, real)).all()
    assert np.isnan(wide.shares(real, whole)).all()
    assert np.isnan(wide.shares(real.astype(np.float32), real.astype(np.float32))).all()
    for column in (whole, real):
        read_back = pickle.loads(pickle.dumps(column))  # whose type is equal, but another object
        assert not np.isnan(wide.shares(column, read_back)).any()


FLOATS = st.floats(allow_nan=True, allow_infinity=True)
NEAR = st.one_of(FLOATS, st.sampled_from([0.0, -0.0, 1.0, 1.0 + 2**-52, 5e-324, 1e300, NAN]))
BOUND = st.one_of(st.none(), st.floats(0, 1e308), st.sampled_from([0.0, 1e-9, 1.0]))


@given(
    st.builds(
        Tolerance,
        abs=BOUND,
        rel=BOUND,
        ulp=st.one_of(st.none(), st.integers(0, 2**63)),
        nan_equal=st.booleans(),
    ),
    st.lists(st.tuples(NEAR, NEAR), min_size=1, max_size=8),
)
def test_columns_of_floats_decide_as_pairs_do(
    tolerance: Tolerance, pairs: list[tuple[float, float]]
) -> None:
    left, right = (np.array(side, np.float64) for side in zip(*pairs, strict=True))
    for share, (a, b) in zip(tolerance.shares(left, right).tolist(), pairs, strict=True):
        one = tolerance.share(a, b)
        assert math.isnan(share) if one is None else share == pytest.approx(one, rel=1e-12)


INTEGERS = st.integers(-(2**63), 2**63 - 1)


@given(
    st.one_of(st.integers(0, 2**65), st.floats(0, 1e20)),
    st.lists(st.tuples(INTEGERS, st.one_of(INTEGERS, st.integers(-99, 99))), min_size=1),
)
@example(sys.float_info.min, [(0, 4)])
def test_columns_of_integers_decide_as_pairs_do(bound: float, drawn: list[tuple[int, int]]) -> None:
    pairs = [(a, b if abs(b) > 99 else max(-(2**63), min(2**63 - 1, a + b))) for a, b in drawn]
    left, right = (np.array(side, np.int64) for side in zip(*pairs, strict=True))
    tolerance = Tolerance(abs=bound)
    for share, (a, b) in zip(tolerance.shares(left, right).tolist(), pairs, strict=True):
        one = tolerance.share(a, b)
        assert math.isnan(share) if one is None else share == pytest.approx(one, rel=1e-12)
