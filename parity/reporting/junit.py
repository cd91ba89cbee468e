"""A verification as JUnit XML, as continuous integration reads it.

A ``testsuite`` for each configuration, and one for the policy. Its test cases are

1. each run (``class`` "run", named after the subject): an error when it failed or was refused;
2. each channel of each comparison (``class`` "CANDIDATE against CONTROL") that counts: a failure
   when it differs, skipped with the reason when neither of two runs got that far; a channel that
   does not count and could not be compared is a property of the suite instead;
3. ``anything compared`` of each comparison of two runs that succeeded;
4. each invariant and relation of each subject, each noise floor;
5. in the suite of the policy, each rule: a failure when it has a problem.

There is a failure or an error if and only if the exit code is not 0.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal, TypeAlias
from xml.etree import ElementTree as ET

import msgspec

from parity.channels import Channel
from parity.checks import CheckOutcome
from parity.comparison.outcome import ChannelOutcome
from parity.noise import NoiseFloor
from parity.policy import RuleStanding
from parity.record import Record
from parity.reporting.standing import noise_words, rule_words
from parity.reporting.story import Finding, FindingKind, findings, headline, told
from parity.reporting.words import message_lines, size_words, verdict_words, visible
from parity.verdicts import Verdict
from parity.verification import Pair, Verification

__all__ = ["junit_xml"]

Outcome: TypeAlias = Literal["passed", "failure", "error", "skipped"]

_POLICY: Final = "policy"


class Case(msgspec.Struct, frozen=True):
    """A test case.

    Attributes:
        group: What stands as its class.
        name: Its name.
        outcome: What came of it.
        message: One line of why; empty when it passed.
        lines: The story.
        duration_s: How long it took, wall time; 0 where nothing of its own ran.
        notes: What is told of a case that passed.
    """

    group: str
    name: str
    outcome: Outcome = "passed"
    message: str = ""
    lines: tuple[str, ...] = ()
    duration_s: float = 0.0
    notes: tuple[str, ...] = ()


def junit_xml(verification: Verification, record: str | None) -> bytes:
    """Give the XML, UTF-8.

    Args:
        verification: What came of it.
        record: Where the record of this verification is kept; null when it is not.
    """
    found = {id(each.source): each for each in findings(verification)}
    facts = {"control": verification.control, "candidates": ", ".join(verification.candidates)}
    if record is not None:
        facts["record"] = record
    root = ET.Element("testsuites", {"name": "parity verify"})
    every: list[Case] = []
    for config, part in _by_config(verification).items():
        cases = _told_apart(_cases(part, found))
        root.append(_suite(config, cases, {**facts, **_silences(part.pairs)}, config))
        every += cases
    if verification.rules:
        cases = _told_apart(_rules(verification.rules, found))
        root.append(_suite(_POLICY, cases, facts, None))
        every += cases
    root.attrib.update(_counts(every))
    ET.indent(root)
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _told_apart(cases: Iterable[Case]) -> list[Case]:
    """Number cases that are called alike, as those of two candidates of one name."""
    taken: set[tuple[str, str]] = set()
    apart = []
    for case in cases:
        names = (f"{case.name} ({number})" for number in itertools.count(2))
        name = case.name
        while (case.group, name) in taken:
            name = next(names)
        taken.add((case.group, name))
        apart.append(msgspec.structs.replace(case, name=name))
    return apart


def _by_config(verification: Verification) -> dict[str, Verification]:
    """Give what belongs to each configuration."""
    parts: dict[str, tuple[list[Pair], list[CheckOutcome], list[NoiseFloor]]] = {}
    for pair in verification.pairs:
        parts.setdefault(pair.config, ([], [], []))[0].append(pair)
    for check in verification.checks:
        parts.setdefault(check.config, ([], [], []))[1].append(check)
    for noise in verification.noise:
        parts.setdefault(noise.config, ([], [], []))[2].append(noise)
    return {
        config: Verification(
            control=verification.control,
            candidates=verification.candidates,
            pairs=tuple(pairs),
            checks=tuple(checks),
            noise=tuple(floors),
        )
        for config, (pairs, checks, floors) in parts.items()
    }


def _suite(name: str, cases: list[Case], facts: dict[str, str], file: str | None) -> ET.Element:
    suite = ET.Element("testsuite", {"name": visible(name), **_counts(cases)})
    properties = ET.SubElement(suite, "properties")
    for key, value in facts.items():
        ET.SubElement(properties, "property", {"name": visible(key), "value": visible(value)})
    for case in cases:
        suite.append(_element(case, file))
    return suite


def _silences(pairs: Iterable[Pair]) -> dict[str, str]:
    """Say of channels that have nothing to say why."""
    return {
        f"{_group(pair)}: {channel}": f"not comparable: {_reason(outcome)}"
        for pair in pairs
        for channel, outcome in pair.channels.items()
        if _is_silent(outcome)
    }


def _group(pair: Pair) -> str:
    return f"{pair.candidate_name} against {pair.control.subject}"


def _is_silent(outcome: ChannelOutcome) -> bool:
    """Whether a channel has nothing to say, and nobody asks it to."""
    return outcome.verdict is Verdict.NOT_COMPARABLE and not outcome.required


def _reason(outcome: ChannelOutcome) -> str:
    return visible(outcome.reason or "nothing was compared")


def _element(case: Case, file: str | None) -> ET.Element:
    attributes = {"classname": visible(case.group), "name": visible(case.name)}
    if file is not None:
        attributes["file"] = visible(file)
    element = ET.Element("testcase", {**attributes, "time": f"{case.duration_s:.6f}"})
    if case.outcome == "skipped":
        ET.SubElement(element, "skipped", {"message": case.message})
    elif case.outcome != "passed":
        mark = ET.SubElement(
            element, case.outcome, {"message": case.message, "type": visible(case.group)}
        )
        mark.text = "\n".join((case.message, *case.lines))
    if case.notes:
        ET.SubElement(element, "system-out").text = "\n".join(case.notes)
    return element


def _counts(cases: list[Case]) -> dict[str, str]:
    counts = {
        "tests": len(cases),
        "failures": sum(case.outcome == "failure" for case in cases),
        "errors": sum(case.outcome == "error" for case in cases),
        "skipped": sum(case.outcome == "skipped" for case in cases),
    }
    seconds = sum(case.duration_s for case in cases)
    return {**{name: str(n) for name, n in counts.items()}, "time": f"{seconds:.6f}"}


def _cases(part: Verification, found: Mapping[int, Finding]) -> Iterator[Case]:
    """Give the cases of one configuration."""
    yield from _runs(part.pairs)
    for pair in part.pairs:
        yield from _pair(pair, found.get(id(pair)))
    for check in part.checks:
        yield _check(check, found.get(id(check)))
    for noise in part.noise:
        yield _noise(noise, found.get(id(noise)))


def _runs(pairs: Iterable[Pair]) -> Iterator[Case]:
    """Give a case for each run; it is an error where nothing can be learned from it.

    A run that ends otherwise than the control's is what the comparison fails for.
    """
    told_of: set[int] = set()
    for pair in pairs:
        for record in (pair.control, pair.candidate):
            if record is not None and id(record) not in told_of:
                told_of.add(id(record))
                yield _run(record)


def _run(record: Record) -> Case:
    case = Case(group="run", name=record.subject, duration_s=record.duration_s)
    if record.status == "succeeded":
        return case
    first, *rest = message_lines(record.explanation or "it did not say why")
    return msgspec.structs.replace(
        case, outcome="error", message=f"{record.status}: {first}", lines=tuple(rest)
    )


def _pair(pair: Pair, found: Finding | None) -> Iterator[Case]:
    group = _group(pair)
    if pair.candidate is None:
        outcome: Outcome = "skipped" if found is None else "failure"
        yield Case(group, "comparison", outcome, visible(pair.note or "nothing was compared"))
        return
    for channel, outcome_of in pair.channels.items():
        if not _is_silent(outcome_of):
            yield _channel(group, channel, outcome_of, pair, found)
    if "succeeded" == pair.control.status == pair.candidate.status:
        if found is not None and found.kind is FindingKind.EMPTY:
            yield _failed(Case(group, "anything compared"), found)
        else:
            yield Case(group, "anything compared")
    elif found is not None and found.kind is FindingKind.DIFFERENCE and pair.divergence is None:
        yield _failed(Case(group, "status"), found)


def _channel(
    group: str, channel: Channel, outcome: ChannelOutcome, pair: Pair, found: Finding | None
) -> Case:
    case = Case(group, channel.value)
    if outcome.verdict is Verdict.NOT_COMPARABLE:
        # Where runs part or do not end, it is no news that they left a channel empty.
        counts = pair.ending == "differs" and pair.divergence is None
        return msgspec.structs.replace(
            case,
            outcome="failure" if counts else "skipped",
            message=f"not comparable: {_reason(outcome)}",
        )
    if not outcome.verdict.is_difference:
        passed = () if outcome.verdict is Verdict.EQUAL else (_summary(outcome),)
        return msgspec.structs.replace(case, notes=passed)
    if not outcome.required:
        return msgspec.structs.replace(case, outcome="skipped", message=_summary(outcome))
    is_first = pair.divergence is not None and pair.divergence.channel is channel
    lines = told(found) if is_first and found is not None else ()
    if not lines and outcome.first is not None:
        lines = (f"first at {visible(outcome.first.path)}",)
    title = f"{headline(found)}: " if is_first and found is not None else ""
    return msgspec.structs.replace(
        case, outcome="failure", message=f"{title}{_summary(outcome)}", lines=lines
    )


def _summary(outcome: ChannelOutcome) -> str:
    parts = [f"{outcome.compared:,} compared"]
    for name in ("different", "missing", "extra"):
        number = getattr(outcome, name)
        parts += [f"{number:,} {name}"] if number else []
    size = size_words(outcome.max_abs, outcome.max_ulp)
    parts += [size] if size else []
    parts += [visible(outcome.reason)] if outcome.reason else []
    return f"{verdict_words(outcome.verdict)}: {', '.join(parts)}"


def _check(check: CheckOutcome, found: Finding | None) -> Case:
    case = Case(f"{check.kind} of {check.subject}", check.name)
    if found is not None:
        return _failed(case, found)
    if check.verdict is Verdict.NOT_COMPARABLE:
        reason = visible(check.reason or "there was nothing to hold it against")
        return msgspec.structs.replace(case, outcome="skipped", message=reason)
    return case


def _noise(noise: NoiseFloor, found: Finding | None) -> Case:
    case = Case("noise floor", noise.subject, notes=(noise_words(noise),))
    return case if found is None else _failed(case, found)


def _failed(case: Case, found: Finding) -> Case:
    return msgspec.structs.replace(
        case, outcome="failure", message=headline(found), lines=told(found)
    )


def _rules(rules: Iterable[RuleStanding], found: Mapping[int, Finding]) -> Iterator[Case]:
    for rule in rules:
        case = Case(_POLICY, f"{rule.place} {rule.rule}", notes=(rule_words(rule),))
        finding = found.get(id(rule))
        yield case if finding is None else _failed(case, finding)
