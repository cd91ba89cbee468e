"""Annotations for GitHub: one line each, escaped as its runner unescapes, at the right place."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.channels import Channel
from parity.reporting.annotations import SHOWN, github_annotations
from parity.reporting.story import findings, headline, told
from parity.reporting.whereabouts import location_of
from parity.verification import Verification
from tests.parity.reporting.samples import KINDS, WICKED, changed, record, verification

CONFIG = """workflow: simple_backtest
portfolio:
  cash: 2.0
strategies:
  - {type: momentum}
  - {type: momentum, name: quick}
risk_profiles:
  - {type: aggressive}
"""


def parsed(line: str) -> tuple[str, dict[str, str], str]:
    """Read a workflow command as GitHub's runner does."""
    match = re.fullmatch(r"::(\w+) ([^\r\n]*?)::([^\r\n]*)", line)
    assert match is not None, line
    properties = dict(part.split("=", 1) for part in match[2].split(","))

    def unescaped(text: str, *more: tuple[str, str]) -> str:
        for code, char in (("%0D", "\r"), ("%0A", "\n"), *more, ("%25", "%")):
            text = text.replace(code, char)
        return text

    in_properties = (("%3A", ":"), ("%2C", ","))
    values = {name: unescaped(value, *in_properties) for name, value in properties.items()}
    return match[1], values, unescaped(match[3])


def of(made: Verification, base: Path = Path()) -> list[tuple[str, dict[str, str], str]]:
    return [parsed(line) for line in github_annotations(made, base)]


@pytest.mark.parametrize("kind", KINDS)
def test_there_are_errors_exactly_when_the_exit_code_is_not_0(kind: str) -> None:
    made, code = KINDS[kind]
    *errors, notice = of(made())
    assert {error[0] for error in errors} == ({"error"} if code else set())
    assert notice[0] == "notice"
    assert notice[1]["title"].startswith("parity: ")
    assert "compared in" in notice[2]


@pytest.mark.parametrize("kind", KINDS)
def test_an_annotation_says_what_the_other_reports_say(kind: str) -> None:
    verification = KINDS[kind][0]()
    for finding, (_, properties, text) in zip(
        findings(verification), of(verification), strict=False
    ):
        assert headline(finding) in properties["title"]
        assert text == "\n".join(told(finding))


@given(st.text(alphabet=st.characters(codec=None)) | st.just(WICKED))
def test_no_text_ends_a_command_or_begins_another(text: str) -> None:
    failed = record("b" + text, status="failed", explanation=text)
    lines = list(github_annotations(verification(record(), failed, config=text), Path()))
    assert [parsed(line)[0] for line in lines] == ["error", "notice"]


def test_of_more_errors_than_are_shown_the_last_says_how_many_there_are() -> None:
    one = KINDS["one fails"][0]()

    def times(number: int) -> list[tuple[str, dict[str, str], str]]:
        return of(msgspec.structs.replace(one, pairs=one.pairs * number))

    assert len(times(SHOWN)) == SHOWN + 1
    assert len(times(25)) == SHOWN + 1
    assert times(25)[SHOWN - 1][2] == "16 findings more: see the report"


def test_a_long_story_is_cut() -> None:
    failed = record("x", status="failed", explanation="y" * 50_000)
    error, _ = of(verification(record(), failed))
    assert len(error[2]) == 4_001


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "c.yaml").write_text(CONFIG, encoding="utf-8")
    return "studies/c.yaml"


def places(made: Verification) -> list[str]:
    found = [location_of(finding) for finding in findings(made)]
    return ["nowhere" if location is None else str(location) for location in found]


def with_config(value: Any) -> dict[Channel, Any]:
    return changed(Channel.CONFIG, [{"config": {"portfolio": value}}])


@pytest.mark.parametrize(
    ("channels", "place"),
    [
        (with_config({"cash": 2.0}), ":3:3"),
        (with_config({"cash": 2.5}), ""),
        (with_config({"cash": 1.0, "more": 1}), ""),
        (changed(Channel.CONFIG, [{"config": {"portfolio": {"cash": 1.0}}, "digest": "d"}]), ""),
        (changed(Channel.METRICS, {"num_trades": 4}), ""),
    ],
)
def test_a_divergence_leads_to_the_line_of_the_setting_in_play(
    config: str, channels: dict[Channel, Any], place: str
) -> None:
    made = verification(record(channels=channels), record("x"), config=config)
    assert places(made) == [f"{config}{place}"]


def test_a_broken_check_leads_to_the_configuration(config: str) -> None:
    made = KINDS["a broken invariant"][0]()
    (check,) = made.checks
    check = msgspec.structs.replace(check, config=config)
    assert places(msgspec.structs.replace(made, checks=(check,))) == [config]


def test_a_refusal_leads_to_the_place_it_names(config: str) -> None:
    why = f"{config}:3:3: portfolio.cash: too little"
    refused = record(status="refused", channels={}, explanation=why)
    made = verification(refused, msgspec.structs.replace(refused, subject="x"), config=config)
    assert places(made) == [f"{config}:3:3"]


def test_a_rule_leads_to_the_policy() -> None:
    assert places(KINDS["a rule that never fired"][0]()) == ["policy.yaml:3:5"]


def test_what_leads_to_no_file_has_no_place(config: str) -> None:
    for name in ("none.yaml", "n" * 300):
        made = verification(record(), record("x", with_config({})), config=name)
        assert places(made)[0] in ("nowhere", name)
    Path(config).write_text("a: [", encoding="utf-8")
    assert places(verification(record(), record("x", with_config({})), config=config)) == [config]


def test_files_are_told_from_the_root_of_the_repository(config: str, tmp_path: Path) -> None:
    given = record(channels=with_config({"cash": 2.0}))
    made = verification(given, record("x"), config=str(tmp_path / config))
    error, _ = of(made, tmp_path)
    assert (error[1]["file"], error[1]["line"], error[1]["col"]) == (config, "3", "3")
    error, _ = of(made, tmp_path / "elsewhere")
    assert error[1]["file"] == str(tmp_path / config)
