"""Any number of candidates, each with a name and a verdict of its own; wrong ones are refused."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from parity.commands.isolating import limits_of
from parity.errors import UsageError
from parity.subjects.limits import Limits, default_memory, parse_memory_limit, parse_time_limit
from tests.parity.conftest import HANDMADE, OWN, Output
from tests.parity.subjects.installing import install

Parity = Callable[..., Output]
TWO = str(HANDMADE / "two_symbols.yaml")

BENT = """
import msgspec
from parity.channels import Channel
from parity.subjects import parse_subject, record_of, subject_for


class Bent:
    name = "imperative"  # which it is not

    def __init__(self, options):
        self.channel = Channel(options["trace"] == "none" and "metrics" or "trades")

    def run(self, config, root):
        record = record_of(subject_for(parse_subject("declarative")), config, root)
        return msgspec.structs.replace(
            record, subject="declarative", channels={**record.channels, self.channel: {}}
        )
"""


@pytest.fixture
def bent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(install(tmp_path / "site", "bent", BENT, {"bent": "bent:Bent"}))


def test_each_candidate_has_its_own_verdict_and_name(bent: None, parity: Parity) -> None:
    candidates = [
        "declarative", "bent:trace=none", "declarative:storage=disk", "bent:trace=standard",
        "declarative", "imperative:trace=minimal",
    ]  # fmt: skip
    options = [part for each in candidates for part in ("--candidate", each)]
    output = parity("verify", TWO, *options, "--json", "-")
    assert output.code == 1
    verdicts = {p["candidate"]: p["verdict"] for p in output.document["workflows"]}
    assert verdicts == {
        "declarative": "equal",
        "bent:trace=none": "missing",
        "declarative:storage=disk": "equal",
        "bent:trace=standard": "missing",
        "declarative (2)": "equal",
        "imperative:trace=minimal": "equal",
        "oracle": "equal",
    }
    assert output.document["subjects"]["candidates"] == list(verdicts)[:-1]
    differing = {
        pair["candidate"]: [n for n, c in pair["channels"].items() if c["verdict"] == "missing"]
        for pair in output.document["workflows"]
    }
    assert differing["bent:trace=none"] == ["metrics"]
    assert differing["bent:trace=standard"] == ["trades"]
    for name in verdicts:
        assert name in output.err


def test_a_subject_against_its_like_is_told_from_it(parity: Parity) -> None:
    output = parity("verify", TWO, "--candidate", "imperative", "--repeat", "2", "--json", "-")
    assert output.code == 0
    assert output.document["subjects"] == {
        "control": "imperative",
        "candidates": ["imperative (2)"],
    }
    assert [f["subject"] for f in output.document["noise"]] == ["imperative", "imperative (2)"]


def test_all_of_them_in_processes_of_their_own(bent: None, parity: Parity) -> None:
    options = ["--candidate", "declarative", "--candidate", "bent:trace=none", "--isolate"]
    output = parity("verify", TWO, *options, "--json", "-")
    assert output.code == 1
    verdicts = [(p["candidate"], p["verdict"]) for p in output.document["workflows"]]
    assert verdicts == [
        ("declarative", "equal"),
        ("bent:trace=none", "missing"),
        ("oracle", "equal"),
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--candidate", "declaratve"], "there is no engine 'declaratve'; did you mean"),
        (["--isolate", "--candidate", "mine"], "there is no engine 'mine'; "),
        (["--candidate", "declarative:backend=numba"], "'backend' is not available in this"),
        (["--candidate", "imperative:hash_seed=x"], "found hash_seed=x, expected 0 to 4294967295"),
        (["--candidate", "oracle:hash_seed=1"], "the oracle works in this process alone"),
        (["--time-limit", "10m"], "--time-limit 10m: only a process of its own can be limited"),
        (["--memory-limit", "4G"], "--memory-limit 4G: only a process of its own can be limited"),
        (["--isolate", "--time-limit", "10x"], "--time-limit 10x: expected a number with a unit"),
        (["--isolate", "--time-limit", "10"], "--time-limit 10: expected a number with a unit"),
        (["--isolate", "--time-limit", "0s"], "--time-limit 0s: expected more than 0, or 'none'"),
        (["--isolate", "--time-limit", "-5s"], "--time-limit -5s: expected a number with a unit"),
        (["--isolate", "--time-limit", ""], "--time-limit : expected a number with a unit"),
        (["--isolate", "--memory-limit", "4"], "(K, M, G, T), like 512M or 4G, or 'none'"),
        (["--isolate", "--memory-limit", "4g"], "--memory-limit 4g: expected a number"),
        (["--isolate", "--memory-limit", "0G"], "--memory-limit 0G: expected more than 0"),
        (["--isolate", "--memory-limit", "nan"], "--memory-limit nan: expected a number"),
    ],
)
def test_wrong_usage_is_refused_before_anything_runs(
    arguments: list[str], message: str, parity: Parity
) -> None:
    output = parity("verify", TWO, *arguments)
    assert output.code == 2
    assert message in output.err
    assert "Traceback" not in output.err


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import nowhere_at_all", "ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("raise SystemExit(0)", "can't be made: SystemExit: 0"),
        ("import sys\ndef make(options): sys.exit()", "can't be made: SystemExit: "),
        ("def make(): return 5", "can't be made: TypeError: make() takes 0 positional"),
        ("def make(options): return None", "gave no subject: None"),
        (
            "class make:\n name = 5\n def __init__(self, o): pass\n def run(self): pass",
            "no subject",
        ),
        ("make = 5", "can't be made: TypeError: 'int' object is not callable"),
        ("made = 5", "AttributeError: module 'broken"),
        (
            "class make(dict):\n run = print\n name = property(lambda self: 1 / 0)",
            "can't be made: ZeroDivisionError: division by zero",
        ),
    ],
)
def test_an_engine_that_cannot_be_made_is_wrong_usage(
    source: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parity: Parity
) -> None:
    name = f"broken_{zlib.crc32(source.encode())}"
    site = install(tmp_path / "site", name, source, {"broken": f"{name}:make"})
    monkeypatch.syspath_prepend(site)
    output = parity("verify", TWO, "--candidate", "broken")
    assert output.code == 2
    assert f"error: engine 'broken' ({name}:make)" in output.err
    assert message in output.err


@pytest.mark.parametrize("name", ["bent", "imperative", "oracle"])
def test_two_engines_of_one_name_are_wrong_usage(
    name: str, bent: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parity: Parity
) -> None:
    monkeypatch.syspath_prepend(install(tmp_path / "more", "more", BENT, {name: "more:Bent"}))
    output = parity("verify", TWO)
    assert output.code == 2
    assert f"two engines are called '{name}'; one is " in output.err
    assert ": rename it" in output.err


def test_the_oracle_as_a_candidate_stays_in_this_process(parity: Parity) -> None:
    options = ["--candidate", "oracle", "--candidate", "oracle:trace=minimal", "--isolate"]
    output = parity("verify", TWO, *options, "--json", "-")
    assert output.code == 0
    pairs = {pair["candidate"]: pair for pair in output.document["workflows"]}
    # Each is held against the control, and none is asked once more.
    assert list(pairs) == ["oracle", "oracle:trace=minimal"]
    assert pairs["oracle"]["channels"]["trades"]["compared"] > 0
    assert output.document["oracle"]["held"] == 2


def test_the_oracle_as_a_candidate_that_cannot_express_it_compares_nothing(
    parity: Parity, tmp_path: Path
) -> None:
    (tmp_path / "own.yaml").write_text(
        f"workflow: simple_backtest\ndata: {{data_dir: {HANDMADE}}}\nsymbols: [AAA]\n"
        "strategies: [{type: fade}]\n"
    )
    own = ["--components", str(OWN / "components"), "--patterns", str(OWN / "patterns")]
    config = str(tmp_path / "own.yaml")
    assert parity("verify", config, *own).code == 0
    output = parity("verify", config, *own, "--candidate", "oracle")
    assert output.code == 4
    assert "among the shipped ones is no strategy of type 'fade'" in output.out


def test_limits_are_what_was_asked_for() -> None:
    assert limits_of(False, None, None) is None
    assert limits_of(True, "10m", "512M") == Limits(600.0, 512 * 2**20, "10m", "512M")
    assert limits_of(True, "none", "none") == Limits(None, None, "none", "none")
    by_default = limits_of(True, None, None)
    assert by_default is not None
    assert by_default.time_s == 3600.0
    assert by_default.memory_bytes == parse_memory_limit(default_memory())


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1ms", 0.001), ("30s", 30.0), ("1.5m", 90.0), ("2h", 7200.0), ("1d", 86400.0)],
)
def test_a_time_has_a_unit(text: str, seconds: float) -> None:
    assert parse_time_limit(text) == seconds


@pytest.mark.parametrize("text", ["1e3s", "٣s", "1 s", "s", "1_0s", "infs", "1" * 13 + "s", "1.s"])
def test_what_only_looks_like_a_number_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected a number with a unit"):
        parse_time_limit(text)


def test_memory_that_nobody_can_measure_cannot_be_limited(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("parity.subjects.processes._PROC", tmp_path)  # another system
    with pytest.raises(UsageError, match="--memory-limit 4G: this system does not say what"):
        limits_of(True, None, "4G")
    assert limits_of(True, "1s", None) == Limits(1.0, None, "1s", "none")
