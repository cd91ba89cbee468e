"""Mutants are run through any command, with what reaches them, and results are kept."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import msgspec
import pytest

from parity.errors import UsageError
from parity.faults.tree import SourceTree
from parity.sensitivity.killing import Course, Stage, run_mutants
from parity.sensitivity.mutants import Mutant, mutants_of
from parity.sensitivity.results import Result, ResultsFile

_TEXT = """def double(x):
    return x * 2


def unused(x):
    return x - 3


def count(n):
    total = 0
    while n > 0:
        n = n - 1
        total = total + 1
    return total


def kept(x):
    return x or 0
"""
_CHECKS = {
    "double": "import toy; assert toy.double(3) == 6, toy.double(3)",
    "count": "import toy; assert toy.count(2) == 2; toy.kept(5)",
}
_RUN = "import sys; [exec(open(f).read()) for f in sys.argv[1:]]"
_RUN_APART = """
import json, os, sys
apart = sys.argv[1] == "--apart"
for number, file in enumerate(sys.argv[1 + apart :]):
    if not apart or os.fork() == 0:
        if apart:
            folder = os.environ["PARITY_MARKS"]
            os.environ["PARITY_MARKS"] = os.path.join(folder, f"of-{number}")
            os.mkdir(os.environ["PARITY_MARKS"])
            code, said = 0, ""
            try:
                exec(open(file).read())
            except AssertionError as error:
                code, said = 1, str(error)
            with open(os.path.join(folder, f"{number}.json"), "w") as came:
                json.dump({"code": code, "said": said, "seconds": 1.0}, came)
            os._exit(0)
        exec(open(file).read())
    else:
        os.wait()
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A module, and a check in a file for each of its functions but one."""
    (tmp_path / "toy.py").write_text(_TEXT, encoding="utf-8")
    for name, text in _CHECKS.items():
        (tmp_path / f"{name}.check").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def tree(project: Path) -> SourceTree:
    """The module, to be changed."""
    return SourceTree(project / "trees", ["toy"], root=project)


def stage(project: Path, *names: str) -> Stage:
    parts = tuple(str(project / f"{name}.check") for name in names)
    return Stage("checks", (sys.executable, "-c", _RUN), parts, inputs=parts)


def mutant(project: Path, text: str, operator: str) -> Mutant:
    (found,) = (
        each
        for each in mutants_of(project, ["toy.py"])
        if each.text == text and each.operator.endswith(operator)
    )
    return found


def run(
    project: Path, tree: SourceTree, mutants: list[Mutant], steps: list[str] | None = None
) -> dict[str, Result]:
    found, _ = run_mutants(
        tree,
        mutants,
        [stage(project, "double", "count")],
        lambda digest: ResultsFile(project / "results.jsonl", digest),
        on_step=lambda what: None if steps is None else steps.append(what),
    )
    return dict(found)


def test_a_mutant_is_caught_escaped_or_not_executed(project: Path, tree: SourceTree) -> None:
    caught = mutant(project, "return x * 2", "Mul_Add")
    escaped = mutant(project, "return x or 0", "ReplaceOrWithAnd")
    unreached = mutant(project, "return x - 3", "Sub_Add")
    found = run(project, tree, [caught, escaped, unreached])
    assert (found[caught.id].outcome, found[caught.id].stage) == ("caught", "checks")
    assert found[caught.id].detail == "AssertionError: 5"
    assert (found[escaped.id].outcome, found[escaped.id].executed) == ("escaped", True)
    assert (found[unreached.id].outcome, found[unreached.id].executed) == ("escaped", False)


@pytest.mark.parametrize(
    ("files", "outcome"), [((), "caught"), (("to",), "caught"), (("other",), "escaped")]
)
def test_a_stage_can_be_about_some_files(
    project: Path, tree: SourceTree, files: tuple[str, ...], outcome: str
) -> None:
    changed = mutant(project, "return x * 2", "Mul_Add")
    about = msgspec.structs.replace(stage(project, "double"), files=files)
    results = project / "results.jsonl"
    found, _ = run_mutants(tree, [changed], [about], lambda digest: ResultsFile(results, digest))
    assert found[changed.id].outcome == outcome


def test_a_stage_can_tell_of_all_parts_in_one_go_what_they_reach(
    project: Path, tree: SourceTree
) -> None:
    plain = stage(project, "double", "count")
    apart = msgspec.structs.replace(
        plain, command=(sys.executable, "-c", _RUN_APART), apart="--apart"
    )
    mutants = [
        mutant(project, "return x * 2", "Mul_Add"),
        mutant(project, "return x or 0", "ReplaceOrWithAnd"),
        mutant(project, "return x - 3", "Sub_Add"),
    ]
    found = []
    for number, each in enumerate((plain, apart)):
        keep = partial(ResultsFile, project / f"{number}.jsonl")
        results, _ = run_mutants(tree, mutants, [each], keep)
        found.append([(results[m.id].outcome, results[m.id].executed) for m in mutants])
    assert found == [[("caught", True), ("escaped", True), ("escaped", False)]] * 2
    (project / "count.check").write_text("assert False, 'not so'")
    with pytest.raises(UsageError, match=r"checks: .*count.check leaves with 1 .*: not so"):
        run_mutants(tree, mutants, [apart], lambda digest: ResultsFile(project / "2.jsonl", digest))


def test_results_are_of_what_stages_read_and_not_of_where_it_lies(
    project: Path, tree: SourceTree
) -> None:
    moved = project / "moved"
    moved.mkdir()
    was = stage(project, "double")
    file = moved / "double.check"
    for text, same in (((project / "double.check").read_text(), True), ("other", False)):
        file.write_text(text)
        now = Stage("checks", (*was.command, str(file)), inputs=(str(file),))
        here = Stage("checks", (*was.command, was.parts[0]), inputs=was.inputs)
        assert (Course(tree, [], [now]).digest() == Course(tree, [], [here]).digest()) is same


def test_results_are_gone_on_with_until_code_or_checks_change(
    project: Path, tree: SourceTree
) -> None:
    first = mutant(project, "return x * 2", "Mul_Add")
    second = mutant(project, "return x or 0", "ReplaceOrWithAnd")
    run(project, tree, [first])
    file = project / "results.jsonl"
    with file.open("ab") as torn:
        torn.write(b'{"mutant": "cut o')  # as a process leaves it that is killed
    steps: list[str] = []
    assert run(project, tree, [first, second], steps).keys() == {first.id, second.id}
    assert steps.count("toy.py") == 1  # the other one was there
    steps.clear()
    run(project, tree, [first, second], steps)
    assert steps == []
    (project / "count.check").write_text(_CHECKS["count"] + "\n", encoding="utf-8")
    run(project, tree, [first, second], steps)
    assert steps.count("toy.py") == 2


def test_what_fails_on_unchanged_code_tells_nothing(project: Path, tree: SourceTree) -> None:
    (project / "count.check").write_text("raise SystemExit('no, thanks')", encoding="utf-8")
    with pytest.raises(
        UsageError, match=r"count.check leaves with 1 on unchanged code.*no, thanks"
    ):
        run(project, tree, [mutant(project, "return x * 2", "Mul_Add")])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n", "is no file of results of mutants"),
        ('{"format": "paritykit/mutants/0"}\n', "is no file of results of mutants"),
        (
            '{"format": "paritykit/mutants/1"}\n{"mutant": 5}\n',
            r"results.jsonl:2: this is no result",
        ),
        ('{"format": "paritykit/mutants/1"}\nnot json\n', r"results.jsonl:2: this is no result"),
    ],
)
def test_a_foreign_file_of_results_is_refused(
    project: Path, tree: SourceTree, content: str, message: str
) -> None:
    (project / "results.jsonl").write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        run(project, tree, [mutant(project, "return x * 2", "Mul_Add")])
    assert (project / "results.jsonl").read_text(encoding="utf-8") == content


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(
        UsageError, match=r"results cannot be kept in .*name another with --results"
    ):
        ResultsFile(tmp_path / "file" / "results.jsonl", "")


def test_there_must_be_such_a_package(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no package 'nothing'"):
        SourceTree(tmp_path / "trees", ["nothing"])
    with pytest.raises(UsageError, match="there is no package 'nothing' in"):
        SourceTree(tmp_path / "others", ["nothing"], root=tmp_path)
