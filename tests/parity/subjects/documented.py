"""The engine of docs/engines-of-your-own.md, taken from the page as it stands."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from tests.parity.conftest import MARKET, ROOT
from tests.parity.subjects.installing import install

__all__ = ["blocks", "install_tiny"]

_PAGE = ROOT / "docs" / "engines-of-your-own.md"


def blocks() -> dict[str, str]:
    """Give the code blocks that name a file, by that name."""
    text = _PAGE.read_text(encoding="utf-8")
    found = re.findall(r"^```\w+\n# (\S+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return dict(found)


def install_tiny(folder: Path) -> Path:
    """Install it, with its own configuration beside; give the folder."""
    files = blocks()
    project = tomllib.loads(files["pyproject.toml"])
    entries = project["project"]["entry-points"]["parity.engines"]
    install(folder, "tiny", files["tiny.py"], entries)
    (folder / "tiny_adapter.py").write_text(files["tiny_adapter.py"], encoding="utf-8")
    written = files["tiny.yaml"].replace("fixtures/market", str(MARKET))
    (folder / "tiny.yaml").write_text(written, encoding="utf-8")
    return folder
