from __future__ import annotations

from collections.abc import Callable

import pytest
import yaml

from containers.errors import ConfigurationError
from containers.strict_yaml import loads


@pytest.fixture(params=["C", "Python"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a test with PyYAML's C parser, and with the one in Python."""
    if request.param == "C" and not yaml.__with_libyaml__:
        pytest.skip("PyYAML was built without libyaml")
    monkeypatch.setattr(yaml, "__with_libyaml__", request.param == "C")
    return str(request.param)


@pytest.fixture
def problems_of(parser: str) -> Callable[[str], list[str]]:
    """Give the problems of a text as text, positions without the file's name."""

    def check(text: str) -> list[str]:
        with pytest.raises(ConfigurationError) as caught:
            loads(text, "f")
        return [str(problem).removeprefix("f:") for problem in caught.value.problems]

    return check
