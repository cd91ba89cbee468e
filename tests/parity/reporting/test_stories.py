"""What is told of a verification: complete, the same everywhere, and one printable line each."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from parity.reporting.story import conclusion, findings, headline, told
from parity.reporting.text import print_verification
from parity.reporting.words import message_lines, share, value_words, visible
from tests.parity.reporting.samples import KINDS, WICKED


def text_of(kind: str) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=200, highlight=False)
    print_verification(KINDS[kind][0](), console, "records/000001")
    return stream.getvalue()


@pytest.mark.parametrize("kind", KINDS)
def test_there_are_findings_exactly_when_the_exit_code_is_not_0(kind: str) -> None:
    made, code = KINDS[kind]
    verification = made()
    assert verification.exit_code == code
    assert bool(findings(verification)) == (code != 0)
    assert conclusion(verification).passed == (code == 0)


@pytest.mark.parametrize("kind", KINDS)
def test_every_finding_has_a_headline_and_a_story_of_printable_lines(kind: str) -> None:
    for finding in findings(KINDS[kind][0]()):
        lines = (headline(finding), *told(finding))
        assert all(line and line.isprintable() for line in lines)


@pytest.mark.parametrize(
    ("kind", "lines"),
    [
        ("parity", ["PARITY: 0 events, 0 trades and 2 figures compared in 1 comparison."]),
        ("a silent oracle", ["oracle: held against 0 of 3 units", "3 beyond it: it knows no such"]),
        (
            "within tolerance",
            [
                "c.yaml: declarative, metrics: within tolerance; 12.5 % of it used; by up to 0.5, ",
                "7 ulp; rounding differs (policy.yaml:3:5)",
                "c.yaml: declarative, files: ignored; names are our own",
                "rule policy.yaml:3:5: metrics **.sharpe_ratio: abs 4.0 (rounding differs): ",
                "excused 2 differences, 12.5 % of its tolerance used, owner ann, until 2031-01-01",
            ],
        ),
        (
            "checks that hold",
            [
                "invariants (1 of them): 1 held, 1 had nothing to be held against; 12 things",
                "relations (1 of them): 1 held; 12 things looked at",
            ],
        ),
        ("no noise", ["noise of c.yaml: declarative, 3 runs: the same bits every time"]),
        (
            "another figure",
            [
                "c.yaml — declarative parts from imperative first in metrics:",
                "iteration=0/phase=backtest/window=0/unit=0/portfolio=a.b: sharpe_ratio",
                "phase: backtest, iteration window=0",
                "control:   1.5",
                "candidate: 1.25",
                "NO PARITY",
            ],
        ),
        ("a channel is missing", ["first in hooks", "candidate: nothing"]),
        ("one fails", ["declarative said: RuntimeError: only here"]),
        ("one refuses", ["first in status", "declarative said: c.yaml:1:1: no"]),
        (
            "a channel that nobody filled",
            [
                "declarative against imperative: a channel that counts was filled by neither",
                "plan: neither side filled it",
            ],
        ),
        (
            "another status alone",
            ["declarative failed, imperative succeeded", "declarative said: it went away"],
        ),
        (
            "a broken invariant",
            [
                "imperative breaks the invariant accounting",
                "rule: equity is cash and positions",
                "due:   101.5",
                "found: 101.0",
                "invariants (1 of them): 0 held, 1 broken",
            ],
        ),
        ("a broken relation", ["imperative does not keep the relation prices_doubled"]),
        (
            "noise",
            [
                "declarative differs from itself, 3 runs",
                "equity: different",
                "numbers differ by up to 1e-09, 2 ulp",
                "first run: 1.0",
                "later run: 2.0",
            ],
        ),
        (
            "a rule that never fired",
            [
                "rule of the policy: never fired: metrics **.sharpe_ratio: abs 4.0",
                "at policy.yaml:3:5",
                "reason given: rounding differs",
                "owner: ann",
                "holds until 2031-01-01",
            ],
        ),
        ("all refuse", ["c.yaml:3:1: symbls: unknown key", "REFUSED by all alike: 0 events"]),
        ("all fail", ["RuntimeError: the feed broke", "FAILED in all alike"]),
        (
            "nothing compared",
            ["no event, trade or figure was compared", "NOTHING COMPARED: 0 events"],
        ),
    ],
)  # fmt: skip
def test_the_text_tells_what_came_of_it(kind: str, lines: list[str]) -> None:
    text = text_of(kind)
    assert [line for line in lines if line not in text] == []
    assert "record: records/000001" in text
    assert ("more: parity explain records/000001" in text) == (KINDS[kind][1] != 0)


def test_what_all_refuse_alike_is_told_once() -> None:
    assert text_of("all refuse").count("symbls") == 1


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.startswith("wicked")])
def test_no_name_or_message_reaches_a_terminal_as_more_than_text(kind: str) -> None:
    text = text_of(kind)
    assert all(line.isprintable() for line in text.split("\n"))
    assert not any(line.lstrip().startswith("::") for line in text.split("\n"))
    text.encode()


@given(st.text(alphabet=st.characters(codec=None)))
def test_visible_text_is_one_printable_line_that_can_be_encoded(text: str) -> None:
    shown = visible(text)
    assert shown.isprintable()
    shown.encode()
    assert visible(shown) == shown


def test_a_message_of_many_lines_keeps_them() -> None:
    assert message_lines(WICKED)[:2] == [visible(WICKED.split("\x85")[0]), "  | "]
    assert message_lines("") == [""]


def test_a_value_that_nobody_reads_to_its_end_is_cut() -> None:
    text = value_words("x" * 5_000)
    assert text.endswith("… (5,002 characters)")
    assert len(text) < 1_100


@given(st.floats(0, 1))
def test_no_share_reads_as_nothing_or_all_that_is_not(used: float) -> None:
    assert (share(used) == "0 %") == (used == 0)
    assert (share(used) == "100 %") == (used == 1)
