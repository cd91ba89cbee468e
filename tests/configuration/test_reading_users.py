from __future__ import annotations

import copy
import datetime
import enum
from collections import OrderedDict
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from containers.configuration import read_user
from containers.errors import ConfigurationError, Location


class Colour(enum.StrEnum):
    RED = "red"


def problems_of(config: Any) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        read_user(config)
    return [str(problem) for problem in caught.value.problems]


def test_a_file_is_read_with_positions_and_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("workflow: w\ndata: {data_dir: x}\n", "utf-8")
    for given in (path, str(path)):
        user = read_user(given)
        assert user.data == {"workflow": "w", "data": {"data_dir": "x"}}
        assert user.base_dir == tmp_path
        assert user.locate(("data", "data_dir")) == Location(str(path), 2, 18)
        assert user.locate(("data", "data_dir"), True) == Location(str(path), 2, 8)


def test_a_mapping_starts_from_the_working_directory_and_has_no_positions() -> None:
    user = read_user({"workflow": "w"})
    assert user.base_dir == Path()
    assert user.document is None
    assert user.locate(("workflow",)) is None


def test_a_mapping_is_copied_deeply() -> None:
    config = {"symbols": ["GOOG"], "data": {"data_dir": "x"}}
    before = copy.deepcopy(config)
    user = read_user(config)
    user.data["symbols"].append("IBM")
    user.data["data"]["data_dir"] = "y"
    assert config == before


def test_what_python_has_and_yaml_has_not_becomes_what_yaml_has() -> None:
    config = MappingProxyType(
        {
            "symbols": ("GOOG", "IBM"),
            "data": OrderedDict(
                data_dir=PurePosixPath("a/b"),
                start_date=datetime.date(2005, 1, 3),
                end_date=datetime.datetime(2005, 1, 3, 9, 30, tzinfo=datetime.UTC),
            ),
            "results": {"directory": Path("out")},
        }
    )
    assert read_user(config).data == {
        "symbols": ["GOOG", "IBM"],
        "data": {
            "data_dir": "a/b",
            "start_date": "2005-01-03",
            "end_date": "2005-01-03T09:30:00+00:00",
        },
        "results": {"directory": "out"},
    }


@pytest.mark.parametrize(
    ("value", "message", "hint"),
    [
        ({1, 2}, "a Python set", "write a list, whose order is certain"),
        (np.int64(5), "a Python int64", "convert it with .tolist()"),
        (np.float64(5), "a Python float64", "convert it with float(…)"),
        (np.array([5]), "a Python ndarray", "convert it with .tolist()"),
        (Colour.RED, "a Python Colour", "convert it with str(…)"),
        (object(), "a Python object", None),
        (b"x", "a Python bytes", None),
        (Path("x"), f"a Python {type(Path()).__name__}", "write it as text"),
        (datetime.time(9, 30), "a Python time", "write it as text"),
    ],
)
def test_what_is_not_plain_is_refused(value: object, message: str, hint: str | None) -> None:
    text = f"a[0]: {message} has no place in a configuration"
    (problem,) = problems_of({"a": [value]})
    assert problem.startswith(text)
    assert problem.endswith(f"({hint})" if hint else "a list or a mapping")


def test_keys_must_be_text() -> None:
    assert problems_of({"a": {5: 1, None: 2}}) == [
        "a: 5 is a key, expected text (write '5' as text)",
        "a: nothing (null) is a key, expected text",
    ]


def test_unreadable_text_and_absurd_numbers_are_refused() -> None:
    assert problems_of({"a": "x\0", "b": "\ud800", "c": 10**100}) == [
        "a: found text with a control character (remove it)",
        "b: found text with a control character (remove it)",
        "c: found a whole number of more than 100 digits",
    ]


def test_a_configuration_that_holds_itself_is_refused() -> None:
    config: dict[str, Any] = {}
    config["a"] = config
    (problem,) = problems_of(config)
    assert problem.endswith("lists and mappings are nested deeper than 100 levels")


def test_a_configuration_of_absurd_size_is_refused() -> None:
    (problem,) = problems_of({"a": [0] * 200_000})
    assert problem.endswith("the configuration holds more than 100,000 values")


@pytest.mark.parametrize("config", [None, 5, ["a"], {"a"}])
def test_only_a_mapping_or_a_path_is_a_configuration(config: object) -> None:
    (problem,) = problems_of(config)
    assert problem.endswith("expected a mapping or the path of a YAML file")


def test_yaml_text_in_place_of_a_path_is_recognised() -> None:
    assert problems_of("workflow: w\nsymbols: [GOOG]\n") == [
        (
            "found text of several lines, expected a mapping or the path of a YAML file "
            "(save the text as a file)"
        )
    ]
