"""`parity verify` on executors: each opened once, shared, and closed however it ends."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from containers.executors import (
    ExecutorSpec,
    Shared,
    UnitExecutor,
    open_executor,
    parse_executor,
)
from containers.journal import Entry, UnitExecuted
from parity.commands.executing import opened
from parity.subjects import parse_subject, subject_for
from tests.parity.conftest import HANDMADE, Output

Parity = Callable[..., Output]

TWO = str(HANDMADE / "two_symbols.yaml")
FOLDS = str(HANDMADE / "walk_forward" / "walk_forward.yaml")


class Openings:
    """Notes which executors were made and closed; threads stand in for processes."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.closed: list[str] = []

    def make(self, spec: ExecutorSpec, unit_timeout_s: float | None) -> UnitExecutor:
        self.opened.append(str(spec))
        threads = ThreadPoolExecutor(2)
        stack = ExitStack()
        stack.enter_context(threads)
        executor = stack.enter_context(open_executor(threads, unit_timeout_s=unit_timeout_s))
        assert executor is not None

        def close() -> None:
            self.closed.append(str(spec))
            stack.close()

        return Noted(executor, close)


class Noted(UnitExecutor):
    """Another executor, whose end is noted."""

    def __init__(self, executor: UnitExecutor, close: Callable[[], None]) -> None:
        self.workers = executor.workers
        self.name = executor.name
        self._executor = executor
        self._close = close

    def share(self, value: object) -> Shared:
        return self._executor.share(value)

    def submit(
        self, function: Callable[[Any, Any], Any], shared: Shared, item: object
    ) -> Future[Any]:
        return self._executor.submit(function, shared, item)

    def close(self) -> None:
        self._close()


@pytest.fixture
def openings(monkeypatch: pytest.MonkeyPatch) -> Openings:
    noted = Openings()
    monkeypatch.setattr("containers.executors.opening._of_spec", noted.make)
    return noted


def test_equal_executors_are_opened_once_and_their_own_key_wins(openings: Openings) -> None:
    texts = (
        "imperative",
        "declarative:executor=processes:2",
        "imperative:executor=serial",
        "declarative:executor=processes:2,storage=disk",
        "imperative:executor=processes:3",
    )
    with opened([parse_subject(text) for text in texts], "processes:3") as executors:
        assert openings.opened == ["processes:3", "processes:2"]
        assert executors[0] is executors[4] is not executors[1]
        assert executors[1] is executors[3]
        assert executors[2] is None
        assert openings.closed == []
    assert sorted(openings.closed) == sorted(openings.opened)


def test_without_a_word_about_executors_none_is_opened(openings: Openings) -> None:
    with opened([parse_subject("imperative"), parse_subject("oracle")], None) as executors:
        assert executors == [None, None]
    assert openings.opened == []


def test_what_is_not_our_engine_gets_none(openings: Openings) -> None:
    with opened([parse_subject("oracle")], "processes:2") as executors:
        assert executors == [None]
    assert openings.opened == []


def test_all_runs_of_a_verification_share_their_executor(
    parity: Parity, openings: Openings
) -> None:
    output = parity("verify", FOLDS, TWO, "--executor", "processes:2", "--json", "-")
    assert (output.code, output.document["verdict"]) == (0, "equal")
    assert openings.opened == openings.closed == ["processes:2"]


def test_an_interruption_closes_them(
    parity: Parity, openings: Openings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("parity.verifying.verify", interrupted)
    assert parity("verify", TWO, "--executor", "processes:2").code == 130
    assert openings.opened == openings.closed == ["processes:2"]


def test_one_that_cannot_be_had_leaves_with_two_before_anything_runs(
    parity: Parity, tmp_path: Path
) -> None:
    for options in (("--executor", "proceses"), ("--control", "imperative:executor=proceses")):
        output = parity("verify", TWO, *options)
        assert output.code == 2
        assert "'proceses' is not understood" in output.err
        assert list(tmp_path.iterdir()) == []


def test_a_subject_of_a_program_opens_what_its_specification_says(tmp_path: Path) -> None:
    subject = subject_for(parse_subject("declarative:executor=processes:1,storage=hybrid"))
    record = subject.run(Path(FOLDS), tmp_path)
    assert record.status == "succeeded", record.explanation
    assert record.subject == "declarative:executor=processes:1,storage=hybrid"


@pytest.mark.parametrize("engine", ["imperative", "declarative"])
def test_a_subject_that_is_to_be_interrupted_is(engine: str, tmp_path: Path) -> None:
    ran: list[Entry] = []
    spec = parse_subject(f"{engine}:storage=disk,interrupt=2")
    record = subject_for(spec, watch=ran.append).run(Path(FOLDS), tmp_path)
    assert record.status == "succeeded", record.explanation
    assert record.resumed
    assert sum(isinstance(entry.record, UnitExecuted) for entry in ran) == 9


@pytest.mark.parametrize("engine", ["imperative", "declarative"])
def test_a_run_too_short_to_be_interrupted_is_no_parity(engine: str, parity: Parity) -> None:
    output = parity("verify", FOLDS, "--candidate", f"{engine}:storage=disk,interrupt=10")
    assert output.code == 1
    told = "to be interrupted after 10 units, and came to its end after 9; give interrupt a smaller"
    assert told in " ".join(output.out.split())


def test_engines_side_by_side_in_other_processes_and_modes_agree(parity: Parity) -> None:
    output = parity(
        "verify",
        FOLDS,
        "--candidate",
        "imperative:executor=processes:2,storage=disk",
        "--candidate",
        "declarative:executor=processes:2,storage=hybrid",
        "--json",
        "-",
    )
    assert output.code == 0
    assert [w["candidate"] for w in output.document["workflows"]] == [
        "imperative:executor=processes:2,storage=disk",
        "declarative:executor=processes:2,storage=hybrid",
        "oracle",
    ]
    assert {w["verdict"] for w in output.document["workflows"]} == {"equal"}


def test_the_text_of_an_executor_may_have_colons_and_slashes() -> None:
    options = parse_subject("declarative:executor=dask://10.0.0.1:8786,storage=disk").options
    assert options == {"executor": "dask://10.0.0.1:8786", "storage": "disk"}
    assert parse_executor(options["executor"]).address == "10.0.0.1:8786"
