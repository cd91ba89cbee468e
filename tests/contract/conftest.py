"""Both engines, one after the other, under the same tests."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import msgspec
import numpy as np
import pytest

from containers.components import Components
from containers.journal import Entry
from containers.results import WorkflowResult
from declarative import DeclarativeWorkflowManager
from imperative import Coordinator
from imperative.discovery import Definitions
from tests.contract.definitions import Definition
from tests.contract.market import write_market

ROOT = Path(__file__).resolve().parents[2]
HANDMADE = ROOT / "fixtures" / "handmade"
MARKET = ROOT / "fixtures" / "market"

ENGINES: dict[str, Callable[..., Any]] = {
    "imperative": Coordinator,
    "declarative": DeclarativeWorkflowManager,
}


class Run(Protocol):
    """Runs a configuration through the engine under test."""

    def __call__(
        self,
        config: Mapping[str, Any] | str | Path,
        *,
        workflow_id: str | None = None,
        components: Components | None = None,
        journal: list[Entry] | None = None,
        root: Path | None = None,
        definitions: Sequence[Definition] = (),
    ) -> WorkflowResult: ...


Config: TypeAlias = dict[str, Any]


def plain(value: Any) -> Any:
    """Give results as mappings, lists and scalars, which can be compared; traces are left out."""
    return msgspec.to_builtins(value, enc_hook=_plain)


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else None


def made(
    engine: str, definitions: Sequence[Definition], patterns: Path, **options: Any
) -> Coordinator | DeclarativeWorkflowManager:
    """Make an engine that knows ``definitions``, in the form that is its own."""
    if engine == "declarative":
        if not definitions:
            return DeclarativeWorkflowManager(**options)
        for definition in definitions:
            definition.write(patterns)
        return DeclarativeWorkflowManager(**options, patterns=patterns)
    given = {
        kind: {d.name: d.python() for d in definitions if d.kind == kind}
        for kind in ("workflow", "module")
    }
    own = Definitions(workflows=given["workflow"], modules=given["module"])
    return Coordinator(**options, definitions=own)


BESIDE_RESULTS = {"manifest.json", "run.json", ".lock"}
"""What lies in the folder of a run and is no result: its manifest does not list it."""


def names(folder: Path) -> set[str]:
    """Give the paths of all files of a run that are results; what lies beside them is there too."""
    found = {f.relative_to(folder).as_posix() for f in folder.rglob("*") if f.is_file()}
    assert found >= BESIDE_RESULTS
    return found - BESIDE_RESULTS


def runner(engine: str) -> Run:
    """Give a function that runs a configuration through a fresh engine."""

    def run(
        config: Mapping[str, Any] | str | Path,
        *,
        workflow_id: str | None = None,
        components: Components | None = None,
        journal: list[Entry] | None = None,
        root: Path | None = None,
        definitions: Sequence[Definition] = (),
    ) -> WorkflowResult:
        consumers: Sequence[Callable[[Entry], None]] = () if journal is None else (journal.append,)
        with tempfile.TemporaryDirectory() as patterns:
            subject = made(
                engine,
                definitions,
                Path(patterns),
                components=components,
                consumers=consumers,
                root=root,
            )
            result = subject.run_workflow(config, workflow_id)
        assert isinstance(result, WorkflowResult)
        return result

    return run


@pytest.fixture(params=sorted(ENGINES))
def engine(request: pytest.FixtureRequest) -> str:
    """Name of the engine under test."""
    return str(request.param)


@pytest.fixture
def run(engine: str) -> Run:
    """The engine under test."""
    return runner(engine)


@pytest.fixture
def both() -> dict[str, Run]:
    """Both engines, for what must be the same from either."""
    return {name: runner(name) for name in ENGINES}


@pytest.fixture
def config() -> Config:
    """A small configuration on the hand-made bars, as Python objects."""
    return {
        "workflow": "simple_backtest",
        "data": {"data_dir": str(HANDMADE)},
        "symbols": ["AAA", "BBB"],
        "strategies": [{"type": "momentum", "parameters": {"fast_period": 2, "slow_period": 3}}],
        "risk_profiles": [{"type": "aggressive"}, {"type": "moderate", "stop_loss": 0.05}],
        "portfolio": {"allow_short": True},
        "trace_level": "detailed",
    }


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the bars of `tests.contract.market`."""
    folder = tmp_path_factory.mktemp("market")
    write_market(folder)
    return folder


@pytest.fixture
def study(market: Path) -> Config:
    """A configuration on 60 daily bars of AAA, for workflows written in the test."""
    return {
        "workflow": "written",
        "data": {"data_dir": str(market)},
        "symbols": ["AAA"],
        "strategies": [{"type": "momentum", "parameters": {"fast_period": 2, "slow_period": 5}}],
        "risk_profiles": [{"type": "aggressive"}],
        "execution": {"slippage_bps": 5, "commission_bps": 2},
        "portfolio": {"allow_short": True},
        "results": {"store_full_results": True},
        "trace_level": "none",
    }


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have runs without a root write into a temporary folder, not into the repository."""
    monkeypatch.chdir(tmp_path)
