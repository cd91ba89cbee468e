from __future__ import annotations

import itertools

import pytest

from containers.nearest import did_you_mean, nearest

NAMES = ("initial_capital", "lot_size", "fractional", "allow_short", ">=", "==", "GOOG")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("lot_size", "lot_size"),
        ("lot_szie", "lot_size"),  # swapped
        ("lotsize", "lot_size"),  # missing
        ("lot_sizes", "lot_size"),  # too many
        ("lot-size", "lot_size"),  # wrong
        ("LOT_SIZE", "lot_size"),
        ("capital", "initial_capital"),
        ("goog", "GOOG"),
        ("=>", ">="),
        ("zebra", None),
        ("", None),
        ("x" * 10_000, None),
    ],
)
def test_the_nearest_name(name: str, expected: str | None) -> None:
    assert nearest(name, NAMES) == expected


def test_the_order_of_candidates_does_not_matter() -> None:
    answers = {nearest("bat", order) for order in itertools.permutations(["cat", "bar", "hat"])}
    assert len(answers) == 1


def test_the_hint_is_the_nearest_name_or_the_known_ones() -> None:
    assert did_you_mean("lotsize", NAMES) == "did you mean 'lot_size'?"
    assert did_you_mean("zebra", ["b", "a"]) == "known: a, b"
    assert did_you_mean("zebra", []) == "none are known"


def test_the_list_of_known_names_is_capped() -> None:
    hint = did_you_mean("zebra", [f"n{number:02}" for number in range(30)])
    assert hint.endswith("n23, n24 and 5 more")
