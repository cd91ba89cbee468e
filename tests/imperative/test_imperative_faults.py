"""A container fails in a worker as it does in this process."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest

from containers.components import default_components
from containers.trading import PortfolioContainer
from imperative import Coordinator, Phase, Workflow


class Work(Workflow):
    """A phase of samples."""

    name = "work"

    def get_phases(self, config: Any) -> list[Phase]:
        return [Phase(name="work", topology="backtest", sequence="monte_carlo")]


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


def test_side_by_side_a_failure_is_told_alike(
    config: dict[str, Any], tmp_path: Path, threads: ThreadPoolExecutor
) -> None:
    # The unit runs in a thread of this process, when its IterationStarted is not yet heard of.
    class Frail(PortfolioContainer):
        def on_cleanup(self) -> None:
            super().on_cleanup()
            raise ArithmeticError("cleanup")

    components = msgspec.structs.replace(default_components(), containers={"portfolio": Frail})
    user = {**config, "workflow": "work", "results": {"storage": "disk"}}
    errors = []
    for number, executor in enumerate([None, threads]):
        coordinator = Coordinator(
            components=components,
            root=tmp_path,
            workflows={"work": Work},
            executor=executor,
        )
        errors.append(coordinator.run_workflow(user, str(number)).error)
    assert errors[0] is not None
    assert errors[0] == errors[1]
