"""The documents of `approve`, `check` and `compare` are what their published schemas say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.parity.conftest import HANDMADE, Output
from tests.parity.reporting.test_documents import check as validate

Parity = Callable[..., Output]


def configuration(capital: int, strategy: str = "momentum") -> str:
    Path("one.yaml").write_text(
        f"workflow: simple_backtest\ndata: {{data_dir: {HANDMADE}}}\nsymbols: [AAA]\n"
        f"strategies: [{{type: {strategy}, parameters: {{fast_period: 1, slow_period: 2}}}}]\n"
        f"portfolio: {{initial_capital: {capital}}}\n",
        "utf-8",
    )
    return "one.yaml"


def test_documents_of_approving_and_checking(parity: Parity) -> None:
    config = configuration(100_000)
    validate("approve", parity("approve", config, "--json", "-").document)
    validate("approve", parity("approve", config, "--json", "-").document)
    validate("check", parity("check", "--json", "-").document)
    configuration(90_000)
    validate("approve", parity("approve", config, "--json", "-").document)
    different = parity("check", "--json", "-").document
    assert different["workflows"][0]["trace"] is not None
    assert different["workflows"][0]["figures"]["changed"]
    validate("check", different)
    configuration(90_000, strategy="momentun")
    validate("check", parity("check", "--json", "-").document)
    validate("approve", parity("approve", config, "--json", "-").document)
    Path(config).rename("two.yaml")
    unused = parity("check", "two.yaml", "--json", "-").document
    assert unused["unused"]
    assert unused["workflows"][0]["ending"] == "unapproved"
    validate("check", unused)
    validate("approve", parity("approve", "two.yaml", "--prune", "--json", "-").document)


def test_documents_of_comparing(parity: Parity) -> None:
    header = "symbol,entry_time,net_profit,tag\n"
    Path("trades.csv").write_text(header + "A,1,1.5,x\nA,2,2.5,x\nB,1,0,\n", "utf-8")
    Path("other.csv").write_text(header.replace("tag", "tog") + "A,1,1.25,x\nC,1,0,\n", "utf-8")
    Path("empty.csv").write_text(header, "utf-8")
    for left, right in (("trades", "trades"), ("trades", "other"), ("empty", "empty")):
        done = parity("compare", f"{left}.csv", f"{right}.csv", "--json", "-")
        validate("compare", done.document)
