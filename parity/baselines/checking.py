"""One engine against approved results, after the other is retired.

1. Each configuration is run by the subject and held against its baseline (`holding.hold`).
2. Where the two differ, `locating` says as much as a baseline can; another engine, where there is
   one, is asked whether it still gives what was approved, and stands in for it.
3. Every baseline must be used, and every configuration must have one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec

from parity.baselines.holding import APPROVED, Held, hold
from parity.baselines.layout import Baseline
from parity.baselines.locating import Changed, Range, StandIn, changed_figures, first_range
from parity.baselines.showing import shown_now
from parity.baselines.sketch import Sketch
from parity.baselines.store import BaselineFolder
from parity.channels import Channel
from parity.comparison.outcome import ChannelOutcome
from parity.comparison.records import compare_records, overall
from parity.divergence import Divergence, first_divergence
from parity.errors import UsageError
from parity.policy import AppliedPolicy, RuleStanding
from parity.record import Record
from parity.subjects import Subject, record_of
from parity.verdicts import Verdict, worst
from parity.verification import Pair, Totals, Verification

__all__ = ["Check", "Checked", "check", "configurations"]

_ENDINGS: Final[Mapping[str, int]] = {"same": 0, "differs": 1, "unapproved": 1, "empty": 4}


class Checked(msgspec.Struct, frozen=True):
    """One configuration, held against what was approved of it.

    Attributes:
        config: The configuration's file.
        baseline: The file of its baseline, there or not.
        held: The comparison; null when nothing was approved.
        divergence: Where the run parts from what was approved first; null when it does not.
        now: What lies now where a baseline has a digest alone, as text; null where both values of
            the first difference are known.
        figures: Figures that changed, in the order of places.
        range: The first part of a trace that differs; null when no trace does.
        stand_in: What came of asking another engine; null when nobody was asked.
    """

    config: Path
    baseline: Path
    held: Held | None
    divergence: Divergence | None = None
    now: str | None = None
    figures: tuple[Changed, ...] = ()
    range: Range | None = None
    stand_in: StandIn | None = None

    @property
    def channels(self) -> Mapping[Channel, ChannelOutcome]:
        """Verdict and counts of every channel, cause first; empty when nothing was approved."""
        return {} if self.held is None else self.held.outcomes

    @property
    def verdict(self) -> Verdict:
        """The worst of the channels that count; without a baseline it is missing."""
        return Verdict.MISSING if self.held is None else overall(self.held.outcomes)

    @property
    def totals(self) -> Totals:
        """What was compared."""
        return Totals.of(self.channels)

    @property
    def ending(self) -> Literal["same", "differs", "unapproved", "empty"]:
        """What it comes to. A refusal or failure that was approved is the same as approved."""
        if self.held is None:
            return "unapproved"
        if self.held.approved.status != self.held.record.status or self.verdict.is_difference:
            return "differs"
        if self.held.record.status != "succeeded":
            return "same"  # what never ran fills few channels, and those agree
        if not self.totals:
            return "empty"
        return "differs" if self.verdict is Verdict.NOT_COMPARABLE else "same"


class Check(msgspec.Struct, frozen=True):
    """What came of checking some configurations.

    Attributes:
        subject: Name of the engine that was checked.
        folder: The folder of baselines.
        checked: One for each configuration.
        unused: Files of baselines that no configuration used.
        rules: How each rule of the policy stands.
    """

    subject: str
    folder: Path
    checked: tuple[Checked, ...]
    unused: tuple[Path, ...] = ()
    rules: tuple[RuleStanding, ...] = ()

    @property
    def totals(self) -> Totals:
        """What was compared in all."""
        total = Totals()
        for one in self.checked:
            total += one.totals
        return total

    @property
    def verdict(self) -> Verdict:
        """The worst of all; a baseline that was not used is missing its run."""
        verdicts = [one.verdict for one in self.checked]
        return worst([*verdicts, Verdict.MISSING] if self.unused else verdicts)

    @property
    def exit_code(self) -> int:
        """0 as approved; 1 anything differs, is not approved or not used; 4 nothing compared.

        A rule of the policy with a problem is 1 as well.
        """
        codes = {_ENDINGS[one.ending] for one in self.checked}
        if 1 in codes or self.unused or any(rule.problem for rule in self.rules):
            return 1
        return 4 if 4 in codes or not self.checked else 0

    def as_verification(self) -> Verification:
        """Give it as a verification, whose control is what was approved; for records."""
        pairs = tuple(
            Pair(
                config=str(one.config),
                control=one.held.approved,
                candidate=one.held.record,
                candidate_name=self.subject,
                verdict=one.verdict,
                channels=one.channels,
                divergence=one.divergence,
            )
            for one in self.checked
            if one.held is not None
        )
        return Verification(
            control=APPROVED, candidates=(self.subject,), pairs=pairs, rules=self.rules
        )


def configurations(folder: BaselineFolder, named: Sequence[Path]) -> list[Path]:
    """Give the files to check: those that are named, each once; of none, all that were approved.

    A configuration that was approved and is gone is left out: its baseline is not used.

    Raises:
        UsageError: A file that is named does not exist.
    """
    if not named:
        every = [folder.config_of(key) for key in folder.read_all()]
        return [config for config in every if config.is_file()]
    once: dict[str, Path] = {}
    for config in named:
        if not config.is_file():
            found = "this is a folder" if config.is_dir() else "there is no such file"
            raise UsageError(f"{config}: {found}, expected a configuration")
        once.setdefault(folder.key_of(config), config)
    return list(once.values())


def check(
    configs: Sequence[Path],
    folder: BaselineFolder,
    subject: Subject,
    root: Path,
    *,
    stand_in: Subject | str | None = None,
    only: bool = False,
    policy: AppliedPolicy | None = None,
    on_step: Callable[[str, str], None] = lambda config, subject: None,
) -> Check:
    """Run each configuration and hold it against what was approved.

    Args:
        configs: Files, each once; see `configurations`.
        folder: The baselines; all of them are read, and must be sound.
        subject: What is checked.
        root: Each run gets a folder of its own below; made when something is stored.
        stand_in: Asked for the approved run where the subject differs; a text says why there is
            none; null: nobody is asked.
        only: Leave baselines of other configurations alone.
        policy: Says which differences are excused; null: none are.
        on_step: Called with (configuration, subject) before each run.

    Raises:
        UsageError: A baseline is no good, or can't be compared with what the subject records.
    """
    baselines = folder.read_all()
    checked: list[Checked] = []
    used: set[str] = set()
    for number, config in enumerate(configs):
        key = folder.key_of(config)
        used.add(key)
        file = folder.file_of(key)
        baseline = baselines.get(key)
        if baseline is None:
            checked.append(Checked(config, file, None))
            continue
        on_step(str(config), subject.name)
        below = root / str(number)
        record = record_of(subject, config, below / "subject")
        found = _check_one(config, file, baseline, record, policy)
        if found.ending == "differs" and stand_in is not None:
            if not isinstance(stand_in, str):
                on_step(str(config), stand_in.name)
            answer = _ask(stand_in, found, baseline.sketch, below / "stand-in")
            found = msgspec.structs.replace(found, stand_in=answer)
        checked.append(found)
    unused = () if only else tuple(folder.file_of(key) for key in baselines if key not in used)
    rules = () if policy is None else policy.standings()
    return Check(subject.name, folder.path, tuple(checked), unused, rules)


def _check_one(
    config: Path, file: Path, baseline: Baseline, record: Record, policy: AppliedPolicy | None
) -> Checked:
    held = hold(baseline.sketch, record, config, policy)
    divergence = first_divergence(held.approved, held.record, held.outcomes)
    return Checked(
        config=config,
        baseline=file,
        held=held,
        divergence=divergence,
        now=None if divergence is None else shown_now(divergence, held.record),
        figures=changed_figures(baseline.sketch, held.sketch),
        range=first_range(held, baseline.sketch),
    )


def _ask(stand_in: Subject | str, found: Checked, approved: Sketch, root: Path) -> StandIn:
    """Ask another engine for the run that was approved."""
    if isinstance(stand_in, str):
        return StandIn("another engine", "none", reason=stand_in)
    assert found.held is not None  # it differs from something
    record = record_of(stand_in, found.config, root)
    if record.status == "failed" and record.workflow is None:
        return StandIn(stand_in.name, "none", reason=f"{stand_in.name}: {record.explanation}")
    theirs = hold(approved, record, found.config)
    outcomes = compare_records(record, found.held.record)
    if record.status == theirs.approved.status and not overall(theirs.outcomes).is_difference:
        divergence = first_divergence(record, found.held.record, outcomes)
        return StandIn(stand_in.name, "approved", divergence)
    alike = record.status == found.held.record.status and not overall(outcomes).is_difference
    return StandIn(stand_in.name, "same" if alike else "other")
