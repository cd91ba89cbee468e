"""A study whose files are damaged, and what may come of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from containers.errors import ConfigurationError, StorageError
from parity.damage.ways import WAYS
from tests.contract.definitions import workflow
from tests.survival.observing import Observation, Study, observe
from tests.survival.studies import nested

__all__ = ["WAYS", "damaged", "outcome", "study_of"]


def study_of(folder: Path, storage: str = "disk") -> Study:
    """Give a study whose run has a file of every kind."""
    study = nested(folder, storage)
    curve = "${work.portfolios.momentum.aggressive.equity_curve}"
    return Study(
        {**study.config, "results": {"storage": storage, "store_full_results": True}},
        [
            workflow(
                {
                    "name": "work",
                    "sequence": "walk_forward",
                    "outputs": {
                        "best": {"value": "${work.best_parameters}", "file": "best.json"},
                        "curve": {"value": curve, "file": "curve.parquet"},
                    },
                },
                {"name": "heard", "topology": "signal_generation", "depends_on": "work"},
                {
                    "name": "replayed",
                    "topology": "signal_replay",
                    "depends_on": "heard",
                    "inputs": {"signals": "${heard.signals}"},
                },
            )
        ],
    )


def outcome(engine: str, study: Study, root: Path, expected: Observation) -> str:
    """Resume a damaged run: say that it is the same, or with which message it is not.

    Raises:
        AssertionError: It came to something else, or ended in another way than with a message.
    """
    try:
        seen = observe(engine, study, root, resume=True)
    except (StorageError, ConfigurationError) as raised:
        return str(raised)
    error = seen.document["error"]
    if error is not None:
        assert error["type"] == "StorageError", error
        return str(error["message"])
    assert json.dumps(seen.document) == json.dumps(expected.document)
    assert seen.journal == expected.journal
    return "same"


def damaged(root: Path, base: Path, file: Path, way: str) -> Path | None:
    """Copy a run to ``root`` and damage one file of it; null where nothing was to be changed."""
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(base, root, symlinks=True)
    target = root / file
    content = target.read_bytes()
    changed = WAYS[way](content)
    target.write_bytes(changed)
    return None if changed == content else target
