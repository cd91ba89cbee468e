"""Approving results: what a configuration gives now becomes what it must give.

1. Each configuration is run: by all subjects, which must agree, or by one alone.
2. What was approved before is read, and the two compared.
3. Nothing is written unless everything can be; then all files are written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path

import msgspec

from parity.baselines.holding import hold
from parity.baselines.layout import Baseline, parse, render
from parity.baselines.locating import Changed, changed_figures
from parity.baselines.sketch import sketch_of
from parity.baselines.store import BaselineFolder
from parity.channels import Channel
from parity.comparison.outcome import ChannelOutcome
from parity.comparison.records import overall
from parity.divergence import Divergence
from parity.errors import UsageError
from parity.record import Record
from parity.subjects import Subject, record_of
from parity.verification import Pair, Verification
from parity.verifying import verify

__all__ = ["Approval", "Approved", "Standing", "approve"]


class Standing(StrEnum):
    """How a result stands to what was approved before."""

    NEW = "new"
    UNCHANGED = "unchanged"
    CHANGED = "changed"
    REFUSED = "refused"


class Approved(msgspec.Struct, frozen=True):
    """One configuration, and what came of approving it.

    Attributes:
        config: The configuration's file.
        baseline: The file of its baseline.
        standing: New, unchanged, changed, or refused: there is nothing that could be approved.
        status: How the run ended; null when it was refused approval before that was known.
        reason: Why it was refused, or why what was there could not be read; null otherwise.
        channels: Against what was approved before, verdict and counts of every channel.
        figures: Figures that changed against what was approved before.
        divergence: Where subjects part; null unless that is why it was refused.
        content: The bytes of the new baseline; null when it was refused.
    """

    config: Path
    baseline: Path
    standing: Standing
    status: str | None = None
    reason: str | None = None
    channels: Mapping[Channel, ChannelOutcome] = {}
    figures: tuple[Changed, ...] = ()
    divergence: Divergence | None = None
    content: bytes | None = None


class Approval(msgspec.Struct, frozen=True):
    """What came of approving some configurations.

    Attributes:
        subjects: Names of those that had to agree.
        folder: The folder of baselines.
        approved: One for each configuration.
        removed: Files of baselines that were removed, since their configurations are gone.
        written: Whether new and changed ones were written.
        update: Whether changed ones may be.
    """

    subjects: tuple[str, ...]
    folder: Path
    approved: tuple[Approved, ...]
    removed: tuple[Path, ...] = ()
    written: bool = False
    update: bool = False

    @property
    def exit_code(self) -> int:
        """0 when everything stands approved; 1 when something was refused, or may not change."""
        standings = {one.standing for one in self.approved}
        if Standing.REFUSED in standings:
            return 1
        return 1 if Standing.CHANGED in standings and not self.update else 0


def approve(
    configs: Sequence[Path],
    folder: BaselineFolder,
    subjects: Sequence[Subject],
    root: Path,
    *,
    update: bool = False,
    prune: bool = False,
    on_step: Callable[[str, str], None] = lambda config, subject: None,
) -> Approval:
    """Run each configuration, and keep what it gives as what it must give.

    Args:
        configs: Files, each once.
        folder: The baselines.
        subjects: One, or several that must agree; the first one's run is kept.
        root: Each run gets a folder of its own below; made when something is stored.
        update: Also replace what was approved before and is different now.
        prune: Also remove baselines of configurations that are gone.
        on_step: Called with (configuration, subject) before each run.

    Raises:
        UsageError: There is a file in the way of the folder; or baselines are to be removed, and
            one is damaged, so that nobody knows whose it is.
        StorageError: A file could not be written; each is whole, as it was or new.
    """
    if folder.path.exists() and not folder.path.is_dir():
        raise UsageError(f"{folder.path} is a file, expected a folder of approved results")
    names = tuple(subject.name for subject in subjects)
    gone = _gone(folder) if prune else []
    approved = [
        _approve_one(config, folder, subjects, root / str(number), update, on_step)
        for number, config in enumerate(configs)
    ]
    approval = Approval(names, folder.path, tuple(approved), update=update)
    if approval.exit_code:
        return approval
    folder.write(
        {
            folder.key_of(one.config): one.content
            for one in approved
            if one.content is not None and one.standing is not Standing.UNCHANGED
        }
    )
    folder.remove(gone)
    removed = tuple(folder.file_of(key) for key in gone)
    return msgspec.structs.replace(approval, written=True, removed=removed)


def _gone(folder: BaselineFolder) -> list[str]:
    return [key for key in folder.read_all() if not folder.config_of(key).is_file()]


def _approve_one(
    config: Path,
    folder: BaselineFolder,
    subjects: Sequence[Subject],
    root: Path,
    update: bool,
    on_step: Callable[[str, str], None],
) -> Approved:
    key = folder.key_of(config)
    file = folder.file_of(key)
    if len(subjects) == 1:
        on_step(str(config), subjects[0].name)
        record = record_of(subjects[0], config, root)
    else:
        verification = verify(
            [(str(config), config)], subjects[0], subjects[1:], root, on_step=on_step
        )
        record = verification.pairs[0].control
        refusal = _refusal(verification)
        if refusal is not None:
            why, divergence = refusal
            return Approved(
                config, file, Standing.REFUSED, record.status, why, divergence=divergence
            )
    reason = _no_result(record)
    if reason is not None:
        return Approved(config, file, Standing.REFUSED, record.status, reason)
    baseline = Baseline(key, tuple(subject.name for subject in subjects), sketch_of(record, config))
    content = render(baseline)
    reason = _no_baseline(content, record, config)
    if reason is not None:
        return Approved(config, file, Standing.REFUSED, record.status, reason)
    return _against_before(config, folder, key, record, content)


def _refusal(verification: Verification) -> tuple[str, Divergence | None] | None:
    """Say why what several subjects gave can't be approved; null when it can."""
    for pair in verification.pairs:
        if pair.ending == "differs":
            return _parting(pair), pair.divergence
    for outcome in verification.checks:
        if outcome.verdict.is_difference:
            said = f": {outcome.reason}" if outcome.reason else ""
            return f"{outcome.subject} breaks the {outcome.kind} '{outcome.name}'{said}", None
    return None


def _parting(pair: Pair) -> str:
    if pair.control.status != (None if pair.candidate is None else pair.candidate.status):
        theirs = "gave nothing" if pair.candidate is None else pair.candidate.status
        return (
            f"{pair.control.subject} {pair.control.status} and {pair.candidate_name} {theirs}; "
            "only what all agree on can be approved, or one's word alone with --subject"
        )
    return (
        f"{pair.candidate_name} parts from {pair.control.subject}; only what all agree on can be "
        "approved, or one's word alone with --subject"
    )


def _no_result(record: Record) -> str | None:
    """Say why a record is nothing to approve; null when it is."""
    if record.status == "failed" and record.workflow is None:
        return f"{record.subject} came to no result at all: {record.explanation}"
    return None


def _no_baseline(content: bytes, record: Record, config: Path) -> str | None:
    """Say why a baseline would be none: nothing is in it, or, as of a NaN, nothing equals it."""
    held = hold(parse(content, "the new baseline").sketch, record, config)
    if record.status == "succeeded" and not any(
        held.outcomes[channel].compared
        for channel in (Channel.TRACE, Channel.TRADES, Channel.METRICS)
    ):
        return "it gave no event, trade or figure, so a baseline of it would pass whatever comes"
    if not overall(held.outcomes).is_difference:
        return None
    first = next(o.first for o in held.outcomes.values() if o.verdict.is_difference)
    where = "" if first is None else f" at {first.path} ({first.candidate!r})"
    return f"what it gave is not equal to itself{where}, so nothing could ever be equal to it"


def _against_before(
    config: Path, folder: BaselineFolder, key: str, record: Record, content: bytes
) -> Approved:
    """Say how a result stands to what was approved before."""
    file = folder.file_of(key)
    try:
        before = folder.read(key)
    except UsageError as error:
        return Approved(
            config, file, Standing.CHANGED, record.status,
            f"what was there cannot be read: {error}", content=content,
        )  # fmt: skip
    if before is None:
        return Approved(config, file, Standing.NEW, record.status, content=content)
    if _without_words(before) == _without_words(parse(content, str(file))):
        return Approved(config, file, Standing.UNCHANGED, record.status, content=content)
    try:
        held = hold(before.sketch, record, config)
    except UsageError as error:
        return Approved(config, file, Standing.CHANGED, record.status, str(error), content=content)
    return Approved(
        config,
        file,
        Standing.CHANGED,
        record.status,
        channels=held.outcomes,
        figures=changed_figures(before.sketch, held.sketch),
        content=content,
    )


def _without_words(baseline: Baseline) -> bytes:
    """Give a baseline's bytes but for who gave it and what was said, which each words alone."""
    sketch = msgspec.structs.replace(baseline.sketch, said=None)
    return render(Baseline(baseline.config, (), sketch))
