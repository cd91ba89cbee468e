"""The commands as people and programs use them: output, files, exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from containers.configuration import METRIC_NAMES
from tests.parity.conftest import HANDMADE, ROOT, Output

TWO = str(HANDMADE / "two_symbols.yaml")


def test_verify_prints_a_verdict_and_keeps_a_record(
    parity: Callable[..., Output], tmp_path: Path
) -> None:
    output = parity("verify", TWO)
    assert output.code == 0
    # 19 figures each of two portfolios and of the best one, in the unit and again in the phase;
    # the oracle has those of the portfolios.
    assert "PARITY: 230 events, 14 trades and 190 figures compared in 2 comparisons." in output.out
    assert "oracle: held against 1 of 1 units" in output.out
    folder = tmp_path / ".parity" / "records" / "000001"
    assert f"record: {folder.relative_to(tmp_path)}" in output.out
    document = json.loads((folder / "verify.json").read_text(encoding="utf-8"))
    assert document["verdict"] == "equal"
    record = json.loads(
        (folder / "0" / "control-imperative" / "record.json").read_text(encoding="utf-8")
    )
    assert record["channels"]["trace"]
    assert (folder / "0" / "1-oracle" / "trace" / "0" / "fill.parquet").exists()


def test_verify_as_json_is_one_document_and_text_goes_to_stderr(
    parity: Callable[..., Output],
) -> None:
    output = parity("verify", TWO, str(HANDMADE / "drawdown.yaml"), "--json", "-")
    document = output.document
    assert document["schema"] == "paritykit/verify/1"
    assert (document["verdict"], document["exit_code"]) == ("equal", 0)
    assert document["subjects"] == {"control": "imperative", "candidates": ["declarative"]}
    assert document["totals"] == {"events": 350, "trades": 18, "figures": 304}
    assert document["oracle"] == {"held": 2, "beyond": {}}
    assert [w["candidate"] for w in document["workflows"]] == ["declarative", "oracle"] * 2
    channel = document["workflows"][0]["channels"]["trace"]
    assert (channel["verdict"], channel["compared"], channel["different"]) == ("equal", 115, 0)
    assert "PARITY" in output.err


def test_json_to_a_file_leaves_the_text_where_it_was(
    parity: Callable[..., Output], tmp_path: Path
) -> None:
    output = parity("verify", TWO, "--json", "out.json")
    assert "PARITY" in output.out
    assert json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["exit_code"] == 0


@pytest.mark.parametrize("engine", ["imperative", "declarative"])
def test_run_gives_the_result_of_one_engine(parity: Callable[..., Output], engine: str) -> None:
    output = parity("run", TWO, "--engine", engine, "--json", "-")
    assert output.code == 0
    assert output.document["engine"] == engine
    assert list(output.document["phase_results"]["backtest"]["metrics"]) == list(METRIC_NAMES)
    assert "momentum.steady" in output.err


def test_run_stores_below_out(parity: Callable[..., Output], tmp_path: Path) -> None:
    config = (HANDMADE / "two_symbols.yaml").read_text(encoding="utf-8")
    config = config.replace("data_dir: .", f"data_dir: {HANDMADE}")
    (tmp_path / "c.yaml").write_text(f"{config}results: {{storage: disk}}\n", encoding="utf-8")
    assert parity("run", "c.yaml", "--out", "there").code == 0
    assert len(list((tmp_path / "there" / "results").glob("simple_backtest-*/result.json"))) == 1


@pytest.mark.parametrize("command", ["run", "verify"])
def test_a_bad_configuration_leaves_with_two_and_writes_nothing(
    parity: Callable[..., Output], tmp_path: Path, command: str
) -> None:
    (tmp_path / "c.yaml").write_text("workflow: simple_backtest\nsymbls: [A]\n", encoding="utf-8")
    output = parity(command, "c.yaml")
    assert output.code == 2
    assert "c.yaml:2:1: symbls: unknown key 'symbls' (did you mean 'symbols'?)" in (
        output.out + output.err
    )
    assert [path.name for path in tmp_path.iterdir()] == ["c.yaml"]


def test_verify_says_once_what_all_refuse(parity: Callable[..., Output]) -> None:
    output = parity("verify", "none.yaml")
    assert output.code == 2
    assert "REFUSED by all alike" in output.out
    assert output.out.count("none.yaml: ") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("verify",), "Missing argument"),
        (("verfy", TWO), "verfy"),
        (("run", TWO, "--engine", "fast"), "fast"),
        (("verify", TWO, "--candidate", "declaratve"), "did you mean 'declarative'"),
        (("verify", TWO, "--json", "no/such/folder.json"), "does not exist"),
        (("verify", TWO, "--json", "."), "is a folder"),
        (("verify", TWO, "--records", "/dev/null/x"), "choose a writable folder"),
    ],
    ids=lambda value: " ".join(value)[-30:] if isinstance(value, tuple) else "",
)
def test_wrong_usage_leaves_with_two(
    parity: Callable[..., Output], arguments: tuple[str, ...], message: str
) -> None:
    output = parity(*arguments)
    assert output.code == 2
    assert message in output.err
    assert "Traceback" not in output.err


def test_a_run_that_fails_leaves_with_three(
    parity: Callable[..., Output], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: object) -> None:
        raise RuntimeError("the feed broke")

    monkeypatch.setattr("containers.trading.DataContainer.publish_bar", broken)
    output = parity("run", TWO)
    assert output.code == 3
    assert "RuntimeError: the feed broke in container 'data/AAA/1d' (execute)" in output.out
    output = parity("verify", TWO)
    assert output.code == 3
    assert "FAILED in all alike" in output.out


def test_subjects_by_entry_point_that_do_nothing_leave_with_four(
    tmp_path: Path, config_file: Callable[[str], Path]
) -> None:
    package = tmp_path / "site"
    info = package / "idle-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: idle\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[parity.engines]\nidle = idle:make\nlazy = idle:make\n")
    (package / "idle.py").write_text(
        "from parity.channels import ALL, Channel\n"
        "from parity.record import Record\n"
        "class Idle:\n"
        "    name = 'idle'\n"
        "    def run(self, config, root):\n"
        "        return Record(subject='idle', workflow='w', status='succeeded', declared=ALL,\n"
        "                      channels={Channel.STATUS: {'': {'success': True}}},\n"
        "                      duration_s=0.0)\n"
        "def make(options):\n"
        "    return Idle()\n"
    )
    command = ["verify", TWO, "--control", "idle", "--candidate", "lazy", "--json", "-"]
    done = subprocess.run(
        [sys.executable, "-m", "parity", *command],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{package}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert json.loads(done.stdout)["exit_code"] == done.returncode == 4
    assert json.loads(done.stdout)["verdict"] == "not_comparable"
    assert "NOTHING COMPARED" in done.stderr


def test_an_interruption_leaves_with_130_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(
        f"workflow: simple_backtest\ndata: {{data_dir: {ROOT / 'fixtures' / 'market'}}}\n"
        "symbols: [SP500, NASDAQ, IBM, AAPL]\nstrategies:\n"
        # Enough to keep it busy for many times as long as a signal takes.
        + "".join(f"  - {{type: mean_reversion, name: s{i}}}\n" for i in range(50))
        + "results: {storage: disk}\n",
        encoding="utf-8",
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "parity", "run", "c.yaml"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )
    # The folder of the run is there once it has begun; waiting for it needs no fixed time.
    while not list(tmp_path.glob("results/*/0/backtest/0")) and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in errors
    assert "Traceback" not in errors


def test_a_reader_that_goes_away_does_not_change_the_verdict(tmp_path: Path) -> None:
    command = (
        f"{sys.executable} -m parity verify {TWO} --json out.json | true; exit ${{PIPESTATUS[0]}}"
    )
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["verdict"] == "equal"


def test_output_that_cannot_be_written_is_an_error_and_no_traceback(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "parity", "verify", TWO],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr.startswith("error: the output could not be written")


def test_names_that_the_terminal_cannot_show_are_escaped(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(
        f"workflow: simple_backtest\ndata: {{data_dir: {HANDMADE}}}\nsymbols: [AAA]\n"
        "strategies: [{type: buy_and_hold, name: 日本}]\n",
        encoding="utf-8",
    )
    for output in ((), ("--json", "-")):
        done = subprocess.run(
            [sys.executable, "-m", "parity", "run", "c.yaml", *output],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "\\u65e5" in done.stdout


def test_json_goes_through_a_link_and_into_a_pipe(
    parity: Callable[..., Output], tmp_path: Path
) -> None:
    (tmp_path / "real.json").write_text("old", encoding="utf-8")
    (tmp_path / "link.json").symlink_to("real.json")
    assert parity("verify", TWO, "--json", "link.json").code == 0
    assert (tmp_path / "link.json").is_symlink()
    assert json.loads((tmp_path / "real.json").read_text(encoding="utf-8"))["exit_code"] == 0
    os.mkfifo(tmp_path / "pipe")
    reader = subprocess.Popen(["cat", str(tmp_path / "pipe")], stdout=subprocess.PIPE)
    assert parity("verify", TWO, "--json", "pipe").code == 0
    output, _ = reader.communicate(timeout=60)
    assert json.loads(output)["exit_code"] == 0
    assert (tmp_path / "pipe").is_fifo()
