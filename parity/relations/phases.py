"""The same workflow with its phases declared in another order."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from parity.channels import Channel
from parity.own import Own
from parity.record import Record
from parity.relations.trial import DoesNotApplyError, Trial

__all__ = ["phases_permuted"]

_CHANNELS: Final = (
    Channel.CONFIG, Channel.WINDOWS, Channel.TOPOLOGY, Channel.LIFECYCLE, Channel.TRACE,
    Channel.TRADES, Channel.EQUITY, Channel.METRICS, Channel.OUTPUTS,
)  # fmt: skip

_APPENDED: Final = """

def _permuted(cls):
    declared = cls.get_phases

    def get_phases(self, config):
        phases = {phase.name: phase for phase in declared(self, config)}
        return [phases[name] for name in ORDER if name in phases]

    cls.get_phases = get_phases


for _found in list(globals().values()):
    if isinstance(_found, type) and getattr(_found, "name", None) == WORKFLOW:
        if hasattr(_found, "get_phases") and _found.__module__ == __name__:
            _permuted(_found)
"""
"""What a copy of a user's Python file ends with, behind ``ORDER`` and ``WORKFLOW``."""


def phases_permuted(trial: Trial) -> None:
    """Declare the phases in another order: each comes to the same, since dependencies decide."""
    trial.needs_success()
    plan = _planned(trial.base)
    names = [planned["name"] for planned in plan]
    if not _are_independent(plan):
        raise DoesNotApplyError("each of its phases depends on the one before it")
    if any(planned["name"].count(".") for planned in plan):
        raise DoesNotApplyError("some of its phases are a module's, which stand before its own")
    if any(
        content.get("status") == "failed"
        for content in trial.base.channels[Channel.STATUS].values()
    ):
        raise DoesNotApplyError("a phase failed, after which others may not have run")
    order = names[::-1] if trial.draw.random() < 0.5 else trial.draw.sample(names, len(names))
    own = _rewritten(trial, order)
    other = trial.run(own=own)
    if _planned(other) and sorted(names) != sorted(p["name"] for p in _planned(other)):
        trial.found.breaks("plan", sorted(names), sorted(p["name"] for p in _planned(other)))
    due, found = (_of_phases(record) for record in (trial.base, other))
    trial.agree(due, found, f"phases declared in the order {', '.join(order)}", _CHANNELS)


def _planned(record: Record) -> list[Mapping[str, Any]]:
    for entry in record.channels.get(Channel.PLAN, {}).get("iteration=0", ()):
        if "phases" in entry:
            return list(entry["phases"])
    return []


def _are_independent(plan: Iterable[Mapping[str, Any]]) -> bool:
    """Whether any two phases can change places: one after the other does not depend on it."""
    before: dict[str, set[str]] = {}
    for planned in plan:
        needs = set(planned["depends_on"])
        for name in planned["depends_on"]:
            needs |= before.get(name, set())
        if set(before) - needs:
            return True
        before[planned["name"]] = needs
    return False


def _rewritten(trial: Trial, order: list[str]) -> Own:
    """Write a user's definitions once more, with the phases of the workflow in another order."""
    own, workflow = trial.case.own, str(trial.base.workflow)
    patterns, folder = own.patterns, own.folder
    root = trial.folder()
    if trial.engine == "declarative" and patterns is not None:
        target = root / "patterns"
        shutil.copytree(patterns, target)
        if _permute_patterns(target, workflow, order):
            return type(own)(target, folder)
    elif trial.engine == "imperative" and folder is not None:
        target = root / "components"
        shutil.copytree(folder, target, ignore=shutil.ignore_patterns("__pycache__"))
        for file in sorted(target.glob("*.py")):
            if f'"{workflow}"' in file.read_text("utf-8") and not file.name.startswith("_"):
                text = f"\n\nORDER = {order!r}\nWORKFLOW = {workflow!r}\n{_APPENDED}"
                with file.open("a", encoding="utf-8") as opened:
                    opened.write(text)
                return type(own)(patterns, target)
    raise DoesNotApplyError("the workflow is a shipped one, whose definition cannot be rewritten")


def _permute_patterns(folder: Path, workflow: str, order: list[str]) -> bool:
    import yaml

    for file in sorted([*folder.rglob("*.yaml"), *folder.rglob("*.yml")]):
        content = yaml.safe_load(file.read_text("utf-8"))
        is_it = isinstance(content, dict) and content.get("name") == workflow
        if not is_it or content.get("kind") != "workflow":
            continue
        lines = file.read_text("utf-8").splitlines()
        blocks = _blocks(lines)
        if blocks is None or sorted(blocks[2]) != sorted(order):
            raise DoesNotApplyError("the pattern's phases are not written as blocks of lines")
        start, stop, by_name = blocks
        body = [line for name in order for line in by_name[name]]
        file.write_text("\n".join([*lines[:start], *body, *lines[stop:]]) + "\n", "utf-8")
        return True
    return False


def _blocks(lines: list[str]) -> tuple[int, int, dict[str, list[str]]] | None:
    """Find the items of ``phases``: first line, line after the last, lines of each by name."""
    try:
        start = lines.index("phases:") + 1
    except ValueError:
        return None
    stop = start
    while stop < len(lines) and (not lines[stop].strip() or lines[stop][0] in " -#"):
        stop += 1
    indent = len(lines[start]) - len(lines[start].lstrip()) if start < stop else 0
    blocks: list[list[str]] = []
    for line in lines[start:stop]:
        if line[indent : indent + 2] == "- ":
            blocks.append([line])
        elif blocks:
            blocks[-1].append(line)
    named: dict[str, list[str]] = {}
    for block in blocks:
        for line in block:
            key, colon, value = line.strip().removeprefix("- ").partition(":")
            if colon and key.strip(" {\"'") == "name":
                named[value.split(",")[0].strip(" }\"'")] = block
                break
    return (start, stop, named) if len(named) == len(blocks) else None


def _of_phases(record: Record) -> Record:
    """Keep what lies at and below the phases of the run, and order it by place."""
    channels: dict[Channel, Any] = {}
    for channel, content in record.channels.items():
        inside = {place: value for place, value in content.items() if "phase=" in place}
        channels[channel] = {place: inside[place] for place in sorted(inside)}
    return msgspec.structs.replace(record, channels=channels)
