"""The options of ``parity verify`` that write reports: what they write, and what they refuse."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from parity.reporting.folder import REPORT_FILES
from tests.parity.conftest import HANDMADE, Output
from tests.parity.reporting.junit_format import read

TWO = str(HANDMADE / "two_symbols.yaml")


@pytest.fixture(autouse=True)
def no_workflow_of_github(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)


def test_a_folder_of_reports_has_all_of_them(parity: Callable[..., Output], tmp_path: Path) -> None:
    output = parity("verify", TWO, "--report", "new/reports", "--json", "-", "--junit", "x.xml")
    assert output.code == 0
    folder = tmp_path / "new" / "reports"
    assert sorted(path.name for path in folder.iterdir()) == sorted(REPORT_FILES)
    assert json.loads((folder / "verify.json").read_text()) == output.document
    assert (folder / "report.txt").read_text(encoding="utf-8") == output.err
    assert "### ✅ PARITY" in (folder / "report.md").read_text(encoding="utf-8")
    assert (folder / "annotations.txt").read_text().startswith("::notice title=parity%3A PARITY::")
    read((folder / "junit.xml").read_bytes())
    assert (tmp_path / "x.xml").read_bytes() == (folder / "junit.xml").read_bytes()


def test_annotations_follow_the_text_and_the_summary_of_the_step_is_added_to(
    parity: Callable[..., Output], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "c.yaml").write_text("workflow: simple_backtest\nsymbls: [A]\n", encoding="utf-8")
    summary = tmp_path / "summary.md"
    summary.write_text("before\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path.parent))
    output = parity("verify", "c.yaml", "--github", "--markdown", "out.md")
    assert output.code == 2
    *_, error, notice = output.out.splitlines()
    assert error.startswith(f"::error file={tmp_path.name}/c.yaml,line=2,col=1,title=c.yaml%3A")
    assert notice.startswith("::notice title=parity%3A REFUSED by all alike::")
    markdown = (tmp_path / "out.md").read_text(encoding="utf-8")
    assert "REFUSED" in markdown
    assert summary.read_text(encoding="utf-8") == f"before\n{markdown}"


def test_without_a_summary_only_the_annotations_are_printed(
    parity: Callable[..., Output], tmp_path: Path
) -> None:
    output = parity("verify", "none.yaml", "--github", "--json", "-")
    assert output.code == 2
    assert "::error title=none.yaml%3A" in output.err
    assert output.document["exit_code"] == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--junit", "no/such/x.xml"), "--junit no/such/x.xml: the folder no/such does not exist"),
        (("--markdown", "."), "--markdown .: this is a folder; name a file"),
        (("--junit", "-/x"), "--junit -/x: the folder - does not exist"),
        (("--junit", ""), "--junit : this"),
        (("--junit", "n" * 300), "choose another name"),
        (("--junit", "a\0b"), "choose another name"),
        (("--report", "file"), "--report file: file is a file; choose a writable folder"),
        (
            ("--report", "file/below"),
            "--report file/below: file is a file; choose a writable folder",
        ),
        (("--report", "n" * 300), "choose another name"),
        (("--records", "file"), "--records file: file is a file; choose a writable folder"),
        (("--evidence", "file/x"), "--evidence file/x: file is a file; choose a writable folder"),
        (("--json", "x", "--junit", "x"), "--json and --junit: x is the file of both; name two"),
        (("--markdown", "d/../x", "--junit", "x"), "--junit and --markdown: d/../x is the file of"),
        (("--junit", "link", "--markdown", "file"), "file is the file of both"),
        (("--report", "d", "--junit", "d/junit.xml"), "--junit and --report: d/junit.xml is the"),
        (("--json", "c.yaml"), "--json: c.yaml is read by this command; write to another file"),
        (("--report", "taken"), "--report taken/report.md: this is a folder; name a file"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_runs(
    parity: Callable[..., Output], tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    (tmp_path / "c.yaml").write_text("workflow: simple_backtest\n", encoding="utf-8")
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "d").mkdir()
    (tmp_path / "taken" / "report.md").mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    output = parity("verify", "c.yaml", *arguments)
    assert output.code == 2
    assert message in output.err
    assert "Traceback" not in output.err
    assert output.out == ""
    assert sorted(tmp_path.rglob("*")) == before


def test_a_summary_of_the_step_that_cannot_be_written_is_refused(
    parity: Callable[..., Output], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "no/such/summary")
    output = parity("verify", TWO, "--github")
    assert output.code == 2
    assert "GITHUB_STEP_SUMMARY no/such/summary: the folder no/such does not exist" in output.err


def test_a_device_that_is_full_is_an_error_and_the_verdict_is_not_lost(
    parity: Callable[..., Output],
) -> None:
    output = parity("verify", TWO, "--json", "-", "--junit", "/dev/full")
    assert output.code == 3
    assert "error: /dev/full could not be written" in output.err
    assert output.document["exit_code"] == 0


def test_a_file_whose_name_is_no_text_is_verified_recorded_and_reported(
    parity: Callable[..., Output], tmp_path: Path
) -> None:
    text = (HANDMADE / "drawdown.yaml").read_text(encoding="utf-8")
    name = os.fsdecode(b"\xff|`@x`<b>.yaml")
    (tmp_path / name).write_text(text.replace("data_dir: .", f"data_dir: {HANDMADE}"))
    output = parity("verify", name, "--report", "r", "--json", "-")
    assert output.code == 0
    assert {w["config"] for w in output.document["workflows"]} == {name}
    read((tmp_path / "r" / "junit.xml").read_bytes())
    assert "| ``\\udcff\\|`@x`<b>.yaml`` |" in (tmp_path / "r" / "report.md").read_text("utf-8")
    assert parity("explain").code == 0
    assert parity("features").code == 0
    assert parity("verify", name).code == 0
