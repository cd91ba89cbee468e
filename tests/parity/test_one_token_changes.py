"""A mistake of one token anywhere must turn the verdict red, and say where."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.parity.changing import Change, first_channels, verify
from tests.parity.mutations import IN_CONTAINERS, IN_ENGINES, Mutation
from tests.parity.mutations_of_workflows import IN_COMPONENTS, IN_WORKFLOWS

ALL = (*IN_ENGINES, *IN_CONTAINERS, *IN_WORKFLOWS, *IN_COMPONENTS)


@pytest.mark.parametrize("mutation", ALL, ids=lambda m: m.name)
def test_a_change_of_one_token_is_seen_where_it_is_expected(
    mutation: Mutation,
    changed: Callable[[Change], Path],
    config_file: Callable[[str], Path],
    tmp_path: Path,
) -> None:
    code, document = verify(changed(mutation), tmp_path, config_file(mutation.config))
    assert code == 1
    assert first_channels(document).get(mutation.seen_by) == mutation.channel


def test_without_a_change_the_same_configurations_are_in_parity(
    compiled_source: Path, config_file: Callable[[str], Path], tmp_path: Path
) -> None:
    configs = sorted({m.config for m in ALL})
    code, document = verify(compiled_source, tmp_path, *map(config_file, configs))
    assert code == 0
    assert [pair["verdict"] for pair in document["workflows"]] == ["equal", "equal"] * len(configs)
