"""Mistakes of one token for tests of other commands; `parity.faults` has the catalogue."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["IN_CONTAINERS", "IN_ENGINES", "Mutation"]


@dataclass(frozen=True)
class Mutation:
    """A change of ``before`` (found exactly once in ``file``) to ``after``.

    ``seen_by`` is the candidate whose comparison must differ first in ``channel``: the other
    engine for a mistake in one engine, the oracle for one that both share.
    """

    name: str
    file: str
    before: str
    after: str
    config: str
    channel: str
    seen_by: str


def _engine(
    name: str, file: str, before: str, after: str, channel: str, config: str = "two_symbols"
) -> Mutation:
    return Mutation(name, file, before, after, config, channel, "declarative")


def _shared(
    name: str,
    file: str,
    before: str,
    after: str,
    channel: str = "trace",
    config: str = "two_symbols",
) -> Mutation:
    return Mutation(name, f"containers/{file}", before, after, config, channel, "oracle")


IN_ENGINES = (
    _engine(
        "the user's word comes before his word for the phase",
        "imperative/resolving.py",
        "            overrides.get(phase.name, {}),\n",
        "",
        "config",
        config="phase_override",
    ),
)

IN_CONTAINERS = (
    _shared(
        "orders fill at the close of the next bar",
        "trading/execution.py",
        "self._fill_pending(_OPEN)",
        "self._fill_pending(_CLOSE)",
    ),
)
