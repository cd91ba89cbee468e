from __future__ import annotations

import os
from pathlib import Path

import pytest

from containers.errors import ConfigurationError, Location
from containers.strict_yaml import MAX_BYTES, load, loads


def problem_of(path: Path) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(path)
    (problem,) = caught.value.problems
    assert problem.location is not None
    assert problem.location.file == str(path)
    return str(problem).removeprefix(str(path)).removeprefix(":").strip()


def test_a_file_is_read_as_utf8(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: é\n", "utf-8")
    assert load(path).data == {"a": "é"}
    assert load(path).file == str(path)


def test_a_missing_file_names_the_nearest_one(tmp_path: Path) -> None:
    (tmp_path / "backtest.yaml").touch()
    wanted = tmp_path / "bakctest.yaml"
    assert problem_of(wanted) == "there is no such file (did you mean 'backtest.yaml'?)"
    assert problem_of(tmp_path / "zebra.txt") == "there is no such file"


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    assert problem_of(tmp_path / "no" / "a.yaml") == f"there is no folder '{tmp_path / 'no'}'"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert problem_of(tmp_path) == "this is a folder, expected a YAML file"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_no_file_and_is_never_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    assert problem_of(path) == "this is not a regular file, expected a YAML file"


def test_an_unreadable_file_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.yaml"
    path.touch()

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert problem_of(path) == "the file cannot be read: permission denied"


def test_a_name_that_no_file_can_have_says_so() -> None:
    with pytest.raises(ConfigurationError, match=r"there is no such file|cannot be read"):
        load(Path("a\0b.yaml"))


def test_a_file_of_absurd_size_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    with path.open("wb") as stream:
        stream.truncate(MAX_BYTES + 1)
    assert problem_of(path) == "the file is larger than 10,000,000 bytes"


def test_bytes_that_are_not_utf8_are_located(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes("a: 1\né: ".encode() + b"\xff\n")
    assert problem_of(path) == "2:4: byte 0xff is not UTF-8 (save the file as UTF-8)"


def test_an_empty_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.touch()
    assert problem_of(path) == "the file is empty"


TEXT = """\
workflow: w
strategies:
  - type: momentum
    parameters: {fast_period: 10}
  - &x {type: b}
  - *x
"""


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        ((), (0, 0), (0, 0)),
        (("workflow",), (1, 11), (1, 1)),
        (("strategies",), (3, 3), (2, 1)),
        (("strategies", 0), (3, 5), (3, 5)),
        (("strategies", 0, "type"), (3, 11), (3, 5)),
        (("strategies", 0, "parameters", "fast_period"), (4, 31), (4, 18)),
        # an alias stands where it is written, what is in it where that is written
        (("strategies", 2), (6, 5), (6, 5)),
        (("strategies", 2, "type"), (5, 15), (5, 9)),
        # the nearest ancestor
        (("strategies", 0, "name"), (3, 5), (3, 5)),
        (("strategies", 9, "name"), (3, 3), (3, 3)),
        (("workflow", "x"), (1, 11), (1, 11)),
        (("zebra", "x"), (0, 0), (0, 0)),
    ],
)
def test_locations(
    path: tuple[str | int, ...], value: tuple[int, int], key: tuple[int, int]
) -> None:
    document = loads(TEXT, "f")
    assert document.locate(path) == Location("f", *value)
    assert document.locate(path, key=True) == Location("f", *key)
