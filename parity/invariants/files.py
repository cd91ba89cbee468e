"""Files: each one listed, whole, and holding what the result says. `docs/semantics.md` 9.4."""

from __future__ import annotations

import re
from typing import Any

from parity.channels import Channel
from parity.invariants.findings import Findings
from parity.invariants.run import Run

__all__ = ["check_files", "check_output_files"]


def check_files(run: Run, found: Findings) -> None:
    """Hold the folder of a run against its manifest, its result and its units."""
    folder: dict[str, Any] | None = run.channel(Channel.FILES).get("folder")
    stored = _stores(run)
    if folder is None:
        found.holds("folder", not stored, "a folder, with this storage", None)
        return
    for name, file in folder.items():
        if "listed" in file:
            found.equal(f"{name}: listed with its bytes and digest", True, file["listed"])
        if "is_the_result" in file:
            found.equal(f"{name}: holds the result", True, file["is_the_result"])
        if "lists_what_is_not_there" in file:
            found.equal(f"{name}: files that are not there", [], file["lists_what_is_not_there"])
    for place, entries in run.channel(Channel.FILES).items():
        if place == "folder" or place.endswith("/result"):
            continue
        for entry in entries:
            path = entry["path"]
            found.holds(f"{place}: {path}", path in folder, "a file of the run", "not there")
    if not stored or run.record.status != "succeeded":
        return
    for name in ("result.json", "manifest.json"):
        found.holds(name, name in folder, "a file of the run", "not there")
    for unit in run.units:
        if unit.trace is not None and len(unit.trace):
            summary = run.get(Channel.OUTPUTS, unit.place).get("trace_summary") or {}
            path = f"{summary.get('path')}/trace.json"
            found.holds(f"{unit.place}: {path}", path in folder, "a file of the run", "not there")


def _stores(run: Run) -> bool:
    config = run.config_of("")
    return config is not None and config["results"]["storage"] in ("disk", "hybrid")


def check_output_files(run: Run, found: Findings) -> None:
    """Look for files of outputs that hold none of their outputs.

    A phase or workflow that failed can have written some before, and gives back none.
    """
    folder = run.channel(Channel.FILES).get("folder", {})
    places = [phase.place for phase in run.phases if not phase.succeeded]
    failed = [re.escape(f"{_folder_of(place)}/") for place in places]
    for place in run.channel(Channel.ERRORS):
        if re.fullmatch(r"(.*branch=[^/]+)?", place):
            below = f"{_folder_of(place)}/" if place else ""
            failed.append(rf"{re.escape(below)}(?!\d+/)")  # what lies there is of its passes
    for name, file in folder.items():
        if "holds_an_output" in file and not any(re.match(f, name) for f in failed):
            found.equal(f"{name}: holds an output", True, file["holds_an_output"])


def _folder_of(place: str) -> str:
    """Give the folder of a phase inside that of the run.

    >>> _folder_of("iteration=0/branch=wide/iteration=1/phase=x")
    '0/wide/1/x'
    """
    return "/".join(step.partition("=")[2] for step in place.split("/"))
