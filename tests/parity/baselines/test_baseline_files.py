"""Baselines that are damaged, edited, foreign or misplaced: an error that says so, never a pass."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from parity.baselines import BaselineFolder, parse, render
from parity.errors import UsageError
from tests.parity.conftest import ROOT, Output

Parity = Callable[..., Output]

BASELINES = ROOT / "fixtures" / "baselines"
SMALL = BASELINES / "refusals" / "misspelt_keys.yaml.json"
RUN = BASELINES / "workflows" / "search_content.yaml.json"


def test_a_file_is_written_as_it_was_read() -> None:
    for file in sorted(BASELINES.rglob("*.json")):
        content = file.read_bytes()
        assert render(parse(content, str(file))) == content, file


@pytest.mark.parametrize("file", [SMALL, RUN], ids=("refusal", "run"))
def test_a_file_that_is_cut_off_anywhere_is_refused(file: Path) -> None:
    content = file.read_bytes()
    for length in range(0, len(content) - 1, max(1, len(content) // 150)):
        with pytest.raises(UsageError):
            parse(content[:length], "x.json")
    assert parse(content[:-1], "x.json")  # the newline at the end says nothing


def test_a_line_that_was_changed_taken_away_or_doubled_is_found() -> None:
    lines = SMALL.read_text("utf-8").splitlines()
    for number, line in enumerate(lines):
        for changed in (
            [*lines[:number], *lines[number + 1 :]],
            [*lines[:number], line, *lines[number:]],
            [*lines[:number], line.replace("e", "f"), *lines[number + 1 :]],
        ):
            text = "\n".join(changed)
            try:
                same = json.loads(text) == json.loads(SMALL.read_text("utf-8"))
            except ValueError:
                same = False
            if same and text.count("\n") == len(lines) - 1:
                continue
            with pytest.raises(UsageError):
                parse(text.encode(), "x.json")


def test_every_number_that_was_edited_by_hand_is_found() -> None:
    document = json.loads(RUN.read_bytes())

    def numbers(tree: Any) -> list[tuple[Any, Any]]:
        items = tree.items() if isinstance(tree, dict) else enumerate(tree)
        found = []
        for key, value in items:
            if isinstance(value, dict | list):
                found += numbers(value)
            elif isinstance(value, int | float) and not isinstance(value, bool):
                found.append((tree, key))
        return found

    places = numbers(document)
    assert len(places) > 60
    for tree, key in places:
        value = tree[key]
        for other in (value + 1, float(value) if isinstance(value, int) else int(value)):
            tree[key] = other
            with pytest.raises(UsageError, match="the checksum does not fit what is in it"):
                parse(json.dumps(document).encode(), "x.json")
        tree[key] = value
    assert parse(json.dumps(document).encode(), "x.json")


def test_the_order_of_places_is_under_the_checksum_and_line_ends_are_not() -> None:
    document = json.loads(RUN.read_bytes())
    document["places"] = dict(reversed(document["places"].items()))
    with pytest.raises(UsageError, match="checksum"):
        parse(json.dumps(document).encode(), "x.json")
    windows = RUN.read_bytes().replace(b"\n", b"\r\n")
    assert parse(windows, "x.json") == parse(RUN.read_bytes(), "x.json")


def resealed(file: Path, **changes: Any) -> bytes:
    """Give a file with other content and a checksum that fits it."""
    from parity.baselines.layout import _checksum

    document = {**json.loads(file.read_bytes()), **changes}
    document["checksum"] = _checksum(document)
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "x.json:1:1: this is not JSON"),
        (b"{", "this is not JSON"),
        (b"\xff\xfe{}", "this is not a baseline"),
        (b"[1]", "found JSON that is no mapping, expected a baseline (paritykit/baseline/1)"),
        (b"{}", "found no 'schema', expected paritykit/baseline/1"),
        (b'{"schema": "paritykit/verify/1"}', "found the schema 'paritykit/verify/1'"),
        (b'{"schema": "paritykit/baseline/2"}', "it has the format paritykit/baseline/2"),
        (b'{"schema": 1, "schema": 2}', "it has 'schema' twice"),
        (b'{"schema": NaN}', "it has NaN, which a baseline never does"),
        (b'{"schema": "paritykit/baseline/1"}', "the checksum does not fit"),
        (b"<<<<<<< HEAD\n{}", "damaged, cut off or badly merged"),
        (b"[" * 100_000, "this is not a baseline"),
        (b'{"schema": ' + b"9" * 5000 + b"}", "this is not a baseline"),
        (resealed(SMALL, traces="paritykit/trace/0"), "in the format 'paritykit/trace/0'"),
        (resealed(SMALL, places=[]), "this is not what a baseline holds"),
        (resealed(SMALL, places={"": {"colour": 1}}), "'colour' is not a valid Channel"),
        (resealed(SMALL, places={"": {"$like": "x"}}), "this is not what a baseline holds"),
        (resealed(SMALL, places={"": 5}), "this is not what a baseline holds"),
        (resealed(SMALL, status="excellent"), "Invalid enum value 'excellent'"),
        (resealed(SMALL, told={"portfolio": "x"}), "no subject can be told 'portfolio'"),
        (resealed(SMALL, config=5), "this is not what a baseline holds"),
        (resealed(SMALL, declared=["everything"]), "this is not what a baseline holds"),
    ],
    ids=range(22),
)  # fmt: skip
def test_what_is_no_sound_baseline_says_why(content: bytes, message: str) -> None:
    with pytest.raises(UsageError) as told:
        parse(content, "x.json")
    assert message in str(told.value)
    assert str(told.value).startswith("x.json")


@pytest.fixture
def fixtures(parity: Parity, tmp_path: Path) -> Parity:
    """Give `parity` in a folder with two baselines and their configurations."""
    for part in ("workflows/search_content.yaml", "refusals/misspelt_keys.yaml"):
        for file in (part, f"baselines/{part}.json"):
            (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / "fixtures" / file, tmp_path / file)
    (tmp_path / "market").symlink_to(ROOT / "fixtures" / "market")
    return parity


def test_one_that_is_damaged_fails_the_check_even_if_nobody_asked_for_it(fixtures: Parity) -> None:
    assert fixtures("check").code == 0
    file = Path("baselines/refusals/misspelt_keys.yaml.json")
    file.write_bytes(file.read_bytes()[:100])
    told = fixtures("check", "workflows/search_content.yaml", "--only")
    assert told.code == 2
    assert "baselines/refusals/misspelt_keys.yaml.json:" in told.err
    assert "restore it from version control, or make it anew with: parity approve" in told.err


def test_one_that_was_copied_for_another_configuration_is_refused(fixtures: Parity) -> None:
    shutil.copy(
        "baselines/workflows/search_content.yaml.json", "baselines/refusals/misspelt_keys.yaml.json"
    )
    told = fixtures("check")
    assert told.code == 2
    assert "there are two baselines of workflows/search_content.yaml" in told.err
    assert "remove the one that is not meant" in told.err


def test_one_that_lies_elsewhere_is_refused_and_told_where_it_belongs(fixtures: Parity) -> None:
    Path("baselines/workflows/search_content.yaml.json").rename("baselines/moved.json")
    told = fixtures("check")
    assert told.code == 2
    assert "baselines/moved.json: this is the baseline of workflows/search_content.yaml" in told.err
    assert "which belongs to baselines/workflows/search_content.yaml.json" in told.err
    approved = fixtures("approve", "refusals/misspelt_keys.yaml")
    assert approved.code == 0  # of this one nothing is wrong


def test_hidden_files_and_other_kinds_of_files_are_nobodys_baselines(fixtures: Parity) -> None:
    Path("baselines/README.md").write_text("Approved in spring.", "utf-8")
    Path("baselines/.half.json.1.part").write_text("{", "utf-8")
    Path("baselines/.git").mkdir()
    Path("baselines/.git/x.json").write_text("{", "utf-8")
    assert fixtures("check").code == 0


@pytest.mark.parametrize(
    ("config", "file"),
    [
        ("a.yaml", "b/a.yaml.json"),
        ("x/y/a.yaml", "b/x/y/a.yaml.json"),
        ("b/a.yaml", "b/_within_/a.yaml.json"),
        ("b/x/a.yaml", "b/_within_/x/a.yaml.json"),
        ("../a.yaml", "b/_up_/a.yaml.json"),
        ("../../x/a.yaml", "b/_up_/_up_/x/a.yaml.json"),
        ("./x/../a.yml", "b/a.yml.json"),
    ],
)
def test_a_baseline_lies_where_its_configuration_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: str, file: str
) -> None:
    here = tmp_path / "one" / "two"
    here.mkdir(parents=True)
    monkeypatch.chdir(here)
    folder = BaselineFolder(Path("b"))
    key = folder.key_of(Path(config))
    assert folder.file_of(key) == Path(file)
    assert folder.config_of(key).resolve() == (here / config).resolve()


def test_links_on_the_way_to_a_configuration_are_followed_and_the_last_is_a_name(
    tmp_path: Path,
) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.yaml").write_text("", "utf-8")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "real" / "b.yaml").symlink_to("a.yaml")
    folder = BaselineFolder(tmp_path / "link" / "baselines")
    assert folder.key_of(tmp_path / "real" / "a.yaml") == "../a.yaml"
    assert folder.key_of(tmp_path / "link" / "b.yaml") == "../b.yaml"


def test_a_folder_named_like_the_way_up_is_not_taken_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = BaselineFolder(Path("b"))
    (tmp_path / "b" / "_up_").mkdir(parents=True)
    up = folder.file_of("../../misspelt_keys.yaml")
    shutil.copy(SMALL, up)
    with pytest.raises(UsageError, match="this is the baseline of refusals/misspelt_keys"):
        folder.read("../_up_/misspelt_keys.yaml")
    assert folder.file_of("../_up_/misspelt_keys.yaml") == up


@pytest.mark.parametrize("engine", ["imperative", "declarative"])
def test_both_engines_give_what_was_approved_of_the_projects_own_fixtures(
    parity: Parity, engine: str
) -> None:
    own = ROOT / "fixtures" / "own"
    done = parity(
        "check", "--subject", engine, "--baselines", str(BASELINES), "--json", "-",
        "--components", str(own / "components"), "--patterns", str(own / "patterns"),
    )  # fmt: skip
    assert done.code == 0, done.err
    document = done.document
    assert len(document["workflows"]) == len(list(BASELINES.rglob("*.json")))
    statuses = {one["status"]["now"] for one in document["workflows"]}
    assert statuses == {"succeeded", "refused", "failed"}


def test_every_typical_mistake_has_a_baseline() -> None:
    mistakes = {file.name for file in (ROOT / "fixtures" / "refusals").glob("*.yaml")}
    approved = {file.name.removesuffix(".json") for file in (BASELINES / "refusals").iterdir()}
    assert mistakes == approved
    assert len(mistakes) >= 14
