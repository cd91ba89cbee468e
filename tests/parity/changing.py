"""Running a copy of the packages that was changed; the fixture `changed` changes it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Protocol

__all__ = ["Change", "first_channels", "run_python", "verify"]


class Change(Protocol):
    """What is to be changed where."""

    @property
    def file(self) -> str: ...
    @property
    def before(self) -> str: ...
    @property
    def after(self) -> str: ...


def run_python(
    source: Path, folder: Path, *arguments: str | Path
) -> subprocess.CompletedProcess[str]:
    """Run a module in a process of its own that has the packages of ``source``."""
    return subprocess.run(
        [sys.executable, "-m", *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def verify(source: Path, folder: Path, *arguments: str | Path) -> tuple[int, dict[str, Any]]:
    """Run ``parity verify`` on ``source``; give how it left, and its document."""
    done = run_python(source, folder, "parity", "verify", *arguments, "--json", "-")
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def first_channels(document: dict[str, Any]) -> dict[str, str]:
    """Give the channel in which each candidate differs first."""
    return {
        pair["candidate"]: pair["first_divergence"]["channel"]
        for pair in document["workflows"]
        if pair["first_divergence"] is not None
    }
