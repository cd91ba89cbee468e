"""Names of runs: one safe path segment each."""

from __future__ import annotations

from pathlib import Path

import pytest

from containers.errors import ConfigurationError
from containers.storage import RunFolder, check_workflow_id, default_workflow_id
from tests.storage.samples import DIGEST, card, create


def test_the_default_id_has_the_workflow_the_configuration_and_a_number() -> None:
    assert default_workflow_id("w", DIGEST, 12) == "w-01234567-12"


@pytest.mark.parametrize("good", ["a", "A.b", "0", "_x", "-x", "a..b", "x" * 200])
def test_one_safe_path_segment_is_an_id(good: str) -> None:
    assert check_workflow_id(good) == good


BAD = ["", ".", "..", ".hidden", "a/b", "../a", "/a", "a\\b", "a b", "ä", "a\n", "a:b", "a\0",
       "x" * 201, "\ud800", "a%2f", "~", "a\u2044b", "a/"]  # fmt: skip


@pytest.mark.parametrize("bad", BAD)
def test_anything_else_is_no_id(bad: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        check_workflow_id(bad)
    assert str(raised.value) == (
        f"found the workflow id {bad!r}, expected letters, digits, '.', '_' or '-', "
        "at most 200 of them (it becomes the name of a folder)"
    )


@pytest.mark.parametrize("bad", ["", "..", "a/b", ".hidden"])
def test_nothing_is_made_for_an_unsafe_id(bad: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        create(tmp_path / "results", bad)
    with pytest.raises(ConfigurationError):
        RunFolder.resume(tmp_path / "results", card=card(), workflow_id=bad)
    assert list(tmp_path.iterdir()) == []
