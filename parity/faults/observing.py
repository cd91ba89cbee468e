"""Seeing what sees a difference: a scenario, verified in this process."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Literal

import msgspec

from parity.case import case_of
from parity.channels import Channel
from parity.faults.digests import digests
from parity.faults.fault import Scenario
from parity.faults.planting import PlantedSubject, is_seen
from parity.own import ENGINES, Own
from parity.subjects import parse_subject, subject_for
from parity.verdicts import Verdict
from parity.verification import Pair, Verification
from parity.verifying import verify

__all__ = ["Observation", "observe", "seen_by", "write_scenario"]

_CONFIG: Final = "config.yaml"


class Observation(msgspec.Struct, frozen=True):
    """What was seen of a scenario.

    Attributes:
        seen_by: Who saw that something is not as it should be, in the order of a report.
        baseline: Of a scenario with one: digest of each channel of the control's record.
    """

    seen_by: tuple[str, ...]
    baseline: Mapping[str, str] = {}


def write_scenario(scenario: Scenario, folder: Path) -> Path:
    """Write what a scenario needs to ``folder``; give the configuration's file."""
    texts = {_CONFIG: scenario.config, **scenario.files}
    texts.update({f"patterns/{name}": text for name, text in scenario.patterns.items()})
    texts.update({f"components/{name}": text for name, text in scenario.components.items()})
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    for bars in scenario.bars:
        (folder / bars.file).write_bytes(bars.content())
    return folder / _CONFIG


def observe(
    scenario: Scenario, folder: Path, approved: Mapping[str, str] | None = None
) -> Observation:
    """Verify a scenario in ``folder``, which becomes the working directory.

    Args:
        scenario: What is run.
        folder: An empty folder.
        approved: What unchanged code came to, for a scenario with a baseline.
    """
    write_scenario(scenario, folder)
    os.chdir(folder)
    own = Own(
        Path("patterns") if scenario.patterns else None,
        Path("components") if scenario.components else None,
    )
    control, *candidates = [
        subject_for(parse_subject(text), own) for text in (scenario.control, *scenario.candidates)
    ]
    if scenario.planted is not None:
        candidates[-1] = PlantedSubject(candidates[-1], scenario.planted)
    verification = verify(
        [(_CONFIG, Path(_CONFIG))], control, candidates, Path("runs"), oracle=scenario.oracle
    )
    seen = seen_by(verification, scenario.planted)
    reference = verification.pairs[0].control
    seen += _of_relations(scenario, verification, own)
    seen += _of_ending(scenario, verification, seen)
    found = digests(reference) if scenario.baseline else {}
    for channel in sorted({*found, *(approved or {})} if approved is not None else ()):
        if found.get(channel) != (approved or {}).get(channel):
            seen.append(f"baseline:{channel}")
    return Observation(tuple(dict.fromkeys(seen)), found)


def seen_by(
    verification: Verification, planted: Literal["field", "event"] | None = None
) -> list[str]:
    """Name who saw that something is not as it should be: comparisons first, then checks.

    Args:
        verification: What came of it.
        planted: What was changed in a candidate's record on purpose; null: there is no such one.
    """
    return [*_of_pairs(verification, planted), *_of_checks(verification)]


def _of_pairs(
    verification: Verification, planted: Literal["field", "event"] | None
) -> Iterator[str]:
    for pair in verification.pairs:
        if planted is not None and pair.candidate_name.startswith(PlantedSubject.prefix):
            if not is_seen(pair, planted):
                yield "planted"
            continue
        of_oracle = pair.candidate_name.partition(":")[0] == "oracle"
        for channel in _of_pair(pair):
            yield f"oracle:{channel}" if of_oracle else channel


def _of_pair(pair: Pair) -> list[str]:
    """Name the channels in which a pair differs, the one where it does first before the others."""
    if pair.divergence is not None:
        return [pair.divergence.channel.value, *(also.value for also in pair.divergence.also)]
    if pair.ending != "differs":
        return []
    counted = [channel for channel, outcome in pair.channels.items() if outcome.required]
    unfilled = [c for c in counted if pair.channels[c].verdict is Verdict.NOT_COMPARABLE]
    return [(unfilled or [Channel.STATUS])[0].value]


def _of_checks(verification: Verification) -> list[str]:
    return [
        f"{check.kind.value}:{check.name}"
        for check in verification.checks
        if check.verdict.is_difference and not check.subject.startswith(PlantedSubject.prefix)
    ]


def _of_relations(scenario: Scenario, verification: Verification, own: Own) -> Iterator[str]:
    from parity.relations import RELATIONS

    if not scenario.relations:
        return
    case = case_of(_CONFIG, Path(_CONFIG), own)
    records = [verification.pairs[0].control, *(pair.candidate for pair in verification.pairs)]
    for name in scenario.relations:
        for record in records:
            if record is None or record.subject not in ENGINES:
                continue
            folder = Path("relations") / name / record.subject
            outcome = RELATIONS[name].hold(case, record.subject, record, random.Random(0), folder)
            if outcome.verdict.is_difference:
                yield f"relation:{name}"


def _of_ending(scenario: Scenario, verification: Verification, seen: list[str]) -> Iterator[str]:
    pairs = [
        p for p in verification.pairs if not p.candidate_name.startswith(PlantedSubject.prefix)
    ]
    if not pairs:
        return
    endings = {pair.ending for pair in pairs}
    order = ("differs", "failed", "refused", "empty", "parity")
    ending = next(each for each in order if each in endings)
    if ending != scenario.ending and not (ending == "differs" and seen):
        yield f"ending:{ending}"
    if scenario.ending == "refused":
        records = [verification.pairs[0].control, *(p.candidate for p in verification.pairs)]
        told = [str(record.explanation) for record in records if record is not None]
        if ending != "refused" or not all(
            each in text for text in told for each in scenario.refused
        ):
            yield "refusal"
