"""Saved examples under ``fixtures/regressions`` hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity.fuzzing.replaying import replay

SAVED = Path(__file__).resolve().parents[3] / "fixtures" / "regressions"
FOLDERS = sorted(folder for folder in SAVED.iterdir() if folder.is_dir())


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_what_was_found_once_is_fixed(folder: Path) -> None:
    replayed = replay(folder)
    assert (replayed.outcome, replayed.text) == ("FIXED", "")
