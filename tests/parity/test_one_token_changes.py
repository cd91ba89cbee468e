"""A mistake of one token anywhere must turn the verdict red, and say where."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.parity.mutations import IN_CONTAINERS, IN_ENGINES, Mutation
from tests.parity.mutations_of_workflows import IN_COMPONENTS, IN_WORKFLOWS

ALL = (*IN_ENGINES, *IN_CONTAINERS, *IN_WORKFLOWS, *IN_COMPONENTS)


def verify(source: Path, folder: Path, *configs: Path) -> tuple[int, dict[str, Any]]:
    """Run ``parity verify`` on ``source`` in a process of its own."""
    command = [sys.executable, "-m", "parity", "verify", *map(str, configs), "--json", "-"]
    environment = {**os.environ, "PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize("mutation", ALL, ids=lambda m: m.name)
def test_a_change_of_one_token_is_seen_where_it_is_expected(
    mutation: Mutation,
    source_copy: Path,
    config_file: Callable[[str], Path],
    tmp_path: Path,
) -> None:
    file = source_copy / mutation.file
    text = file.read_text(encoding="utf-8")
    assert text.count(mutation.before) == 1, f"{mutation.file} has changed; adapt the mutation"
    file.write_text(text.replace(mutation.before, mutation.after), encoding="utf-8")

    code, document = verify(source_copy, tmp_path, config_file(mutation.config))

    assert code == 1
    seen = {
        pair["candidate"]: pair["first_divergence"]["channel"]
        for pair in document["workflows"]
        if pair["first_divergence"] is not None
    }
    assert seen.get(mutation.seen_by) == mutation.channel


def test_without_a_change_the_same_configurations_are_in_parity(
    source_copy: Path, config_file: Callable[[str], Path], tmp_path: Path
) -> None:
    configs = sorted({m.config for m in ALL})
    code, document = verify(source_copy, tmp_path, *map(config_file, configs))
    assert code == 0
    assert [pair["verdict"] for pair in document["workflows"]] == ["equal", "equal"] * len(configs)
