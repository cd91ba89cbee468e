"""One trial of a relation: running a case once more, some other way, and comparing."""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import msgspec

from containers.journal import JournalConsumer
from containers.trace import Trace
from parity.case import Case
from parity.channels import CAUSE_FIRST, Channel
from parity.comparison.outcome import Difference
from parity.comparison.records import compare_records
from parity.comparison.traces import compare_traces
from parity.invariants.findings import Findings
from parity.own import Own
from parity.record import Record
from parity.subjects import SubjectSpec, record_of, subject_for

__all__ = ["DoesNotApplyError", "Trial", "placeless"]


class DoesNotApplyError(Exception):
    """The relation says nothing of this case; the message says why."""


class Trial:
    """What a relation has to work with.

    Attributes:
        case: What is run.
        engine: Name of the engine.
        base: Its run of the case, at trace level detailed.
        draw: Where choices come from.
        root: A folder of the trial's own.
        found: What came of it.
    """

    def __init__(
        self, case: Case, engine: str, base: Record, draw: random.Random, root: Path
    ) -> None:
        self.case: Final = case
        self.engine: Final = engine
        self.base: Final = base
        self.draw: Final = draw
        self.root: Final = root
        self.found: Final = Findings()
        self._runs = 0

    @property
    def config(self) -> dict[str, Any]:
        """The case's configuration, a copy."""
        return copy.deepcopy(dict(self.case.config))

    @cached_property
    def own_text(self) -> str:
        """Everything that a user's own patterns and Python files say; empty without any.

        What they do not name they do not depend on: a setting, a symbol, an amount.
        """
        own = self.case.own
        folders = [folder for folder in (own.patterns, own.folder) if folder is not None]
        files = [file for folder in folders for file in sorted(folder.rglob("*"))]
        texts = [f for f in files if f.suffix in (".py", ".yaml", ".yml")]
        return "\n".join(file.read_text("utf-8", "replace") for file in texts)

    def needs_unread(self, *path: str) -> None:
        """Say that the relation says nothing where a user's own definitions read this setting.

        Args:
            path: Of the setting that the relation changes, from the top of the configuration.
        """
        if re.search(r"config\W+" + r"\W+".join(path) + r"\b", self.own_text):
            raise DoesNotApplyError(f"definitions of a user's own read {'.'.join(path)}")

    def needs_success(self) -> None:
        """Say that the relation says nothing of a run that did not succeed."""
        if self.base.status != "succeeded":
            raise DoesNotApplyError(f"the run {self.base.status}")

    def folder(self) -> Path:
        """Give a folder that nothing is in; it need not exist."""
        self._runs += 1
        return self.root / f"run-{self._runs}"

    def run(
        self,
        config: Mapping[str, Any] | Path | None = None,
        *,
        own: Own | None = None,
        watch: JournalConsumer | None = None,
        **options: str,
    ) -> Record:
        """Run the case once more in this process.

        Args:
            config: In place of the case's; null: the case's own.
            own: In place of the case's; null: the case's own.
            watch: Hears the journal as well.
            options: As of a subject: trace, storage, executor, interrupt.
        """
        spec = SubjectSpec(self.engine, options)
        subject = subject_for(spec, own or self.case.own, watch)
        return record_of(subject, self.config if config is None else config, self.folder())

    def agree_traces(self, due: Trace, found: Trace, unit: str, what: str) -> None:
        """Compare two traces of one unit, or parts of them.

        Args:
            due: What ``found`` must be equal to.
            found: The other run's.
            unit: Place of the unit.
            what: How the other run was made, in a few words.
        """
        tally = compare_traces({unit: due}, {unit: found})
        self.found.compared += tally.compared
        if tally.first is not None:
            first = tally.first
            path = f"{Channel.TRACE}, {what}: {first.path}"
            self.found.breaks(path, first.control, first.candidate, first.fields, unit)

    def agree(
        self,
        due: Record,
        found: Record,
        what: str,
        channels: Iterable[Channel] = CAUSE_FIRST,
    ) -> None:
        """Compare two records, channel by channel; in which folder the data lie does not count.

        Args:
            due: What ``found`` must be equal to.
            found: The other run.
            what: How the other run was made, in a few words.
            channels: Those that count.
        """
        due, found = placeless(due), placeless(found)
        if due.status != found.status:
            self.found.breaks(
                f"status, {what}", {"status": due.status, "explanation": due.explanation},
                {"status": found.status, "explanation": found.explanation},
            )  # fmt: skip
        outcomes = compare_records(due, found)
        for channel in channels:
            outcome = outcomes[channel]
            self.found.compared += outcome.compared
            if outcome.verdict.is_difference and self.found.first is None:
                first = outcome.first or Difference("", control=None, candidate=None)
                self.found.breaks(
                    f"{channel}, {what}: {first.path}",
                    first.control, first.candidate, first.fields, first.unit,
                )  # fmt: skip


def placeless(record: Record) -> Record:
    """Strike the folders of data from a record: the same bars may lie anywhere."""
    config = record.channels.get(Channel.CONFIG)
    if not config:
        return record
    channels = {**record.channels, Channel.CONFIG: _placeless(config)}
    return msgspec.structs.replace(record, channels=channels)


def _placeless(tree: Any) -> Any:
    if isinstance(tree, Mapping):
        return {
            key: None if key == "data_dir" else _placeless(value) for key, value in tree.items()
        }
    if isinstance(tree, list | tuple):
        return [_placeless(item) for item in tree]
    return tree
