"""Components of a user's own: what is found in a folder or by entry point, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from containers.components import default_components
from containers.components.discovery import load_modules, with_entry_points, with_folder
from containers.errors import ConfigurationError

FADE = """
from containers.components import FLAT, integer

class Helper:
    pass

class Fade:
    type_name = "fade"
    parameters = {"n": integer(1, minimum=1)}
    indicators = ()
    def __init__(self, n): self.n = n
    def decide(self, last, close, values): return FLAT
"""


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    def write(**files: str) -> Path:
        for name, text in files.items():
            (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        return tmp_path

    return write


def problems(folder: Path) -> list[str]:
    with pytest.raises(ConfigurationError) as refused:
        with_folder(default_components(), folder)
    return [str(problem) for problem in refused.value.problems]


def test_strategies_and_classifiers_of_a_folder_join_the_shipped_ones(
    folder: Callable[..., Path],
) -> None:
    calm = FADE.replace("fade", "calm").replace("decide", "classify")
    components = with_folder(default_components(), folder(fade=FADE, calm=calm, _draft="1 / 0"))
    assert list(components.strategies)[-1] == "fade"
    assert list(components.classifiers)[-1] == "calm"
    assert "momentum" in components.strategies


def test_a_file_is_imported_once(folder: Callable[..., Path]) -> None:
    there = folder(fade=FADE)
    assert load_modules(there) == load_modules(there)


def test_a_name_that_is_taken_shows_both_places(folder: Callable[..., Path]) -> None:
    (said,) = problems(folder(mine=FADE.replace("fade", "momentum")))
    assert "mine.py:7: a component 'momentum' exists already, at " in said
    assert "containers/components/strategies.py:" in said
    assert said.endswith("(choose another type_name)")


def test_two_files_with_one_name_are_refused(folder: Callable[..., Path]) -> None:
    (said,) = problems(folder(one=FADE, two=FADE))
    assert "two.py:7: a component 'fade' exists already, at " in said
    assert "one.py:7" in said


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\ny = (\n", "mine.py:2:5: cannot be imported: SyntaxError"),
        ("x = 1\n1 / 0\n", "mine.py:2: cannot be imported: ZeroDivisionError: division by zero"),
        ("import nothing_of_the_kind\n", "mine.py:1: cannot be imported: ModuleNotFoundError"),
        ("raise SystemExit(3)\n", "mine.py:1: cannot be imported: SystemExit: 3"),
        ("class A:\n    type_name = 'a'\n", "mine.py:1: 'A' has a type_name but is no component"),
    ],
)
def test_a_file_that_is_no_good_is_told_with_its_line(
    folder: Callable[..., Path], text: str, message: str
) -> None:
    (said,) = problems(folder(mine=text))
    assert message in said


def test_a_file_that_was_mended_is_imported_afresh(folder: Callable[..., Path]) -> None:
    problems(folder(mine="1 / 0\n"))
    assert "fade" in with_folder(default_components(), folder(mine=FADE)).strategies


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert problems(tmp_path / "no") == [
        f"{tmp_path / 'no'}: there is no such folder (name a folder with .py files)"
    ]


@pytest.fixture
def distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    def install(module: str, value: str) -> None:
        info = tmp_path / "mine-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1\n")
        (info / "entry_points.txt").write_text(f"[paritykit.components]\nmine = {value}\n")
        name = value.partition(":")[0]
        (tmp_path / f"{name}.py").write_text(module, encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)

    return install


@pytest.mark.parametrize("value", ["offered_module", "offered_class:Fade"])
def test_an_entry_point_offers_a_class_or_a_module(
    distribution: Callable[[str, str], None], value: str
) -> None:
    distribution(FADE, value)
    assert "fade" in with_entry_points(default_components()).strategies


@pytest.mark.parametrize(
    ("module", "value", "message"),
    [
        ("1 / 0", "broken_module", "the entry point 'mine' cannot be loaded: ZeroDivisionError"),
        ("x = 1", "empty_module", "the entry point 'mine' names no component"),
    ],
)
def test_an_entry_point_that_is_no_good_is_told(
    distribution: Callable[[str, str], None], module: str, value: str, message: str
) -> None:
    distribution(module, value)
    with pytest.raises(ConfigurationError, match=message):
        with_entry_points(default_components())
