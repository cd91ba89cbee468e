"""Files of a few trades, and comparing them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.parity.conftest import Output

__all__ = ["HEADER", "ROWS", "Parity", "compared", "write"]

Parity = Callable[..., Output]

HEADER = "portfolio,symbol,entry_time,side,quantity,net_profit"
ROWS = (
    "p,A,2024-01-02,1,10,1.5",
    "p,A,2024-01-03,-1,10,-2.25",
    "p,B,2024-01-02,1,5,0.1",
)


def write(name: str, *rows: str, header: str = HEADER) -> str:
    Path(name).write_text("\n".join([header, *rows]) + "\n", "utf-8")
    return name


def compared(parity: Parity, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Compare; give how it left, and its document."""
    done = parity("compare", *arguments, "--json", "-")
    assert done.out, done.err
    assert done.code == done.document["exit_code"]
    return done.code, done.document
