"""Several runs at the same time, into one results directory: nothing is shared or overwritten."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from containers.executors import UnitExecutor, open_executor
from containers.results import WorkflowResult
from tests.contract.conftest import made
from tests.survival.observing import Study
from tests.survival.studies import everything, nested

ROOT = Path(__file__).resolve().parents[2]
ENGINES = ("imperative", "declarative")


def run(
    engine: str, study: Study, root: Path, patterns: Path, executor: UnitExecutor | None = None
) -> WorkflowResult:
    """Run a study without an id of its own."""
    options = {**study.options, "root": root, "executor": executor}
    subject = made(engine, study.definitions, patterns, **options)
    return subject.run_workflow(study.config)


def bare(document: Any) -> Any:
    """Leave out how runs are called, also in their branches."""
    if isinstance(document, dict):
        return {key: bare(value) for key, value in document.items() if key != "workflow_id"}
    return [bare(item) for item in document] if isinstance(document, list) else document


@pytest.mark.parametrize("spread", [False, True])
def test_threads_of_one_process_do_not_disturb_one_another(spread: bool, tmp_path: Path) -> None:
    studies = [nested(tmp_path / "market"), everything(tmp_path / "market")]
    alone = {}
    for engine in ENGINES:
        for number, study in enumerate(studies):
            result = run(engine, study, tmp_path / "alone", tmp_path / f"{engine}-{number}")
            alone[engine, number] = bare(result.to_document())
    jobs = list(enumerate([*alone, *alone]))
    begin = Barrier(len(jobs))

    def work(job: tuple[int, tuple[str, int]]) -> WorkflowResult:
        place, (engine, number) = job
        patterns = tmp_path / f"patterns-{place}"
        begin.wait()
        return run(engine, studies[number], tmp_path / "together", patterns, executor)

    with (
        open_executor("processes:2" if spread else "serial") as executor,
        ThreadPoolExecutor(len(jobs)) as threads,
    ):
        results = list(threads.map(work, jobs))
    for (_, job), result in zip(jobs, results, strict=True):
        assert result.success
        assert bare(result.to_document()) == alone[job]
    ids = [result.workflow_id for result in results]
    folders = {path.name for path in (tmp_path / "together" / "results").iterdir()}
    assert folders == set(ids)
    assert len(folders) == len(ids)


def test_processes_that_write_into_one_directory_do_not_disturb_one_another(
    tmp_path: Path,
) -> None:
    config = {**nested(tmp_path / "market").config, "workflow": "walk_forward_validation"}
    file = tmp_path / "study.json"
    file.write_text(json.dumps(config))
    command = [sys.executable, "-m", "parity", "run", str(file), "--out", str(tmp_path / "out")]
    processes = [
        subprocess.Popen(
            [*command, "--engine", engine, "--json", str(tmp_path / f"{engine}-{number}.json")],
            cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )
        for engine in ENGINES
        for number in range(2)
    ]  # fmt: skip
    for process in processes:
        assert process.wait() == 0, process.stderr and process.stderr.read()
        assert process.stderr is not None
        process.stderr.close()
    documents = [json.loads(path.read_text()) for path in sorted(tmp_path.glob("*ive-*.json"))]
    ids = [document.pop("workflow_id") for document in documents]
    assert sorted(ids) == sorted(path.name for path in (tmp_path / "out" / "results").iterdir())
    assert len(set(ids)) == len(processes) == 4
    for document in documents:
        document.pop("engine")
    assert all(document == documents[0] for document in documents)
