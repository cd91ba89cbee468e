"""Globs over paths: what they match, what they don't, and what is no glob."""

from __future__ import annotations

import fnmatch
import re

import pytest

from parity.policy.globs import BadGlobError, compile_glob, covers

FIGURE = "iteration=0/phase=x/window=2/unit=0/portfolio=a.b: sharpe_ratio"

MATCHES: list[tuple[str, list[str], list[str]]] = [
    (FIGURE, [FIGURE], [FIGURE[:-1], FIGURE + "x", FIGURE.replace(".", "-")]),
    ("**", [FIGURE, "", "x", "x: a\nb"], []),
    ("**: sharpe_ratio", [FIGURE, ": sharpe_ratio"], ["x: a.sharpe_ratio", "sharpe_ratio"]),
    ("**/portfolio=*: *", [FIGURE, "portfolio=q: x"], ["portfolio=q: x.y", "portfolio=q: x[0]"]),
    ("a/*: x", ["a/b: x", "a/: x"], ["a/b/c: x", "a: x", "a/b: y: x"]),
    ("*/b: x", ["a/b: x", "/b: x"], ["ab: x", "b: x", "a/c/b: x"]),
    ("*/b/c: x", ["a/b/c: x"], ["a/bc: x", "b/c: x"]),
    ("!/b: x", ["!/b: x"], ["!b: x", "b: x"]),
    ("**/b/c: x", ["b/c: x", "a/b/c: x"], ["bc: x", "a/bc: x", "c: x"]),
    ("a/b*/c", ["a/b/c", "a/bb/c"], ["a/b/b/c", "a/c"]),
    ("a/**", ["a", "a: x", "a/b", "a/b/c: d[0]"], ["ab", "ab: x", "b/a"]),
    ("a/**/u: x", ["a/u: x", "a/b/u: x", "a/b/c/u: x"], ["a/bu: x", "au: x", "a/b: c/u: x"]),
    ("a/**: x", ["a: x", "a/b: x", "a/b/c: x"], ["ab: x", "a", "a: b: x", "a/b: c: x"]),
    ("**: x", ["a: x", "a/b: x"], ["a: b: x"]),
    ("**/u: x", ["u: x", "a/u: x", "a/b/u: x"], ["au: x"]),
    ("a: **", ["a", "a: b", "a: b.c[0]"], ["ab", "a/b: c"]),
    ("a: *", ["a: b", "a: b: c"], ["a: b.c", "a: b[0]", "a"]),
    ("a: b.**", ["a: b", "a: b.c", "a: b[0].d"], ["a: bc", "a: c.b"]),
    ("a: **.c", ["a: c", "a: b.c", "a: [0].c", "a: b[0].d.c"], ["a: bc", "a: c.d"]),
    ("a: b.**.c", ["a: b.c", "a: b[0].c", "a: b.d.c"], ["a: bc", "a: c"]),
    ("a: **[0]", ["a: [0]", "a: b[0]", "a: b.c[0]"], ["a: [1]", "a: b[0].c"]),
    ("a: b.**[0]", ["a: b[0]", "a: b.c[0]"], ["a: [0]", "a: bc[0]"]),
    ("a: [*].b", ["a: [0].b", "a: [12].b"], ["a: [0][1].b", "a: b"]),
    ("a: b[*]", ["a: b[0]"], ["a: b", "a: b[0].c", "a: b[0][1]"]),
    ("a: ['x.json'].d", ["a: ['x.json'].d"], ["a: ['xxjson'].d"]),
    (
        "a: ['0/*/b.*'].d",
        ["a: ['0/x/b.json'].d", "a: ['0/x/y/b.json'].d", "a: ['0/[1]/b.x'].d"],
        ["a: ['0/x/c.json'].d", "a: ['0/x/b.json'].d.e", "a: ['0/x'].['b.x'].d"],
    ),
    ("""a: ["it's.x"]""", ["""a: ["it's.x"]"""], ["a: [it's.x]"]),
    ("a: **['x.json']", ["a: ['x.json']", "a: b['x.json']"], ["a: x.json"]),
    ("a: row *.price", ["a: row 3.price"], ["a: row 3", "a: row 3.price.x"]),
    ("a: row *.**", ["a: row 3", "a: row 3.price"], ["a"]),
    (": a", [": a"], ["a", "x: a"]),
    ("a?: (b|c)+", ["a?: (b|c)+"], ["aa: b", "a: bb"]),
]


@pytest.mark.parametrize(("glob", "yes", "no"), MATCHES, ids=[glob for glob, _, _ in MATCHES])
def test_a_glob_matches_whole_paths_and_no_others(glob: str, yes: list[str], no: list[str]) -> None:
    expression = compile_glob(glob)
    assert [path for path in yes if not expression.fullmatch(path)] == []
    assert [path for path in no if expression.fullmatch(path)] == []


@pytest.mark.parametrize(
    ("glob", "message"),
    [
        ("", "found an empty path, expected a glob such as"),
        ("  ", "found an empty path"),
        (" a", "found blanks around the path ' a'"),
        ("a: ", "found blanks around"),
        ("a**", "found 'a**', expected '**' alone between separators"),
        ("**b: x", "found '**b'"),
        ("***", "found '***'"),
        ("a: x**", "found 'x**'"),
        ("a: [**]", "found '**', expected"),
        ("a/**/**", "found two '**' in a row"),
        ("a: **.**", "found two '**' in a row"),
        ("a//b", "found an empty segment in 'a//b'"),
        ("a/", "found an empty segment"),
        ("/a", "found an empty segment"),
        ("a: .b", "found '.b' in '.b', expected names between '.'"),
        ("a: b..c", "found '..c'"),
        ("a: b.", "found '.' in 'b.'"),
        ("a: [0", "found '[0'"),
        ("a: []", "found '[]'"),
        ("a: b]", "found ']'"),
        ("a: b[0]c", "found 'c'"),
    ],
)
def test_what_is_no_glob_is_refused(glob: str, message: str) -> None:
    with pytest.raises(BadGlobError) as raised:
        compile_glob(glob)
    assert message in str(raised.value)


def test_many_stars_take_no_time() -> None:
    stars = "a".join("*" * 25)
    for glob in (f"**: {stars}b", f"{stars}b/x: y", f"**: [{stars}b]", f"**: ['.{stars}b']"):
        for path in ("x: " + "a" * 300, "a" * 300 + "/x: y", f"x: ['.{'a' * 300}']"):
            assert not compile_glob(glob).fullmatch(path)
    assert compile_glob(f"**: {stars}").fullmatch("x: " + "a" * 300)
    assert compile_glob("x: *a*b*c*").fullmatch("x: abcabcaabbcc")
    assert compile_glob("x: *ab*ab").fullmatch("x: xababab")
    assert not compile_glob("x: *ab*ab").fullmatch("x: xab")
    assert compile_glob("x: a*a").fullmatch("x: aa")
    assert not compile_glob("x: a*a").fullmatch("x: a")


def test_any_glob_of_stars_matches_what_fnmatch_does() -> None:
    words = [f"{a}{b}{c}{d}" for a in ("", "a") for b in "ab" for c in ("", "b") for d in "ab"]
    parts = ("", "a", "b", "*", "**")
    for glob in {
        f"{x}{y}{z}*{w}" for x in parts[:4] for y in parts for z in parts[:4] for w in "ab"
    }:
        plain = re.sub(r"\*+", "*", glob)
        for word in words:
            expected = fnmatch.fnmatchcase(word, plain)
            assert bool(compile_glob(f"x: {plain}").fullmatch(f"x: {word}")) is expected


@pytest.mark.parametrize(
    ("broad", "narrow", "expected"),
    [
        ("**", "a: b", True),
        ("**", "**", True),
        ("**: *", "**", False),
        ("**", "**: *", True),
        ("**: *", "**: **", False),
        ("**: **", "**: *", True),
        ("**: **", "**", True),
        ("**/*: x", "**/unit=0: x", True),
        ("**/unit=0: x", "**/*: x", False),
        ("a/**", "a/b/c: d", True),
        ("a/**", "a/**: x", True),
        ("a/**: x", "a/**", False),
        ("**: a.**", "**: a.b.*", True),
        ("**: a.b.*", "**: a.**", False),
        ("**: *", "**: a*", True),
        ("**: a*", "**: ab*", True),
        ("**: ab*", "**: a*", False),
        ("**: [*].x", "**: [0].x", True),
        ("**/a", "*/a", True),
        ("*/a", "**/a", False),
        ("a: **", "a: **.c", True),
        ("a: **.c", "a: **", False),
        ("**: **.c", "a: b[0].c", True),
        ("**: a", "**: b", False),
        ("b/**", "**", False),
        ("a: [*]", "a: ['x*.y']", True),
        ("a: ['x*']", "a: ['x*.y']", True),
        ("a: ['x*.y']", "a: ['x*']", False),
        ("**/a/**", "x/a/b: c", True),
        ("*/*: x", "**: x", False),
    ],
)
def test_a_glob_covers_another_when_it_matches_all_that_that_does(
    broad: str, narrow: str, expected: bool
) -> None:
    assert covers(broad, narrow) is expected
