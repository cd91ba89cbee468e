"""That mutants of the comparison core are made, run and counted; the score is the benchmark's."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.mutants import CORE, LISTED, main
from parity.errors import UsageError
from parity.sensitivity.equivalents import equivalents_in
from parity.sensitivity.mutants import mutants_of

ROOT = Path(__file__).resolve().parents[2]


def test_the_core_is_there() -> None:
    assert [path for path in CORE if not (ROOT / path).exists()] == []


def test_what_is_listed_as_equivalent_names_mutants_that_are_there() -> None:
    reasons = equivalents_in(LISTED, mutants_of(ROOT, CORE), CORE)
    assert reasons
    assert all(reasons.values())


def test_what_does_not_exist_has_no_mutants(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no parity/nothing.py in"):
        main(["--results", str(tmp_path / "r.jsonl"), "parity/nothing.py"])


@pytest.mark.deep
def test_every_mutant_of_the_verdicts_is_caught(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--results", str(tmp_path / "r.jsonl"), "parity/verdicts.py"]) == 0
    assert "caught (100.0%" in capsys.readouterr().out
