"""Whatever a subject does in a process of its own is a verdict on it, and is over when it is."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from containers.trace import Trace
from parity.channels import Channel
from parity.errors import SubjectError, UsageError
from parity.record import Record
from parity.subjects import parse_subject, record_of, subject_for
from parity.subjects.isolated import _hearing, _last_lines
from parity.subjects.limits import Limits
from parity.subjects.wire import decode, encode
from parity.verifying import verify
from tests.parity.conftest import HANDMADE, ROOT
from tests.parity.subjects.installing import WICKED, install

CONFIG: dict[str, Any] = {
    "workflow": "simple_backtest",
    "data": {"data_dir": str(HANDMADE)},
    "symbols": ["AAA"],
    "strategies": [{"type": "momentum", "parameters": {"fast_period": 1, "slow_period": 2}}],
}
ROOMY = Limits(120.0, 2**32, "2m", "4G")
Ran = Callable[..., Record]
ACTS = re.findall(r"^def (\w+)\(config, root\)", WICKED, re.MULTILINE)


@pytest.fixture(scope="module")
def wicked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Install an engine for each act, and `any`, which does what a file says."""
    site = tmp_path_factory.mktemp("site")
    entries = {act.replace("_", "-"): f"wicked:make_{act}" for act in ACTS}
    install(site, "wicked", WICKED, entries)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(site)
        yield site


@pytest.fixture(scope="module")
def ran(wicked: Path) -> Callable[..., Record]:
    """Give a function that runs an act; the engine is made once, which takes a process."""
    subject = subject_for(parse_subject("any"), limits=ROOMY)

    def run(act: str, root: Path, limits: Limits = ROOMY) -> Record:
        (wicked / "act").write_text(act)
        subject._limits = limits  # type: ignore[attr-defined]  # it has them
        return record_of(subject, CONFIG, root)

    return run


def error_of(record: Record) -> dict[str, Any]:
    assert record.status == "failed"
    error: dict[str, Any] = record.channels[Channel.ERRORS][""]
    return error


@pytest.mark.parametrize(
    ("act", "type_name", "message"),
    [
        ("segfaults", "SubjectCrashError", "its process was ended by SIGSEGV"),
        ("aborts", "SubjectCrashError", "its process was ended by SIGABRT"),
        ("interrupts_itself", "SubjectCrashError", "its process was ended by SIGINT"),
        ("leaves", "SubjectCrashError", "left with exit code 0 before it had given its record"),
        ("leaves_with_seven", "SubjectCrashError", "left with exit code 7 before it had given"),
        ("raises", "RuntimeError", "no"),
        ("exits", "SystemExit", "5"),
        ("answers_with_garbage", "SubjectError", "answered cannot be read: this is something else"),
        ("forges_half_an_answer", "SubjectError", "cannot be read: it is damaged"),
        ("answers_with_a_list", "SubjectError", "its process answered with list, no record"),
        ("answers_with_no_record", "SubjectError", "the subject answered with dict, expected a"),
        ("holds_what_cannot_be_sent", "SubjectError", "it holds <object object at"),
    ],
)
def test_a_crash_is_a_verdict(
    act: str, type_name: str, message: str, ran: Ran, tmp_path: Path
) -> None:
    record = ran(act, tmp_path / "run")
    assert error_of(record)["type"] == type_name
    assert message in error_of(record)["message"]


@pytest.mark.parametrize("act", ["hangs_in_c", "ignores_signals", "floods_for_ever"])
def test_a_hang_is_a_verdict(act: str, ran: Ran, tmp_path: Path) -> None:
    began = time.monotonic()
    record = ran(act, tmp_path / "run", Limits(1.5, None, "1.5s"))
    assert error_of(record)["type"] == "SubjectTimeoutError"
    assert "did not come to its end within 1.5s; --time-limit allows" in error_of(record)["message"]
    assert time.monotonic() - began < 60


@pytest.mark.parametrize("act", ["hoards", "hoards_in_a_child"])
def test_a_hog_is_a_verdict(act: str, ran: Ran, tmp_path: Path) -> None:
    record = ran(act, tmp_path / "run", Limits(120.0, 400 * 2**20, "2m", "400M"))
    assert error_of(record)["type"] == "SubjectMemoryError"
    assert "used more than 400M of memory; --memory-limit allows" in error_of(record)["message"]


@pytest.mark.parametrize("act", ["floods", "closes_everything", "wanders", "leaves_a_thread"])
def test_what_does_not_change_its_record_is_no_verdict(act: str, ran: Ran, tmp_path: Path) -> None:
    record = ran(act, tmp_path / "run")
    assert record.status == "succeeded", record.explanation
    assert record.subject == "any"


@pytest.mark.deep  # long enough that it hangs by then on a machine with much else to do
def test_where_it_hung_is_told(ran: Ran, tmp_path: Path) -> None:
    record = ran("hangs_in_c", tmp_path / "run", Limits(30.0, None, "30s"))
    assert "in hangs_in_c" in str(record.explanation)


def test_what_is_printed_cannot_move_the_cursor() -> None:
    lines = _last_lines(b"one\n" * 100 + b"\x1b[2J\x1b]0;title\x07two\r\xff\n\n")
    assert lines == ["| one"] * 19 + ["| ]0;titletwo\ufffd"]


def test_children_are_ended_with_it(ran: Ran, wicked: Path, tmp_path: Path) -> None:
    assert ran("leaves_children", tmp_path / "run").status == "succeeded"
    children = [int((wicked / f"child-{number}").read_text()) for number in (0, 1)]
    for pid in children:
        with suppress(psutil.NoSuchProcess):
            psutil.Process(pid).wait(10)  # they are ended; that they are gone may take a moment
    assert not any(map(psutil.pid_exists, children))


def test_a_crash_of_one_subject_leaves_the_others_as_they_are(wicked: Path, tmp_path: Path) -> None:
    control = subject_for(parse_subject("imperative"))
    others = [
        subject_for(parse_subject("segfaults"), limits=ROOMY),
        subject_for(parse_subject("declarative")),
    ]
    verification = verify([("c", CONFIG)], control, others, tmp_path)
    assert verification.exit_code == 1
    assert {pair.candidate_name: pair.ending for pair in verification.pairs} == {
        "segfaults": "differs",
        "declarative": "parity",
        "oracle": "parity",
    }
    crashed = verification.pairs[0].candidate
    assert crashed is not None
    # Where it was is told, and not compared.
    assert "| " in str(crashed.explanation)
    assert "in segfaults" in str(crashed.explanation)
    assert "in segfaults" not in str(crashed.channels)


class Fixed:
    """Has run already."""

    def __init__(self, record: Record) -> None:
        self.name, self._record = record.subject, record

    def run(self, config: Mapping[str, Any] | Path, root: Path) -> Record:
        return self._record


def compared(left: Record, right: Record, root: Path) -> int:
    return verify([("c", CONFIG)], Fixed(left), [Fixed(right)], root).exit_code


def test_two_that_end_alike_fail_alike_and_others_differ(ran: Ran, tmp_path: Path) -> None:
    limits = Limits(1.0, None, "1s")
    late, late_too = ran("hangs", tmp_path / "1", limits), ran("hangs_in_c", tmp_path / "2", limits)
    assert compared(late, late_too, tmp_path) == 3
    crashed, aborted = ran("segfaults", tmp_path / "3"), ran("aborts", tmp_path / "4")
    assert compared(crashed, crashed, tmp_path) == 3
    assert compared(crashed, aborted, tmp_path) == 1
    assert compared(crashed, late, tmp_path) == 1


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import nowhere_at_all", "ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("def make(options): raise ValueError('no')", "can't be made: ValueError: no"),
        ("def make(options): return 5", "gave no subject: 5"),
        ("import os; os._exit(3)", "left with exit code 3 before it had given its record"),
        ("import ctypes; ctypes.string_at(0)", "can't be made: its process was ended by SIGSEGV"),
    ],
)
def test_an_engine_that_cannot_be_made_is_wrong_usage(
    source: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(install(tmp_path, "broken", source, {"broken": "broken:make"}))
    with pytest.raises(UsageError, match=re.escape(message)):
        subject_for(parse_subject("broken"), limits=ROOMY)


def test_an_engine_that_is_not_installed_is_refused_before_a_process_begins() -> None:
    with pytest.raises(UsageError, match="there is no engine 'declaratve'; did you mean"):
        subject_for(parse_subject("declaratve:hash_seed=1"), limits=ROOMY)


@pytest.mark.deep  # it takes seconds to find that nobody answers
def test_an_executor_that_cannot_be_opened_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match=r"127\.0\.0\.1:1"):
        subject_for(parse_subject("declarative:executor=dask://127.0.0.1:1"), limits=ROOMY)


@pytest.mark.parametrize(
    ("act", "number", "code"),
    [
        ("hangs", signal.SIGINT, 130),
        ("hangs-in-c", signal.SIGKILL, -signal.SIGKILL),
    ],
)
def test_its_process_ends_with_the_command(
    act: str, number: signal.Signals, code: int, wicked: Path, tmp_path: Path
) -> None:
    (wicked / "hanging").unlink(missing_ok=True)
    (tmp_path / "c.yaml").write_text(
        f"workflow: simple_backtest\ndata: {{data_dir: {HANDMADE}}}\nsymbols: [AAA]\n"
        "strategies: [{type: buy_and_hold}]\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "parity", "verify", "c.yaml", "--candidate", act, "--isolate"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{wicked}"},
        stderr=subprocess.PIPE,
        text=True,
    )
    hanging = _number_in(wicked / "hanging", process)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == code
    assert ("interrupted" in errors) is (code == 130)
    assert "Traceback" not in errors
    with suppress(psutil.NoSuchProcess):
        psutil.Process(hanging).wait(10)  # it is ended; that it is gone may take a moment
    assert not psutil.pid_exists(hanging)


def test_an_answer_that_never_ends_is_none(ran: Ran, tmp_path: Path) -> None:
    record = ran("answers_with_a_pipe", tmp_path / "run")
    assert "before it had given its record" in error_of(record)["message"]


def test_a_trace_that_never_ends_is_none(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "trace.json")
    content = encode(Trace.later(tmp_path), tmp_path)
    with pytest.raises(SubjectError, match="holds no trace"):
        decode(content)


@pytest.mark.parametrize(
    "told",
    [b"\xff" * 10, b"\x00\x00\x00\x02{}", b"\x00\x00\x00\x01\xc0" * 3, b"\x01\xff\xff\xff" * 9],
)
def test_what_it_tells_that_is_no_progress_is_left_unheard(told: bytes) -> None:
    heard: list[object] = []
    hear = _hearing(heard.append)
    for place in range(0, len(told), 3):  # however it comes
        hear(told[place : place + 3])
    assert heard == []


def test_a_system_without_what_it_takes_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "waitid")
    with pytest.raises(UsageError, match="cannot have a process of its own: this system"):
        subject_for(parse_subject("imperative:hash_seed=1"))


def test_nothing_is_left_open(ran: Ran, tmp_path: Path) -> None:
    ran("leaves", tmp_path / "first")
    before = psutil.Process().num_fds()
    ran("leaves", tmp_path / "second")
    assert psutil.Process().num_fds() == before


def _number_in(file: Path, process: subprocess.Popen[str]) -> int:
    """Wait for the number that a subject writes when it begins to hang."""
    while not (file.exists() and file.read_text()):
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    return int(file.read_text())
