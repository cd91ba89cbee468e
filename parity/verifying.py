"""The main job: run workflows through subjects, compare, and say what came of it.

1. The control and each candidate run on every configuration, several times where that is asked for
   (`parity.repeating`).
2. Each candidate is compared with the control (`compare_records`), and so is the oracle, on every
   unit of a run of the control's that it can express.
3. Every run is held against all invariants, and where that is asked for each engine of ours against
   all relations (`parity.checking`).
4. `Verification.exit_code` says it in one number (see README.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from parity.case import Configured
from parity.channels import ORACLE, Channel
from parity.checking import Thorough, held_alone, is_the_same
from parity.checks import CheckOutcome
from parity.comparison.outcome import ChannelOutcome
from parity.comparison.records import compare_records, overall
from parity.divergence import first_divergence
from parity.errors import SubjectError, UsageError
from parity.noise import NoiseFloor
from parity.policy import AppliedPolicy
from parity.record import Record, record_of_crash
from parity.repeating import FEWEST_RUNS, repeated
from parity.subjects import OracleSubject, Subject, record_of
from parity.verdicts import Verdict
from parity.verification import Coverage, Pair, Verification

__all__ = ["verify"]


def verify(
    configs: Sequence[tuple[str, Configured]],
    control: Subject,
    candidates: Sequence[Subject],
    root: Path,
    *,
    oracle: bool = True,
    policy: AppliedPolicy | None = None,
    repeat: int = 1,
    thorough: Thorough | None = None,
    on_step: Callable[[str, str], None] = lambda config, subject: None,
) -> Verification:
    """Run every configuration through all subjects and compare.

    Args:
        configs: Name and content (a file's path or a mapping) of each.
        control: The reference.
        candidates: What is held against it.
        root: Each run gets a folder of its own below; made when something is stored.
        oracle: Hold the oracle against the control as well.
        policy: What may differ, for every comparison of two subjects; null: nothing may. A subject
            is compared with itself without it.
        repeat: How often each subject runs on each configuration; from 2 on each is compared with
            its own first run.
        thorough: Holds engines against relations; null: nobody does.
        on_step: Called with (configuration, subject) before each run.

    Raises:
        UsageError: A comparator or cleaner of the policy failed.
    """
    verifying = _Verifying(policy, repeat, thorough, on_step)
    for number, (name, config) in enumerate(configs):
        verifying.add(name, config, control, candidates, root / str(number), oracle=oracle)
    return Verification(
        control=control.name,
        candidates=tuple(candidate.name for candidate in candidates),
        pairs=tuple(verifying.pairs),
        checks=tuple(verifying.checks),
        rules=() if policy is None else policy.standings(),
        noise=tuple(verifying.noise),
    )


class _Verifying:
    """A verification on its way: one configuration after the other is added."""

    def __init__(
        self,
        policy: AppliedPolicy | None,
        repeat: int,
        thorough: Thorough | None,
        on_step: Callable[[str, str], None],
    ) -> None:
        self._policy = policy
        self._repeat = repeat
        self._thorough = thorough
        self._on_step = on_step
        self.pairs: Final[list[Pair]] = []
        self.checks: Final[list[CheckOutcome]] = []
        self.noise: Final[list[NoiseFloor]] = []

    def add(
        self,
        name: str,
        config: Configured,
        control: Subject,
        candidates: Sequence[Subject],
        folder: Path,
        *,
        oracle: bool,
    ) -> None:
        """Run one configuration through all subjects, compare, and hold the runs against checks."""
        reference = self._run(control, name, config, folder / "control")
        records = [reference]
        compared: list[tuple[Record, Mapping[Channel, ChannelOutcome]]] = []
        ran = reference.status == "succeeded"
        for index, candidate in enumerate(candidates):
            if ran and isinstance(candidate, OracleSubject):
                self._on_step(name, candidate.name)
                self.pairs.append(self._ask_oracle(candidate, name, reference, config, folder))
                oracle = False  # it has been asked
                continue
            records.append(self._run(candidate, name, config, folder / f"candidate-{index}"))
            self.pairs.append(self._compare(name, reference, records[-1]))
            compared.append((records[-1], self.pairs[-1].channels))
        own = held_alone(reference, name, config)
        self.checks.extend(own)
        for record, channels in compared:
            if self._policy is None and is_the_same(reference, record, channels):
                # Every bit is the control's, and so is what comes of holding it.
                same = (msgspec.structs.replace(check, subject=record.subject) for check in own)
                self.checks.extend(same)
            else:
                self.checks.extend(held_alone(record, name, config))
        if self._thorough is not None:
            named = {record.subject: record for record in records}
            self.checks.extend(
                self._thorough.hold(name, config, named, folder / "relations", self._on_step)
            )
        if oracle and ran:
            unasked = OracleSubject({})
            self._on_step(name, unasked.name)
            pair = self._ask_oracle(unasked, name, reference, config, folder)
            self.pairs.append(msgspec.structs.replace(pair, optional=True))

    def _run(self, subject: Subject, name: str, config: Configured, folder: Path) -> Record:
        self._on_step(name, subject.name)
        if self._repeat < FEWEST_RUNS:
            return record_of(subject, config, folder)
        record, floor = repeated(
            subject, name, config, folder, self._repeat,
            lambda first, again: _compared(first, again, None)[2],
            lambda run: self._on_step(name, f"{subject.name} · run {run} of {self._repeat}"),
        )  # fmt: skip
        self.noise.append(floor)
        return record

    def _compare(self, name: str, control: Record, candidate: Record) -> Pair:
        if candidate.beyond is not None and control.beyond is None:
            note = f"{candidate.subject} cannot express it: {candidate.beyond}"
            return _silent(name, control, candidate.subject, note, None)
        control, candidate, outcomes = _compared(control, candidate, self._policy)
        return Pair(
            config=name,
            control=control,
            candidate=candidate,
            candidate_name=candidate.subject,
            verdict=overall(outcomes),
            channels=outcomes,
            divergence=first_divergence(control, candidate, outcomes),
        )

    def _ask_oracle(
        self, oracle: OracleSubject, name: str, control: Record, config: Configured, root: Path
    ) -> Pair:
        if not any(control.channels.get(channel) for channel in ORACLE):
            note = "the control filled nothing that the oracle fills"
            return _silent(name, control, oracle.name, note, Coverage())
        oracle = oracle.against(control)
        record = record_of(oracle, config, root)
        held = len(record.channels.get(Channel.TRACE, ()))
        coverage = Coverage(held, dict(oracle.beyond))
        if record.status == "refused":
            return _silent(name, control, oracle.name, str(record.explanation), coverage)
        return msgspec.structs.replace(self._compare(name, control, record), coverage=coverage)


def _compared(
    control: Record, candidate: Record, policy: AppliedPolicy | None
) -> tuple[Record, Record, Mapping[Channel, ChannelOutcome]]:
    """Compare; give the records as well: one that can't be compared becomes that of a crash.

    What a foreign subject recorded can be anything.
    """
    try:
        return control, candidate, compare_records(control, candidate, policy)
    except UsageError:
        raise  # a comparator or cleaner of the policy's failed
    except Exception as error:  # noqa: BLE001  # see above
        spoilt = [_spoilt(control), _spoilt(candidate)]
        if not any(spoilt):
            spoilt[1] = error  # each can be compared with itself
        control, candidate = (
            record if why is None else _record_of_spoilt(record, why)
            for record, why in zip((control, candidate), spoilt, strict=True)
        )
        return control, candidate, compare_records(control, candidate, policy)


def _spoilt(record: Record) -> Exception | None:
    """Say why a record cannot even be compared with itself; null when it can."""
    try:
        compare_records(record, record)
    except Exception as error:  # noqa: BLE001  # see `_compared`
        return error
    return None


def _record_of_spoilt(record: Record, why: Exception) -> Record:
    told = f"what it recorded can't be compared: {type(why).__name__}: {why}"
    return record_of_crash(record.subject, SubjectError(told), record.duration_s)


def _silent(
    name: str, control: Record, candidate: str, note: str, coverage: Coverage | None
) -> Pair:
    return Pair(
        config=name,
        control=control,
        candidate=None,
        candidate_name=candidate,
        verdict=Verdict.NOT_COMPARABLE,
        channels={},
        divergence=None,
        note=note,
        coverage=coverage,
    )
