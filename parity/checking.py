"""What a verification does beside comparing: it holds runs against invariants and relations."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from containers.configuration import read_user
from containers.errors import ConfigurationError
from parity.case import Configured, case_of
from parity.channels import Channel
from parity.checks import CheckOutcome
from parity.comparison.outcome import ChannelOutcome
from parity.errors import UsageError
from parity.invariants import check_invariants
from parity.own import ENGINES, Own
from parity.record import Record
from parity.subjects import SubjectSpec, parse_subject, record_of, subject_for
from parity.verdicts import Verdict

__all__ = ["Thorough", "held_alone", "is_the_same"]


def held_alone(record: Record, name: str, config: Configured) -> list[CheckOutcome]:
    """Hold one run against every invariant; one that gave no result is held against none.

    Args:
        record: Of the run.
        name: The configuration as it was named.
        config: The configuration, whose folder relative paths start from.
    """
    if record.status != "succeeded" and record.workflow is None:
        return []  # it was refused, or the subject crashed: its record is of that alone
    try:
        base_dir = read_user(config).base_dir
    except ConfigurationError:  # then nothing ran either
        base_dir = None
    return check_invariants(record, name, base_dir=base_dir)


def is_the_same(
    control: Record, candidate: Record, outcomes: Mapping[Channel, ChannelOutcome]
) -> bool:
    """Whether two records hold the same in every channel, so that what holds of one holds of both.

    Args:
        control: One record.
        candidate: The other.
        outcomes: What came of comparing them bit by bit, nothing being let pass.
    """
    if control.told != candidate.told or control.declared != candidate.declared:
        return False
    if control.trace_settings != candidate.trace_settings or control.covers != candidate.covers:
        return False
    return outcomes.keys() == set(Channel) and all(
        outcome.verdict is Verdict.EQUAL
        or not (control.channels.get(channel) or candidate.channels.get(channel))
        for channel, outcome in outcomes.items()
    )


class Thorough:
    """Holds every engine of ours against all relations.

    Args:
        own: A user's own patterns and components.
        seed: Where the relations' choices come from.
    """

    def __init__(self, own: Own, seed: int = 0) -> None:
        self._own: Final = own
        self._seed: Final = seed

    def hold(
        self,
        name: str,
        config: Configured,
        records: Mapping[str, Record],
        root: Path,
        on_step: Callable[[str, str], None],
    ) -> Iterator[CheckOutcome]:
        """Hold the engines among some subjects against all relations.

        Args:
            name: The configuration as it was named.
            config: The configuration.
            records: What the subjects recorded, by their names.
            root: A folder of its own.
            on_step: Called with (configuration, what is run) before each relation.
        """
        from parity.relations import RELATIONS  # late: only those who ask for it wait for it

        try:
            case = case_of(name, config, self._own)
        except ConfigurationError:
            return  # it cannot be read: nothing ran
        for engine, record in _engines(records).items():
            base = record
            if record.subject != engine:
                on_step(name, engine)
                subject = subject_for(SubjectSpec(engine), self._own)
                base = record_of(subject, case.config, root / engine / "base")
            for relation in RELATIONS.values():
                on_step(name, f"{engine} · {relation.name}")
                draw = random.Random(f"{self._seed}:{engine}:{relation.name}")
                yield relation.hold(case, engine, base, draw, root / engine / relation.name)


def _engines(records: Mapping[str, Record]) -> dict[str, Record]:
    """Give a record of each of our engines, one that was told nothing where there is one."""
    found: dict[str, Record] = {}
    for name, record in records.items():
        try:
            engine = parse_subject(name).engine
        except UsageError:
            continue  # the name of a foreign subject, which need not be a specification
        if engine in ENGINES and (engine not in found or name == engine):
            found[engine] = record
    return found
