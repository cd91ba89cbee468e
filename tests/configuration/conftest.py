from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from containers.components import Components, default_components
from containers.configuration import nowhere, validate_partial, validate_resolved
from containers.errors import ConfigurationError
from containers.strict_yaml import loads

HERE = Path(__file__).parent


@pytest.fixture
def components() -> Components:
    return default_components()


@pytest.fixture
def complete() -> dict[str, Any]:
    data: dict[str, Any] = loads((HERE / "complete.yaml").read_text("utf-8"), "complete.yaml").data
    return data


@pytest.fixture
def problems_of(components: Components) -> Callable[..., list[str]]:
    """Give the problems of a part of a configuration, or of a complete one, as text."""

    def check(data: object, *, resolved: bool = False) -> list[str]:
        validate = validate_resolved if resolved else validate_partial
        with pytest.raises(ConfigurationError) as caught:
            validate(data, components=components, locate=nowhere)
        return [str(problem) for problem in caught.value.problems]

    return check


@pytest.fixture
def problems_of_yaml(components: Components) -> Callable[[str], list[str]]:
    """Give the problems of a part of a configuration in a file, with their positions."""

    def check(text: str) -> list[str]:
        document = loads(text, "c.yaml")
        with pytest.raises(ConfigurationError) as caught:
            validate_partial(
                document.data,
                components=components,
                locate=lambda path, key: document.locate(path, key=key),
            )
        return [str(problem) for problem in caught.value.problems]

    return check
