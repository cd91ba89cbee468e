"""A container of any role fails at any point of its life, wherever results go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import Any

import msgspec
import pytest

from containers.components import default_components
from containers.container import Act, Role, Step
from containers.journal import Entry, ErrorRaised, IterationStarted
from containers.storage import read_card
from containers.trading import (
    ClassifierContainer,
    DataContainer,
    ExecutionContainer,
    FeaturesContainer,
    PortfolioContainer,
    RiskContainer,
    StrategyContainer,
)
from imperative import Coordinator, Output, Phase, Ref, Workflow

SHIPPED: Mapping[Role, Any] = {
    Role.DATA: DataContainer,
    Role.FEATURES: FeaturesContainer,
    Role.CLASSIFIER: ClassifierContainer,
    Role.STRATEGY: StrategyContainer,
    Role.PORTFOLIO: PortfolioContainer,
    Role.RISK: RiskContainer,
    Role.EXECUTION: ExecutionContainer,
}
ACTIVITIES = ("initialize", "start", "execute", "collect", "stop", "cleanup")
ROLES = {
    "backtest": tuple(SHIPPED),
    "optimization": tuple(SHIPPED),
    "signal_generation": (Role.DATA, Role.FEATURES, Role.CLASSIFIER, Role.STRATEGY),
    "signal_replay": (Role.DATA, Role.PORTFOLIO, Role.RISK, Role.EXECUTION),
    "analysis": (Role.DATA, Role.FEATURES, Role.CLASSIFIER),
}


class Armed:
    """Whether a container is to fail: in the second sample of the phase ``work``."""

    activity = ""
    on = False

    def hear(self, entry: Entry) -> None:
        if isinstance(entry.record, IterationStarted):
            self.on = entry.path[1:] == (("phase", "work"), ("window", 1))

    def check(self, activity: str) -> None:
        if self.on and activity == self.activity:
            raise ArithmeticError(activity)


ARMED = Armed()


def failing(shipped: Any) -> Any:
    """Give a class of container that fails when it is told to."""

    class Failing(shipped):  # type: ignore[misc]  # any of seven
        def on_initialize(self, port: Any) -> None:
            super().on_initialize(port)
            ARMED.check("initialize")

        def on_start(self) -> None:
            super().on_start()
            ARMED.check("start")

        def acts(self) -> Mapping[Step, Act]:
            def fail(act: Act) -> Act:
                def run() -> None:
                    ARMED.check("execute")
                    act.run()

                return act._replace(run=run)

            return {step: fail(act) for step, act in super().acts().items()}

        def on_collect(self) -> Any:
            ARMED.check("collect")
            return super().on_collect()

        def on_stop(self) -> None:
            super().on_stop()
            ARMED.check("stop")

        def on_cleanup(self) -> None:
            super().on_cleanup()
            ARMED.check("cleanup")

    return Failing


class Work(Workflow):
    """Two phases that others read, and one whose second sample may fail."""

    name = "work"
    topology = ""

    def get_phases(self, config: Mapping[str, Any]) -> list[Phase]:
        inputs = {"signal_replay": {"signals": Ref("signals.signals")},
                  "analysis": {"result": Ref("before")}}  # fmt: skip
        return [
            Phase(name="signals", topology="signal_generation", sequence="single_pass"),
            Phase(name="before", topology="backtest", sequence="single_pass",
                  outputs={"bars": Output(Ref("before.metrics.bars"), "bars.json")}),
            Phase(name="work", topology=self.topology, sequence="monte_carlo",
                  depends_on=("signals", "before"), inputs=inputs.get(self.topology, {})),
        ]  # fmt: skip


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


@pytest.mark.parametrize(
    ("topology", "storage"),
    [*product(ROLES, ["memory", "disk"]), ("backtest", "hybrid")],
)
def test_a_failure_is_told_where_it_happened_and_leaves_what_was_finished(
    config: dict[str, Any], tmp_path: Path, topology: str, storage: str
) -> None:
    user = {
        **config,
        "workflow": "work",
        "classifiers": [{"type": "trend", "parameters": {"fast_period": 1, "slow_period": 2}}],
        "parameter_space": {"momentum.fast_period": [1, 2]},
        "monte_carlo": {"iterations": 3},
        "results": {"storage": storage},
    }
    workflow = type("Made", (Work,), {"topology": topology})
    for role, activity in product(ROLES[topology], ACTIVITIES):
        name = f"{role.value}-{activity}"
        entries: list[Entry] = []
        shipped = default_components()
        components = msgspec.structs.replace(
            shipped, containers={role.value: failing(SHIPPED[role])}
        )
        coordinator = Coordinator(
            components=components,
            consumers=[ARMED.hear, entries.append],
            root=tmp_path,
            workflows={"work": workflow},
        )
        ARMED.activity = activity
        result = coordinator.run_workflow(user, name)
        error = result.error
        assert error is not None, name
        assert error.container is not None, name
        assert (error.type, error.activity) == ("ArithmeticError", activity), (name, error)
        assert error.container.split("/")[0] == role.value
        assert error.path == "iteration=0/phase=work/window=1/unit=0"
        assert all(other.activity == activity for other in error.attached)
        assert sum(isinstance(entry.record, ErrorRaised) for entry in entries) == 1
        assert result.phase_results["work"].error == error
        assert result.phase_results["before"].outputs == {"bars": 8}
        before = result.phase_results["before"].iterations[0]
        assert len(before.trace) == before.trace_summary.kept > 0  # type: ignore[union-attr]
        if storage == "memory":
            continue
        folder = tmp_path / "results" / name
        assert read_card(folder).state == "failed"
        work = folder / "0/work"
        assert [path.name for path in work.iterdir() if path.is_dir()] == ["0"]
        if activity != "execute":
            continue
        ARMED.activity = ""
        resumed = coordinator.run_workflow(user, name, resume=True)
        assert resumed.success, resumed.error
        assert len(resumed.phase_results["work"].iterations) == 3


def test_side_by_side_a_failure_is_told_alike(
    config: dict[str, Any], tmp_path: Path, threads: ThreadPoolExecutor
) -> None:
    # The unit runs in a thread of this process, when its IterationStarted is not yet heard of.
    class Frail(PortfolioContainer):
        def on_cleanup(self) -> None:
            super().on_cleanup()
            raise ArithmeticError("cleanup")

    components = msgspec.structs.replace(default_components(), containers={"portfolio": Frail})
    workflow = type("Made", (Work,), {"topology": "backtest"})
    user = {**config, "workflow": "work", "results": {"storage": "disk"}}
    errors = []
    for number, executor in enumerate([None, threads]):
        coordinator = Coordinator(
            components=components,
            root=tmp_path,
            workflows={"work": workflow},
            executor=executor,
        )
        errors.append(coordinator.run_workflow(user, str(number)).error)
    assert errors[0] == errors[1]
