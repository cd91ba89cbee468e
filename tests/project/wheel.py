"""Building the wheel of this project."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

__all__ = ["build_wheel"]

_ROOT: Final = Path(__file__).resolve().parents[2]
_IGNORED: Final = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info")


def build_wheel(folder: Path) -> Path:
    """Build the wheel of a copy, so that nothing is left behind; give its file."""
    source = folder / "source"
    shutil.copytree(_ROOT, source, ignore=_IGNORED)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    done = subprocess.run(
        [*command, "--wheel-dir", str(folder), str(source)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    return wheel
