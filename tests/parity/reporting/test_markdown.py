"""Markdown for a pull request: nothing in it is markup, a link or a mention that isn't ours."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from parity.reporting.markdown import LIMIT, verification_markdown
from parity.reporting.words import visible
from parity.verification import Verification
from tests.parity.reporting.samples import KINDS, WICKED, alike, record, verification

OURS = re.compile(r"[\w ✅❌,.:…]*")
"""Text outside of code is made of our own words and numbers."""


class Tags(HTMLParser):
    """What a piece of HTML has, text in ``<code>`` and other text apart."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.code = ""
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ("details", "summary", "code")
        assert attrs == []
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.open:  # an element can end in another piece than it begins in
            assert self.open.pop() == tag
        else:
            assert tag == "details"

    def handle_data(self, data: str) -> None:
        if "code" in self.open:
            self.code += data
        else:
            self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(f"a declaration: {decl}")


def flat(tokens: list[Token]) -> list[Token]:
    return [each for token in tokens for each in (token, *flat(token.children or []))]


def codes(markdown: str) -> list[str]:
    """Give what stands in code; check that all else is ours."""
    tokens = flat(MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown))
    found = []
    for token in tokens:
        if token.type in ("code_inline", "fence"):
            found.append(token.content)
            assert token.info in ("", "text")
        elif token.type in ("html_block", "html_inline"):
            tags = Tags(token.content)
            assert OURS.fullmatch(tags.text.replace("—", "").strip().replace("\n", "")), tags.text
            found.append(tags.code)
        elif token.type == "text":
            assert OURS.fullmatch(token.content), token.content
        else:
            kind = token.type.removesuffix("_open").removesuffix("_close")
            assert kind in (
                "heading", "paragraph", "inline", "table", "thead", "tbody", "tr", "th", "td",
                "strong", "em", "softbreak",
            ), token  # fmt: skip
    return found


def of_kind(kind: str) -> str:
    return verification_markdown(KINDS[kind][0](), "records/000001")


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_comes_from_outside_stands_in_code(kind: str) -> None:
    assert any("records/000001" in code for code in codes(of_kind(kind)))


@pytest.mark.parametrize("kind", KINDS)
def test_every_row_of_the_table_has_its_six_cells(kind: str) -> None:
    tokens = flat(MarkdownIt("commonmark").enable("table").parse(of_kind(kind)))
    pairs = len(KINDS[kind][0]().pairs)
    types = [token.type for token in tokens]
    assert types.count("tr_open") == pairs + 1
    assert types.count("td_open") == 6 * pairs


def test_a_wicked_name_is_shown_as_it_is() -> None:
    found = codes(of_kind("wicked names"))
    name = visible(WICKED)[:150]
    assert sum(code.startswith(name) for code in found) >= 2
    assert any(name in code for code in found if code.count("\n") == 0)


@given(st.text(alphabet=st.characters(codec=None)) | st.text(alphabet="`|\\ <@a\n"))
def test_any_name_and_message_stays_in_code(text: str) -> None:
    failed = record(text, status="failed", explanation=text)
    made = verification(record(explanation=text), failed, config=text)
    codes(verification_markdown(made, text))


@pytest.mark.parametrize(
    ("kind", "lines"),
    [
        (
            "parity",
            ["### ✅ PARITY\n\n0 events", "| `c.yaml` | `declarative` | equal | 0 | 0 | 2 |"],
        ),
        (
            "another figure",
            [
                "### ❌ NO PARITY",
                "| **different** |",
                "<details><summary><code>c.yaml</code> — <code>declarative parts from imperative",
                " first in metrics</code></summary>\n\n```text\n",
                "control:   1.5",
            ],
        ),
        ("within tolerance", ["<summary>Let pass by the policy</summary>", "12.5 % of it used"]),
        ("a rule that never fired", ["<summary>Rules of the policy</summary>"]),
        ("no noise", ["<summary>Noise floors</summary>", "the same bits every time"]),
        ("checks that hold", ["<summary>Checks</summary>", "relations (1 of them): 1 held"]),
        ("a silent oracle", ["<summary>Oracle</summary>", "3 beyond it"]),
        ("all refuse", ["### ❌ REFUSED by all alike", "**refused alike**", "symbls"]),
        ("nothing compared", ["**nothing compared**"]),
    ],
)
def test_the_markdown_tells_what_came_of_it(kind: str, lines: list[str]) -> None:
    markdown = of_kind(kind)
    assert [line for line in lines if line not in markdown] == []


def many(number: int, length: int) -> Verification:
    """Give many comparisons, the last of which differ."""
    name = "n" * length
    made = [alike(f"{name}{index}.yaml") for index in range(number)]
    made += [KINDS["one fails"][0]() for _ in range(number)]
    return msgspec.structs.replace(made[0], pairs=tuple(pair for v in made for pair in v.pairs))


@pytest.mark.parametrize(("number", "length"), [(2, 10), (30, 10), (60, 190), (400, 400)])
def test_it_is_never_longer_than_github_takes_and_says_what_is_left_out(
    number: int, length: int
) -> None:
    markdown = verification_markdown(many(number, length), None)
    assert len(markdown) <= LIMIT
    assert ("Left out for want of room: " in markdown) == (number > 2)
    codes(markdown)


def test_what_differs_comes_first_and_is_left_out_last() -> None:
    markdown = verification_markdown(many(400, 400), None, limit=20_000)
    assert len(markdown) <= 20_000
    table, _, rest = markdown.partition("\n\n<details>")
    assert "| equal |" not in table
    assert rest.count("only here") >= 10
    assert re.search(r"Left out for want of room: 7\d\d comparisons, 3\d\d findings", markdown)


def test_a_long_story_is_cut() -> None:
    failed = record("x", status="failed", explanation="y" * 50_000)
    markdown = verification_markdown(verification(record(), failed), None)
    assert "44,0" in markdown
    assert "characters left out" in markdown
    codes(markdown)
