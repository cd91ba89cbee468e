"""Evidence kept on disk: of each configuration, what its last verification showed.

    {folder}/features.json

`parity verify` adds to it; `parity features` reads it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from containers.files import write_aside
from parity.errors import UsageError
from parity.evidence.features import FEATURES, observed
from parity.own import ENGINES
from parity.verdicts import Verdict, worst
from parity.verification import Pair, Verification

__all__ = ["EvidenceStore", "Run", "Standing", "standings"]

_SCHEMA: Final = "paritykit/evidence/1"


class Run(msgspec.Struct, frozen=True):
    """One run of one engine, as evidence.

    Attributes:
        config: The configuration as it was named.
        workflow: Name of the workflow.
        engine: Which engine ran it.
        verdict: The worst verdict of the comparisons that the run took part in.
        features: Parts seen of each feature.
    """

    config: str
    workflow: str
    engine: str
    verdict: Verdict
    features: dict[str, list[str]]


class Standing(msgspec.Struct, frozen=True):
    """How a feature stands with one engine.

    Attributes:
        runs: How many runs showed a part of it.
        workflows: Names of their workflows, sorted.
        verdict: The worst of their verdicts; null without a run.
        missing: Parts that no run showed.
    """

    runs: int = 0
    workflows: tuple[str, ...] = ()
    verdict: Verdict | None = None
    missing: tuple[str, ...] = ()

    @property
    def is_shown(self) -> bool:
        """Whether every part was seen, in runs that agreed with all they were compared with."""
        return self.verdict is Verdict.EQUAL and not self.missing


class _Document(msgspec.Struct, frozen=True):
    schema: str
    runs: list[Run]


class EvidenceStore:
    """The evidence in a folder."""

    def __init__(self, folder: Path) -> None:
        self.file: Final = folder / "features.json"

    def runs(self) -> list[Run]:
        """Give the runs there are, in order of configuration; none without a file.

        Raises:
            UsageError: The file is no evidence.
        """
        try:
            document = msgspec.json.decode(self.file.read_bytes(), type=_Document)
        except FileNotFoundError:
            return []
        except (OSError, msgspec.DecodeError) as error:
            hint = "remove it, and run parity verify again"
            raise UsageError(f"{self.file} is no evidence of ours: {error} ({hint})") from error
        if document.schema != _SCHEMA:
            raise UsageError(f"{self.file} has the schema '{document.schema}', not '{_SCHEMA}'")
        return document.runs

    def add(self, verification: Verification) -> None:
        """Add what a verification showed, in place of what there was of its configurations.

        Raises:
            UsageError: What is there is no evidence, or the folder cannot be made.
            StorageError: It could not be written.
        """
        fresh = list(_runs(verification.pairs))
        known = {_name(pair.config) for pair in verification.pairs}
        runs = [run for run in self.runs() if run.config not in known] + fresh
        runs.sort(key=lambda run: (run.config, ENGINES.index(run.engine)))
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"evidence cannot be kept in {self.file.parent}: {error.strerror}; choose a "
                "writable folder with --evidence"
            ) from error
        text = msgspec.json.format(msgspec.json.encode(_Document(_SCHEMA, runs)), indent=1)
        write_aside(self.file, text + b"\n")


def _runs(pairs: Iterable[Pair]) -> Iterable[Run]:
    """Give the runs of our two engines; what failed or was refused is no evidence."""
    verdicts: dict[int, list[Verdict]] = {}
    found = {}
    for pair in pairs:
        for record in (pair.control, pair.candidate):
            if record is not None:
                found[id(record)] = (pair.config, record)
                if not (pair.optional and pair.candidate is None):
                    verdicts.setdefault(id(record), []).append(pair.verdict)
    for key, (config, record) in found.items():
        engine = record.subject.partition(" ")[0].partition(":")[0]
        if engine in ENGINES and record.status == "succeeded" and record.workflow is not None:
            verdict = worst(verdicts.get(key, ()))
            yield Run(_name(config), record.workflow, engine, verdict, observed(record))


def _name(config: str) -> str:
    """Give a name in which bytes of a file's name that are no UTF-8 are written as escapes."""
    return config.encode("utf-8", "backslashreplace").decode()


def standings(runs: Iterable[Run]) -> dict[str, dict[str, Standing]]:
    """Give how each feature stands with each engine."""
    runs = list(runs)
    return {
        feature.name: {
            engine: _standing(
                [r for r in runs if r.engine == engine and feature.name in r.features],
                feature.name,
                tuple(feature.parts),
            )
            for engine in ENGINES
        }
        for feature in FEATURES
    }


def _standing(runs: list[Run], feature: str, parts: tuple[str, ...]) -> Standing:
    if not runs:
        return Standing(missing=parts)
    seen = {part for run in runs for part in run.features[feature]}
    return Standing(
        runs=len(runs),
        workflows=tuple(sorted({run.workflow for run in runs})),
        verdict=worst(run.verdict for run in runs),
        missing=tuple(part for part in parts if part not in seen),
    )
