"""JUnit XML: valid whatever names and messages hold, and a failure exactly when it is no pass."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.reporting.junit import junit_xml
from tests.parity.reporting.junit_format import read
from tests.parity.reporting.samples import KINDS, WICKED, alike, record, verification


def outcomes(root: ET.Element) -> dict[tuple[str, str], str]:
    """Give what came of each test case."""
    found = {}
    for case in root.iter("testcase"):
        marks = [child.tag for child in case if child.tag != "system-out"]
        found[case.attrib["classname"], case.attrib["name"]] = marks[0] if marks else "passed"
    return found


def of_kind(kind: str) -> ET.Element:
    return read(junit_xml(KINDS[kind][0](), "records/000001"))


@pytest.mark.parametrize("kind", KINDS)
def test_something_fails_exactly_when_the_exit_code_is_not_0(kind: str) -> None:
    found = set(outcomes(of_kind(kind)).values())
    assert bool(found & {"failure", "error"}) == (KINDS[kind][1] != 0)
    assert "passed" in found or kind == "another status alone"


PAIR = "declarative against imperative"


@pytest.mark.parametrize(
    ("kind", "case", "outcome"),
    [
        ("parity", ("run", "imperative"), "passed"),
        ("parity", (PAIR, "metrics"), "passed"),
        ("parity", (PAIR, "anything compared"), "passed"),
        ("a silent oracle", ("oracle against imperative", "comparison"), "skipped"),
        ("within tolerance", (PAIR, "metrics"), "passed"),
        ("within tolerance", ("policy", "policy.yaml:3:5 metrics **.sharpe_ratio: abs 4.0"),
         "passed"),
        ("checks that hold", ("relation of imperative", "prices_doubled"), "passed"),
        ("no noise", ("noise floor", "declarative"), "passed"),
        ("another figure", (PAIR, "metrics"), "failure"),
        ("another figure", (PAIR, "trades"), "passed"),
        ("a channel is missing", (PAIR, "hooks"), "failure"),
        ("one fails", ("run", "declarative"), "error"),
        ("one fails", ("run", "imperative"), "passed"),
        ("one fails", (PAIR, "status"), "failure"),
        ("one refuses", (PAIR, "status"), "failure"),
        ("a channel that nobody filled", (PAIR, "plan"), "failure"),
        ("another status alone", (PAIR, "status"), "failure"),
        ("a broken invariant", ("invariant of imperative", "accounting"), "failure"),
        ("noise", ("noise floor", "declarative"), "failure"),
        ("a rule that never fired", ("policy", "policy.yaml:3:5 metrics **.sharpe_ratio: abs 4.0"),
         "failure"),
        ("all refuse", ("run", "third"), "error"),
        ("all refuse", (PAIR, "status"), "passed"),
        ("all refuse", (PAIR, "metrics"), "skipped"),
        ("all fail", ("run", "imperative"), "error"),
        ("nothing compared", (PAIR, "anything compared"), "failure"),
    ],
)  # fmt: skip
def test_each_kind_of_verdict_is_a_case_of_its_own(
    kind: str, case: tuple[str, str], outcome: str
) -> None:
    assert outcomes(of_kind(kind))[case] == outcome


def test_a_failure_tells_the_story_of_the_first_divergence() -> None:
    (failure,) = of_kind("another figure").iter("failure")
    assert failure.attrib["message"] == (
        "declarative parts from imperative first in metrics: "
        "different: 2 compared, 1 different, by up to 0.25, 1,125,899,906,842,624 ulp"
    )
    assert failure.text is not None
    assert "control:   1.5\ncandidate: 1.25" in failure.text


def test_a_check_without_anything_to_look_at_is_skipped_with_the_reason() -> None:
    skipped = [mark.attrib["message"] for mark in of_kind("checks that hold").iter("skipped")]
    assert "equity is cash and positions" in skipped


def test_what_was_let_pass_is_told() -> None:
    told = [out.text for out in of_kind("within tolerance").iter("system-out")]
    assert "within tolerance: 2 compared, by up to 0.5, 7 ulp, rounding differs" in str(told)


def test_a_channel_that_does_not_count_is_a_property_with_the_reason() -> None:
    properties = {p.attrib["name"]: p.attrib["value"] for p in of_kind("parity").iter("property")}
    assert properties["control"] == "imperative"
    assert properties["record"] == "records/000001"
    assert properties[f"{PAIR}: trace"] == "not comparable: imperative does not fill it"


def test_a_run_takes_as_long_as_it_took_and_comparing_nothing() -> None:
    root = read(junit_xml(verification(record(duration_s=1.5), record("x", duration_s=2.25)), None))
    times = {c.attrib["name"]: c.attrib["time"] for c in root.iter("testcase")}
    assert (times["imperative"], times["x"], times["metrics"]) == (
        "1.500000", "2.250000", "0.000000",
    )  # fmt: skip
    assert root.attrib["time"] == "3.750000"


def test_each_configuration_is_a_suite_that_names_its_file() -> None:
    both = msgspec.structs.replace(
        alike("a.yaml"), pairs=alike("a.yaml").pairs + alike("b.yaml").pairs
    )
    root = read(junit_xml(both, None))
    assert [suite.attrib["name"] for suite in root] == ["a.yaml", "b.yaml"]
    assert {case.attrib["file"] for case in root[1].iter("testcase")} == {"b.yaml"}


def test_candidates_of_one_name_are_told_apart() -> None:
    read(junit_xml(verification(record(), *map(record, ("x", "x", "x (2)"))), None))


@given(st.text(alphabet=st.characters(codec=None)) | st.just(WICKED))
def test_any_text_makes_valid_xml(text: str) -> None:
    failed = record("b" + text, status="failed", explanation=text)
    read(junit_xml(verification(record(explanation=text), failed, config=text), text))
