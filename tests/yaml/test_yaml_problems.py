from __future__ import annotations

from collections.abc import Callable

import pytest

from containers.errors import ConfigurationError
from containers.strict_yaml import loads

Problems = Callable[[str], list[str]]

NO_KEY = (
    "found ': ' where no key can stand "
    "(put text that holds ': ' in quotes, or start the key in the column of its mapping)"
)
MISFIT = (
    "this line does not fit the lines before it "
    "(start all keys of a mapping in the same column, and put odd text in quotes)"
)
MERGE = "the merge key '<<' is not supported (write the keys out; in quotes it is an ordinary key)"
CONTROL = "remove it, or write it as an escape inside double quotes where text needs it"
ESCAPE = "found an escape in double quotes that cannot be read (write \\\\ for a \\)"
TAB = "found a tab where spaces belong (indent with spaces)"
TOP = "expected a mapping at the top: lines of 'key: value'"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        # keys
        (
            "a: 1\nb: {c: 1,\n  c: 2}",
            (
                "3:3: the key 'c' stands here a second time; first in line 2, column 5 "
                "(remove one of the two)"
            ),
        ),
        (
            "a: 1\n'a': 2",
            (
                "2:1: the key 'a' stands here a second time; first in line 1, column 1 "
                "(remove one of the two)"
            ),
        ),
        ("1: x", "1:1: found the number 1 as a key, expected text (put it in quotes)"),
        ("1e3: x", "1:1: found the number 1000.0 as a key, expected text (put it in quotes)"),
        ("true: x", "1:1: found true as a key, expected text (put it in quotes)"),
        ("~: x", "1:1: found nothing (null) as a key, expected text"),
        ("? [a]\n: x", "1:3: found a list as a key, expected text"),
        ("? {a: 1}\n: x", "1:3: found a mapping as a key, expected text"),
        ("a: &x [1]\n*x : 1", "2:1: found a list as a key, expected text"),
        ("a: &x {b: 1}\nc: {<<: *x}", f"2:5: {MERGE}"),
        # tags
        (
            "a: !!python/object/apply:os.system [x]",
            "1:4: the tag '!!python/object/apply:os.system' is not supported (remove it)",
        ),
        ("a: !x 1", "1:4: the tag '!x' is not supported (remove it)"),
        ("a: ! 1", "1:4: the tag '!' is not supported (remove it)"),
        ("a: !!str 1", "1:4: the tag '!!str' is not supported (remove it)"),
        ("!!map {a: 1}", "1:1: the tag '!!map' is not supported (remove it)"),
        (
            "a: !e!x 1",
            ("1:4: found a tag ('!…') that cannot be read (remove it; tags are not supported)"),
        ),
        # documents
        ("---\na: 1\n---\nb: 1", "3:1: a second document starts here, expected one"),
        ("a: 1\n...\nb: 1", "3:1: found text that belongs to no key (write it as 'key: value')"),
        ("- a", f"1:1: found a list ({TOP})"),
        ("just text", f"1:1: found a single value ({TOP})"),
        ("null", f"1:1: found a single value ({TOP})"),
        ("", " the file is empty"),
        ("# nothing\n\n", " the file is empty"),
        ("---\n", " the file is empty"),
        # anchors
        ("a: *x", "1:4: the alias '*x' has no anchor before it"),
        (
            "a: &fees 1\nb: *fee",
            "2:4: the alias '*fee' has no anchor before it (did you mean '*fees'?)",
        ),
        ("a: &x [*x]", "1:8: the alias '*x' stands inside its own anchor"),
        ("a: &x {b: {c: *x}}", "1:15: the alias '*x' stands inside its own anchor"),
        ("a: &x [1]\nb: &x [*x]", "2:8: the alias '*x' stands inside its own anchor"),
        # text
        ("a: b\x07", f"1:5: found the control character U+0007 ({CONTROL})"),
        ("a: 1\nb: c\u2028d", f"2:5: found the control character U+2028 ({CONTROL})"),
        ("a: \ud800", f"1:4: found the control character U+D800 ({CONTROL})"),
        ('a: "b\\0"', "1:4: found a control character, written as an escape (remove it)"),
        ("a: " + "9" * 101, "1:4: found a whole number of 101 digits"),
        # syntax
        ("a: b: c", f"1:5: {NO_KEY}"),
        ("a: 1\n  b: 2", f"2:4: {NO_KEY}"),
        ("a: 1\nsymbols\nb: 2", "2:1: found a line without ': ' (write it as 'key: value')"),
        ("a: 1\n]", f"2:1: {MISFIT}"),
        ("- a\nb: 1", f"2:1: {MISFIT}"),
        ("a:\n  b: 1\n c: 2", f"3:2: {MISFIT}"),
        ("a: b\n- c", f"2:1: {MISFIT}"),
        ("a: 'b' c", f"1:8: {MISFIT}"),
        ("a: - 1", "1:4: a list cannot start here (put each '- ' on its own line)"),
        (
            "a: [1, 2",
            "1:4: this list in brackets cannot be read (check ',' and the closing ']')",
        ),
        (
            "a: {b: 1\nc: 2",
            "1:4: this mapping in braces cannot be read (check ',' and the closing '}')",
        ),
        ("a: 'b", "1:4: text in quotes is not closed (add the closing quote)"),
        ('a: "b\n---\nc', "1:4: text in quotes is not closed (add the closing quote)"),
        ("a: @b", "1:4: text cannot start with '@' (put it in quotes)"),
        ("a: %b", "1:4: text cannot start with '%' (put it in quotes)"),
        ("a:\n\tb: 1", f"2:1: {TAB}"),
        ('a: "\\x0"', f"1:7: {ESCAPE}"),
        ("a: & b", "1:5: '&' and '*' must be followed by a name (put text in quotes)"),
        ("a: |x\n b", "1:4: the header of this block of text cannot be read"),
        (
            "%YAML x\n---\na: 1",
            "1:1: found a directive ('%…') that cannot be read (remove it)",
        ),
        (
            "%YAML 3.0\n---\na: 1",
            "1:1: found a directive ('%…') that cannot be read (remove it)",
        ),
    ],
)
def test_one_thing_wrong_is_one_problem_at_its_place(
    text: str, problem: str, problems_of: Problems
) -> None:
    assert problems_of(text) == [problem]


def test_everything_that_can_be_found_is_reported_at_once(problems_of: Problems) -> None:
    assert problems_of("a: 1\na: 2\nb: !x 1\n5: 6\nc: [") == [
        (
            "2:1: the key 'a' stands here a second time; first in line 1, column 1 "
            "(remove one of the two)"
        ),
        "3:4: the tag '!x' is not supported (remove it)",
        "4:1: found the number 5 as a key, expected text (put it in quotes)",
        "5:5: a value is missing here (close open brackets, or write the value)",
    ]


def test_reading_gives_up_after_fifty_problems(problems_of: Problems) -> None:
    assert len(problems_of("a: 1\n" * 1000)) == 50


def bomb(levels: int, width: int) -> str:
    lines = ["a0: &a0 [x]"]
    for level in range(levels):
        aliases = ", ".join([f"*a{level}"] * width)
        lines.append(f"a{level + 1}: &a{level + 1} [{aliases}]")
    return "\n".join(lines)


def test_aliases_that_expand_without_end_are_refused(problems_of: Problems) -> None:
    (problem,) = problems_of(bomb(60, 10))
    assert problem.endswith("the document holds more than 100,000 values")


def test_aliases_that_nest_without_end_are_refused(problems_of: Problems) -> None:
    (problem,) = problems_of(bomb(120, 1))
    assert problem == "100:12: this alias nests deeper than 100 levels"


def test_nesting_without_end_is_refused(problems_of: Problems) -> None:
    for text in ("a: " + "[" * 200, "a: " + "{b: " * 200, "a:\n  " + "- " * 200):
        (problem,) = problems_of(text)
        assert problem.endswith("lists and mappings are nested deeper than 100 levels")


def test_nesting_of_a_hundred_levels_is_read() -> None:
    assert loads("a: " + "[" * 99 + "]" * 99, "f").data["a"] != []


def test_a_document_of_absurd_size_is_refused(problems_of: Problems) -> None:
    (problem,) = problems_of("a:\n" + "- 1\n" * 100_001)
    assert problem.endswith("the document holds more than 100,000 values")


def test_errors_name_no_parser(parser: str) -> None:
    del parser
    with pytest.raises(ConfigurationError) as caught:
        loads("a: [1\nb: 2", "f")
    assert "yaml." not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
