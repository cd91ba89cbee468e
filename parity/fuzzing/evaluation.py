"""One example held against everything: a pair of runs, invariants, the oracle, a relation.

1. `write` writes the example below a folder; `evaluate` runs both engines in this process and
   compares them, and holds each run against the invariants, the control against the oracle.
2. A relation, when one is named, is held for one of the engines.
3. What does not hold is a `Finding`; the first one counts.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import msgspec

from parity.case import Case
from parity.channels import Channel
from parity.checks import CheckOutcome
from parity.divergence import Divergence
from parity.fuzzing.own import ExampleOwn
from parity.generation.rendering import Rendered, render
from parity.generation.specs import Example
from parity.own import ENGINES
from parity.record import Record
from parity.relations import RELATIONS
from parity.subjects import EngineSubject, record_of
from parity.verdicts import Verdict
from parity.verification import Pair, Verification
from parity.verifying import verify

__all__ = [
    "Asked",
    "Evaluation",
    "Finding",
    "FindingKind",
    "Written",
    "digest_of",
    "evaluate",
    "finding_of",
    "hold_relation",
    "write",
]

FindingKind: TypeAlias = Literal["engines", "oracle", "invariant", "relation", "crash", "accepted"]

_NAME: Final = "example"


class Finding(msgspec.Struct, frozen=True):
    """What was found wrong.

    Attributes:
        kind: ``engines``: they differ; ``oracle``: it differs from the control; ``invariant`` or
            ``relation``: one does not hold; ``crash``: an engine let out what it should not;
            ``accepted``: both ran what is wrong.
        name: Channel, invariant, relation, or class of mistake.
        text: What happened, in a sentence or a few.
        divergence: Where two runs part first; null for checks.
        subject: Whose run broke a check; null for others.
        statuses: How the runs of control and candidate ended; empty for relations.
    """

    kind: FindingKind
    name: str
    text: str
    divergence: Divergence | None = None
    subject: str | None = None
    statuses: tuple[str, ...] = ()


class Asked(msgspec.Struct, frozen=True):
    """A relation that is to be held.

    Attributes:
        relation: Its name.
        engine: Of which engine.
        seed: What its own choices are drawn from.
    """

    relation: str
    engine: str
    seed: str


class Evaluation(msgspec.Struct, frozen=True):
    """What came of one example.

    Attributes:
        status: Of the control: succeeded, failed or refused.
        findings: What does not hold.
        ran: Topology and sequence of every phase that succeeded.
        held: Units that the oracle was held against.
        invariants: Names of those that had something to look at.
        verification: Everything else.
        trace: At which level both ran.
    """

    status: str
    findings: tuple[Finding, ...]
    ran: tuple[tuple[str, str], ...]
    held: int
    invariants: tuple[str, ...]
    verification: Verification
    trace: str

    @property
    def control(self) -> Record:
        """The control's record."""
        return self.verification.pairs[0].control

    def detailed(self, engine: str) -> Record | None:
        """Give an engine's run at trace level detailed; null: it ran at another."""
        if self.trace != "detailed":
            return None
        return self.control if engine == ENGINES[0] else self.verification.pairs[0].candidate


def digest_of(example: Example) -> str:
    """Give a text that stands for an example: equal for equal ones, whatever the process."""
    import xxhash

    return xxhash.xxh3_64_hexdigest(msgspec.json.encode(example))


class Written(msgspec.Struct):
    """An example as it lies below a folder, with what was loaded of it.

    Attributes:
        example: As it was drawn.
        folder: Where it lies.
        rendered: Its parts.
        own: The user's patterns and definitions, for both engines.
    """

    example: Example
    folder: Path
    rendered: Rendered
    own: ExampleOwn

    def forget(self) -> None:
        """Take the Python definitions out of the interpreter, which nobody else imports."""
        start = str(self.folder.resolve())
        for name in [name for name in sys.modules if name.startswith("paritykit_user_")]:
            if str(getattr(sys.modules[name], "__file__", "")).startswith(start):
                del sys.modules[name]


def write(example: Example, folder: Path) -> Written:
    """Write an example below ``folder``, which must not exist."""
    rendered = render(example, folder)
    own = ExampleOwn(rendered.patterns, rendered.definitions)
    return Written(example, folder, rendered, own)


def _subject(engine: str, options: Mapping[str, str], own: ExampleOwn) -> EngineSubject:
    return EngineSubject(engine, partial(own.engine, engine), options, lambda: own.components)


def evaluate(written: Written, root: Path) -> Evaluation:
    """Run an example through both engines, and hold everything against everything but relations.

    Args:
        written: The example.
        root: What the runs store goes below; it need not exist.
    """
    example = written.example
    options = {} if example.trace == "detailed" else {"trace": example.trace}  # it is the default
    control, candidate = (_subject(engine, options, written.own) for engine in ENGINES)
    verification = verify([(_NAME, written.rendered.config)], control, [candidate], root)
    record = verification.pairs[0].control
    coverage = verification.coverage
    return Evaluation(
        status=record.status,
        findings=tuple(
            msgspec.structs.replace(finding, statuses=_statuses(verification))
            for finding in _findings(example, verification)
        ),
        ran=tuple(_ran(record)),
        held=coverage.held,
        invariants=tuple(
            dict.fromkeys(c.name for c in verification.checks if c.verdict is Verdict.EQUAL)
        ),
        verification=verification,
        trace=example.trace,
    )


def hold_relation(
    written: Written, asked: Asked, base: Record | None, root: Path
) -> tuple[CheckOutcome, float]:
    """Hold one relation; also say how many seconds that took.

    Args:
        written: The example.
        asked: Which, and of which engine.
        base: That engine's run at trace level detailed; null: it is run for this.
        root: A folder for what is stored.
    """
    began = time.perf_counter()
    case = Case(_NAME, written.rendered.mapping, written.own)
    if base is None:
        subject = _subject(asked.engine, {}, written.own)
        base = record_of(subject, written.rendered.mapping, root / "base")
    relation = RELATIONS[asked.relation]
    draw = random.Random(asked.seed)
    outcome = relation.hold(case, asked.engine, base, draw, root / asked.relation)
    return outcome, time.perf_counter() - began


def finding_of(outcome: CheckOutcome) -> Finding:
    """Tell a check that does not hold."""
    first = outcome.first
    shown = "" if first is None else f"; at {first.path}: due {first.control!r}, found "
    found = "" if first is None else repr(first.candidate)
    return Finding(
        kind="relation" if outcome.kind == "relation" else "invariant",
        name=outcome.name,
        text=f"{outcome.subject}: {outcome.reason or 'it does not hold'}{shown}{found}",
        subject=outcome.subject,
    )


def _statuses(verification: Verification) -> tuple[str, ...]:
    pair = verification.pairs[0]
    return tuple(r.status for r in (pair.control, pair.candidate) if r is not None)


def _findings(example: Example, verification: Verification) -> Iterator[Finding]:
    first = verification.pairs[0]
    for record in (first.control, first.candidate):
        assert record is not None  # both are full engines
        if record.explanation is not None and record.explanation.endswith(_BY_ITSELF):
            yield Finding("crash", record.subject, f"{record.subject}: {record.explanation}")
            return
    for pair in verification.pairs:
        if pair.candidate is not None and _differs(pair):
            kind: FindingKind = "oracle" if pair.optional else "engines"
            channel = pair.divergence.channel.value if pair.divergence else "status"
            yield Finding(kind, channel, _parted(pair), pair.divergence)
    for outcome in verification.broken:
        yield finding_of(outcome)
    if example.mistake is not None and first.control.status == "succeeded" and not _differs(first):
        text = f"both engines ran an example with the mistake '{example.mistake}'"
        yield Finding("accepted", example.mistake, text)


_BY_ITSELF: Final = "(raised by the engine itself)"


def _differs(pair: Pair) -> bool:
    assert pair.candidate is not None  # asked before
    return pair.verdict.is_difference or pair.candidate.status != pair.control.status


def _parted(pair: Pair) -> str:
    assert pair.candidate is not None  # asked before
    if pair.candidate.status != pair.control.status:
        sides = (pair.control, pair.candidate)
        return "; ".join(
            f"{side.subject} {side.status}" + (f": {side.explanation}" if side.explanation else "")
            for side in sides
        )
    parted = pair.divergence
    if parted is None:
        return "they differ"
    fields = f" ({', '.join(parted.fields)})" if parted.fields else ""
    return (
        f"{parted.channel} differs first, at {parted.path}{fields}: {pair.control.subject} has "
        f"{parted.control!r}, {pair.candidate.subject} has {parted.candidate!r}"
    )


def _ran(record: Record) -> Iterator[tuple[str, str]]:
    """Give topology and sequence of every phase that succeeded."""
    plan: Mapping[str, Any] = record.channels.get(Channel.PLAN, {})
    for place, entries in plan.items():
        for entry in entries:
            for phase in entry.get("phases", ()):
                ended = plan.get(f"{place}/phase={phase['name']}", ())
                if any(e.get("status") == "succeeded" for e in ended):
                    yield phase["topology"], phase["sequence"]
