"""Another process, to hold what one process can't hold against itself."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import containers


@contextmanager
def process(script: str) -> Iterator[subprocess.Popen[str]]:
    """Run a script that prints a line once it stands where it should; end it afterwards."""
    child = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=Path(containers.__file__).parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        yield child
    finally:
        child.kill()
        child.communicate(timeout=60)
