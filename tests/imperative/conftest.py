"""Small data, small configurations, and containers that fail on request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from containers.components import Components, default_components
from containers.trading import PortfolioContainer

HEADER = "timestamp,open,high,low,close,volume\n"
CLOSES = (100.0, 102.0, 104.0, 101.0, 99.0, 103.0, 106.0, 104.0)


def write_bars(folder: Path, symbol: str, closes: tuple[float, ...] = CLOSES) -> Path:
    """Write daily bars from 2024-01-01 on whose open is the close."""
    rows = [
        f"2024-01-{day:02},{close},{close + 1},{close - 1},{close},1000\n"
        for day, close in enumerate(closes, start=1)
    ]
    file = folder / f"{symbol}_1d.csv"
    file.write_text(HEADER + "".join(rows), encoding="utf-8")
    return file


@pytest.fixture
def market_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "market"
    folder.mkdir()
    write_bars(folder, "AAA")
    write_bars(folder, "BBB")
    return folder


@pytest.fixture
def config(market_folder: Path) -> dict[str, Any]:
    return {
        "workflow": "simple_backtest",
        "data": {"data_dir": str(market_folder)},
        "symbols": ["AAA"],
        "strategies": [{"type": "momentum", "parameters": {"fast_period": 1, "slow_period": 2}}],
    }


class Faults(msgspec.Struct):
    """What portfolio containers raise, by (container id, activity); each error once."""

    errors: dict[tuple[str, str], BaseException] = {}

    def check(self, container: str, activity: str) -> None:
        error = self.errors.pop((container, activity), None)
        if error is not None:
            raise error


MakeComponents = Callable[[Mapping[tuple[str, str], BaseException]], Components]


@pytest.fixture
def failing_components() -> MakeComponents:
    """Give components whose portfolios raise where they are told to."""

    def make(errors: Mapping[tuple[str, str], BaseException]) -> Components:
        faults = Faults(dict(errors))

        class FailingPortfolio(PortfolioContainer):
            def on_initialize(self, port: Any) -> None:
                super().on_initialize(port)
                faults.check(self.id, "initialize")

            def on_start(self) -> None:
                faults.check(self.id, "start")

            def publish_update(self) -> None:
                super().publish_update()
                faults.check(self.id, "execute")

            def on_collect(self) -> Any:
                faults.check(self.id, "collect")
                return super().on_collect()

            def on_stop(self) -> None:
                faults.check(self.id, "stop")

            def on_cleanup(self) -> None:
                super().on_cleanup()
                faults.check(self.id, "cleanup")

        return msgspec.structs.replace(
            default_components(), containers={"portfolio": FailingPortfolio}
        )

    return make
