"""Small data, small configurations, and patterns written in the test that needs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any, TypeAlias

import pytest

Config: TypeAlias = dict[str, Any]
PatternFolder: TypeAlias = Callable[..., Path]


@pytest.fixture
def market(tmp_path: Path) -> Path:
    """A folder with forty daily bars of AAA and thirty of BBB, which begins ten days later."""
    folder = tmp_path / "market"
    folder.mkdir()
    for symbol, first in (("AAA", 0), ("BBB", 10)):
        rows = ["timestamp,open,high,low,close,volume"]
        for day in range(first, 40):
            close = 100 + (day % 7) - (day % 3)
            stamp = f"2024-{1 + day // 28:02}-{1 + day % 28:02}"
            rows.append(f"{stamp},{close},{close + 1},{close - 1},{close},1000")
        (folder / f"{symbol}_1d.csv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture
def config(market: Path) -> Config:
    """One strategy, one profile, two symbols."""
    return {
        "workflow": "simple_backtest",
        "data": {"data_dir": str(market)},
        "symbols": ["AAA", "BBB"],
        "strategies": [{"type": "momentum", "parameters": {"fast_period": 2, "slow_period": 3}}],
    }


@pytest.fixture
def pattern_folder(tmp_path: Path) -> PatternFolder:
    """Write patterns, by file name, into a folder of a user's own."""

    def write(**texts: str) -> Path:
        folder = tmp_path / "patterns"
        folder.mkdir(exist_ok=True)
        for name, text in texts.items():
            (folder / f"{name}.yaml").write_text(dedent(text).lstrip("\n"))
        return folder

    return write


def workflow(**phases: Mapping[str, Any]) -> str:
    """Write a workflow called ``mine`` as YAML."""
    lines = ["kind: workflow", "name: mine", "phases:"]
    for name, settings in phases.items():
        fields = {"topology": "backtest", "sequence": "single_pass", **settings}
        lines.append(f"  - {{name: {name}, {', '.join(f'{k}: {v}' for k, v in fields.items())}}}")
    return "\n".join(lines) + "\n"


@pytest.fixture
def write_workflow(pattern_folder: PatternFolder) -> Callable[..., Path]:
    """Write the workflow ``mine`` with these phases."""

    def write(**phases: Mapping[str, Any]) -> Path:
        return pattern_folder(mine=workflow(**phases))

    return write
