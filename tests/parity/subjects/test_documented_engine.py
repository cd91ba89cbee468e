"""The worked example of the documentation does what it says there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.parity.conftest import Output
from tests.parity.subjects.documented import blocks, install_tiny

Parity = Callable[..., Output]


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    site = install_tiny(tmp_path / "site")
    monkeypatch.syspath_prepend(site)
    for module in ("tiny", "tiny_adapter"):  # another test's
        monkeypatch.delitem(sys.modules, module, raising=False)
    return site


def by_candidate(output: Output) -> dict[str, Any]:
    return {pair["candidate"]: pair for pair in output.document["workflows"]}


def test_it_agrees_with_the_engines_and_the_oracle(tiny: Path, parity: Parity) -> None:
    command = ["verify", str(tiny / "tiny.yaml"), "--candidate", "tiny"]
    output = parity(*command, "--candidate", "declarative", "--json", "-")
    assert output.code == 0, output.err
    pairs = by_candidate(output)
    assert list(pairs) == ["tiny", "declarative", "oracle"]
    channels = pairs["tiny"]["channels"]
    compared = {name: channel["compared"] for name, channel in channels.items()}
    assert compared["trades"] > 5
    assert compared["equity"] > 700
    assert compared["metrics"] == 3
    assert {n for n, c in channels.items() if c["verdict"] != "not_comparable"} == {
        "trades", "equity", "metrics",
    }  # fmt: skip


def test_it_agrees_in_a_process_of_its_own(tiny: Path, parity: Parity) -> None:
    command = ["verify", str(tiny / "tiny.yaml"), "--candidate", "tiny:hash_seed=1"]
    output = parity(*command, "--json", "-")
    assert output.code == 0, output.err
    assert by_candidate(output)["tiny:hash_seed=1"]["verdict"] == "equal"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("bps / 10000 *", "0 *"),
        ("closes[-fast:]", "closes[-fast - 1 :]"),
        ("+ 1e-9", "+ 1"),
        ("equity.append(cash + held", "equity.append(cash + 1e-11 + held"),
    ],
)
def test_a_mistake_in_it_is_seen(old: str, new: str, tiny: Path, parity: Parity) -> None:
    engine = (tiny / "tiny.py").read_text(encoding="utf-8")
    assert old in engine
    (tiny / "tiny.py").write_text(engine.replace(old, new), encoding="utf-8")
    assert parity("verify", str(tiny / "tiny.yaml"), "--candidate", "tiny").code == 1


def test_what_it_cannot_express_is_an_outcome_of_its_own(tiny: Path, parity: Parity) -> None:
    config = (tiny / "tiny.yaml").read_text(encoding="utf-8")
    (tiny / "two.yaml").write_text(config.replace("[IBM]", "[IBM, AAPL]"), encoding="utf-8")
    files = [str(tiny / name) for name in ("two.yaml", "tiny.yaml")]
    output = parity("verify", *files, "--candidate", "tiny", "--json", "-")
    assert output.code == 4
    pairs = [p for p in output.document["workflows"] if p["candidate"] == "tiny"]
    assert [pair["verdict"] for pair in pairs] == ["not_comparable", "equal"]
    reason = "tiny cannot express it: it trades one symbol, long only, at the next open"
    assert pairs[0]["note"] == reason
    assert reason in output.err
    assert "NOTHING COMPARED" in output.err


def test_what_it_cannot_express_hides_no_difference_and_no_refusal(
    tiny: Path, parity: Parity
) -> None:
    config = (tiny / "tiny.yaml").read_text(encoding="utf-8")
    (tiny / "bad.yaml").write_text(config.replace("[IBM]", "[IBM, IBM]"), encoding="utf-8")
    both = ["--candidate", "declarative", "--candidate", "tiny"]
    assert parity("verify", str(tiny / "bad.yaml"), *both).code == 2


def test_an_adapter_is_at_most_fifty_lines() -> None:
    assert len(blocks()["tiny_adapter.py"].splitlines()) <= 50
