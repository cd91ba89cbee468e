"""A verification as Markdown, for the comment on a pull request.

Whatever comes from a configuration or a subject stands in code, where nothing is a link, a mention
or markup; what would end the code is written so that it doesn't. The text is never longer than what
GitHub takes; what was left out is said, and worst comes first.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from typing import Final

from parity.reporting.standing import (
    check_counts,
    check_counts_words,
    excused,
    excused_words,
    noise_words,
    rule_words,
)
from parity.reporting.story import (
    Finding,
    conclusion,
    counts_words,
    coverage_told,
    findings,
    further,
    headline,
    pair_words,
    told,
)
from parity.reporting.words import count, visible
from parity.verification import Pair, Verification

__all__ = ["LIMIT", "verification_markdown"]

LIMIT: Final = 65_536
"""Characters that GitHub takes in a comment."""

_ROWS: Final = 50
"""Comparisons in the table; those that are no parity come first."""

_STORY: Final = 6_000
"""Characters of one story."""

_NOTE: Final = 400
"""Characters kept free for the note of what was left out."""

_CELL: Final = 200
"""Characters of a name in the table or in a headline."""


def verification_markdown(
    verification: Verification, record: str | None, *, limit: int = LIMIT
) -> str:
    """Give the Markdown.

    Args:
        verification: What came of it.
        record: Where the record of this verification is kept; null when it is not.
        limit: Characters it may have, at least 10,000.
    """
    end = conclusion(verification)
    sign = "✅" if end.passed else "❌"
    head = f"### {sign} {end}\n\n{counts_words(end)}.\n\n"
    shown, left = _table(verification, (limit - len(head) - _NOTE) // 2)
    parts = [head, shown]
    room = limit - len(head) - len(shown) - _NOTE
    left_out = [count(left, "comparison")] if left else []
    stories = [_finding(finding) for finding in findings(verification)]
    told_of = _fitting(stories, room)
    parts += told_of
    if len(told_of) < len(stories):
        left_out.append(count(len(stories) - len(told_of), "finding"))
    room -= sum(map(len, told_of))
    sections = list(_sections(verification, record))
    added = _fitting(sections, room)
    parts += added
    if len(added) < len(sections):
        left_out.append(count(len(sections) - len(added), "section"))
    if left_out:
        parts.append(f"*Left out for want of room: {', '.join(left_out)}.*\n")
    return "".join(parts)


def _fitting(texts: Sequence[str], room: int) -> list[str]:
    """Take texts in their order while there is room."""
    taken = []
    for text in texts:
        room -= len(text)
        if room < 0:
            break
        taken.append(text)
    return taken


def _table(verification: Verification, room: int) -> tuple[str, int]:
    """Give the table, and how many comparisons are not in it."""
    head = (
        f"| configuration | {_code(verification.control, cell=True)} against | verdict "
        "| events | trades | figures |\n|---|---|---|--:|--:|--:|\n"
    )
    pairs = sorted(verification.pairs, key=lambda pair: pair.ending == "parity")
    rows = _fitting([_row(pair) for pair in pairs[:_ROWS]], room - len(head))
    return head + "".join(rows) + "\n", len(pairs) - len(rows)


def _row(pair: Pair) -> str:
    totals = pair.totals
    words = pair_words(pair) if pair.ending == "parity" else f"**{pair_words(pair)}**"
    cells = [
        _code(pair.config, cell=True),
        _code(pair.candidate_name, cell=True),
        words,
        *(f"{number:,}" for number in (totals.events, totals.trades, totals.figures)),
    ]
    return f"| {' | '.join(cells)} |\n"


def _finding(finding: Finding) -> str:
    where = "" if finding.config is None else f"<code>{_html(finding.config)}</code> — "
    summary = f"{where}<code>{_html(headline(finding))}</code>"
    return _details(summary, told(finding))


def _sections(verification: Verification, record: str | None) -> Iterator[str]:
    """Give what was let pass and what else was looked at, each to be opened."""
    sections = {
        "Let pass by the policy": [excused_words(row) for row in excused(verification)],
        "Rules of the policy": [rule_words(rule) for rule in verification.rules],
        "Noise floors": [noise_words(noise) for noise in verification.noise],
        "Checks": [check_counts_words(counts) for counts in check_counts(verification.checks)],
        "Oracle": coverage_told(verification.coverage),
    }
    for title, lines in sections.items():
        if lines:
            yield _details(title, lines)
    told_of_record = [_code(line) for line in further(conclusion(verification), record)]
    if told_of_record:
        yield f"{', '.join(told_of_record)}\n"


def _details(summary: str, lines: Sequence[str]) -> str:
    text = "\n".join(lines)
    if len(text) > _STORY:
        text = f"{text[:_STORY]}…\n… {len(text) - _STORY:,} characters left out"
    fence = "`" * max(3, _longest_run(text) + 1)
    return (
        f"<details><summary>{summary}</summary>\n\n{fence}text\n{text}\n{fence}\n\n</details>\n\n"
    )


def _code(text: str, *, cell: bool = False) -> str:
    """Write text as code in a line; in a cell of a table a bar would end it."""
    shown = _cut(visible(text)) or " "
    fence = "`" * (_longest_run(shown) + 1)
    if cell:
        shown = shown.replace("|", "\\|")
    pad = " " if shown.strip(" ") and (shown[0] in "` " or shown[-1] in "` ") else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def _html(text: str) -> str:
    return html.escape(_cut(visible(text)), quote=False)


def _cut(text: str) -> str:
    return text if len(text) <= _CELL else f"{text[: _CELL - 1]}…"


def _longest_run(text: str) -> int:
    """Count the backticks of the longest run."""
    return max(map(len, re.findall("`+", text)), default=0)
