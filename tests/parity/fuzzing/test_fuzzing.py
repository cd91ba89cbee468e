"""``parity fuzz``: the search, its counts, its limits, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from parity.commands.limits import seconds_of
from parity.errors import UsageError
from parity.fuzzing import Limits, Search
from parity.fuzzing import search as searching
from parity.fuzzing.evaluation import Evaluation, Finding, Written, evaluate
from parity.fuzzing.tally import ENOUGH, ENOUGH_APART, Tally, due_counts
from parity.generation import Example
from tests.parity.conftest import Output


def test_a_search_holds_and_says_what_it_exercised(
    parity: Callable[..., Output], tmp_path: Path
) -> None:
    output = parity("fuzz", "--examples", "12", "--seed", "3", "--json", str(tmp_path / "a.json"))
    assert output.code == 0
    document = json.loads((tmp_path / "a.json").read_text())
    assert (document["schema"], document["seed"], document["examples"]) == (
        "paritykit/fuzz/1", 3, 12,
    )  # fmt: skip
    assert sum(document["statuses"].values()) == 12
    assert document["found"] is None
    assert set(document["exercised"]) == set(due_counts())
    assert document["exercised"]["sequence"]["single_pass"] > 0
    assert sum(document["exercised"]["relation"].values()) > 0
    assert document["short"]["process_relation"]
    lines = output.out.splitlines()
    assert lines[0].startswith("12 examples from seed 3: ")
    assert lines[-1] == "everything held"
    assert not any("pairs/s" in line for line in lines)  # a figure of time is for terminals
    assert not (tmp_path / ".parity").exists()


def test_the_same_seed_gives_the_same_search(parity: Callable[..., Output]) -> None:
    first, again = (parity("fuzz", "--examples", "6", "--seed", "5", "--json") for _ in range(2))
    assert first.document == again.document
    assert parity("fuzz", "--examples", "6", "--seed", "6", "--json").document != first.document


def test_a_limit_of_time_ends_it(parity: Callable[..., Output]) -> None:
    output = parity("fuzz", "--time", "1s", "--json")
    assert output.code == 0
    assert output.document["examples"] >= 1


@pytest.mark.parametrize("text", ["", "5 minutes", "-1s", "0", "0s", "8d", "200h", "1e3", "nan"])
def test_a_length_of_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected a length of time of at most a week"):
        seconds_of(text, "--time")


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("5m", 300), ("1.5h", 5400), ("7", 7)])
def test_lengths_of_time_are_read(text: str, seconds: float) -> None:
    assert seconds_of(text, "--time") == seconds


@pytest.mark.parametrize(
    "arguments",
    [("--examples", "0"), ("--seed", "-1"), ("--time", "soon"), ("--examples", "many"), ("more",)],
)
def test_wrong_usage_leaves_with_2(
    parity: Callable[..., Output], arguments: tuple[str, ...]
) -> None:
    assert parity("fuzz", *arguments).code == 2


def test_ctrl_c_keeps_what_was_counted(
    parity: Callable[..., Output], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = [0]

    def interrupted(written: Written, root: Path) -> Evaluation:
        calls[0] += 1
        if calls[0] == 4:
            raise KeyboardInterrupt
        return evaluate(written, root)

    monkeypatch.setattr(searching, "evaluate", interrupted)
    output = parity("fuzz", "--examples", "50", "--json")
    assert output.code == 130
    assert (output.document["examples"], output.document["interrupted"]) == (3, True)
    assert "interrupted; everything held so far" in output.err


def faulty(
    monkeypatch: pytest.MonkeyPatch, wrong: Callable[[Example], bool], *, really: bool = True
) -> None:
    """Let the search find something in all examples that are ``wrong``.

    Unless these are ``really`` run, the first one alone is: making an example small takes hundreds
    of tries, of which nothing counts but whether they are wrong.
    """
    ran: list[Evaluation] = []

    def found(written: Written, root: Path) -> Evaluation:
        import msgspec

        if not wrong(written.example):
            return evaluate(written, root)
        if really or not ran:
            ran[:] = [evaluate(written, root)]
        (evaluation,) = ran
        finding = Finding("engines", "trace", "they differ", statuses=("succeeded", "succeeded"))
        return msgspec.structs.replace(evaluation, findings=(finding,))

    monkeypatch.setattr(searching, "evaluate", found)


def test_what_is_found_is_made_small_and_saved(
    parity: Callable[..., Output], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty(
        monkeypatch,
        lambda e: any(s.get("type") == "rsi" for s in e.config.written["strategies"]),
        really=False,
    )
    output = parity("fuzz", "--examples", "100", "--seed", "5", "--out", "kept", "--json")
    assert output.code == 1
    found = output.document["found"]
    assert (found["kind"], found["name"], found["text"]) == ("engines", "trace", "they differ")
    saved = json.loads((tmp_path / found["folder"] / "example.json").read_text())["example"]
    written = saved["config"]["written"]
    assert [strategy["type"] for strategy in written["strategies"]] == ["rsi"]
    assert [len(stream["rows"]) for stream in saved["market"]["streams"]] == [1]
    assert set(written) <= {"workflow", "symbols", "strategies", "data"}
    assert f"run it again: parity replay {found['folder']}" in output.err


def test_shrinking_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    faulty(monkeypatch, lambda example: True)
    outcome = Search(1, Limits(examples=5, shrink_tries=7)).run()
    assert outcome.found is not None
    assert outcome.found.tries <= 14


def test_what_does_not_show_again_is_told_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = [0]

    def once(example: Example) -> bool:
        shown[0] += 1
        return shown[0] == 3

    faulty(monkeypatch, once)
    outcome = Search(1, Limits(examples=5, shrink_tries=10)).run()
    assert outcome.found is not None
    assert outcome.found.finding.text == "they differ"


def test_a_relation_that_does_not_hold_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from parity.checks import CheckKind, CheckOutcome
    from parity.verdicts import Verdict

    def broken(written: Written, asked: Any, base: Any, root: Path) -> tuple[CheckOutcome, float]:
        outcome = CheckOutcome(
            asked.relation, CheckKind.RELATION, "example", asked.engine, Verdict.DIFFERENT, 1,
            reason="it must",
        )  # fmt: skip
        return outcome, 0.0

    monkeypatch.setattr(searching, "hold_relation", broken)
    outcome = Search(1, Limits(examples=20, shrink_tries=5)).run()
    assert outcome.found is not None
    assert outcome.found.asked is not None
    assert outcome.found.finding.kind == "relation"
    assert outcome.found.finding.text.endswith(": it must")


def test_the_tally_asks_for_what_has_been_rarest() -> None:
    tally = Tally()
    every = {f"{kind}:{name}" for kind, names in tally.counts.items() for name in names}
    first = ("sequence:", "topology:", "condition:", "storage:", "mistake:")
    long = "boundary:long_run"  # takes seconds, and comes by itself
    asked = [str(tally.lagging()) for _ in range(400)]
    urgent = {feature for feature in every if feature.startswith(first)}
    beyond = (*first, "relation:", "process_relation:", "invariant:")
    others = {feature for feature in every if not feature.startswith(beyond)} - {long}
    assert {*asked[::3], *asked[1::3]} == urgent
    assert set(asked[2::3]) == others
    tally.add(sorted(urgent - {"storage:disk"}) * ENOUGH)
    assert {tally.lagging() for _ in range(400)} == {"storage:disk", *others}
    tally.add(["storage:disk"] * ENOUGH)
    assert {tally.lagging() for _ in range(200)} == others
    tally.add([long, *sorted(others) * ENOUGH])
    assert tally.lagging() is None
    assert set(tally.short()) == {"invariant", "relation", "process_relation"}
    tally.add(
        name
        for kind in tally.short()
        for name in [f"{kind}:{n}" for n in due_counts()[kind]]
        * (ENOUGH_APART if kind == "process_relation" else ENOUGH)
    )
    assert tally.short() == {}
