"""Small configurations with their data, by name."""

from __future__ import annotations

import compileall
import json
import py_compile
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from parity.cli import main
from tests.parity.changing import Change

ROOT = Path(__file__).resolve().parents[2]
MARKET = ROOT / "fixtures" / "market"
HANDMADE = ROOT / "fixtures" / "handmade"
OWN = ROOT / "fixtures" / "own"

_WRITTEN = {
    "phase_override": f"""
workflow: simple_backtest
data: {{data_dir: {HANDMADE}}}
symbols: [AAA]
strategies: [{{type: momentum, parameters: {{fast_period: 1, slow_period: 2}}}}]
portfolio: {{initial_capital: 50000}}
phases: {{backtest: {{portfolio: {{initial_capital: 60000}}}}}}
""",
}


class Output:
    """What a command printed, and how it left."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.out)
        return document


@pytest.fixture
def parity(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Output]:
    """Give a function that runs ``parity`` in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Output:
        with pytest.raises(SystemExit) as left:
            main(arguments)
        captured = capsys.readouterr()
        assert isinstance(left.value.code, int)
        return Output(left.value.code, captured.out, captured.err)

    return run


@pytest.fixture
def config_file(tmp_path: Path) -> Callable[[str], Path]:
    """Give the file of a configuration: a hand-made case, or one written here."""

    def give(name: str) -> Path:
        if name not in _WRITTEN:
            return HANDMADE / f"{name}.yaml"
        folder = tmp_path / "configs"
        folder.mkdir(exist_ok=True)
        file = folder / f"{name}.yaml"
        file.write_text(_WRITTEN[name], encoding="utf-8")
        return file

    return give


@pytest.fixture(scope="session")
def compiled_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the four packages and compile them; a compiled file counts while its source is equal."""
    target = tmp_path_factory.mktemp("compiled")
    for package in ("containers", "imperative", "declarative", "parity"):
        shutil.copytree(
            ROOT / package, target / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    by_content = py_compile.PycInvalidationMode.CHECKED_HASH
    assert compileall.compile_dir(target, quiet=1, invalidation_mode=by_content)
    return target


@pytest.fixture
def changed(compiled_source: Path) -> Iterator[Callable[[Change], Path]]:
    """Give a function that changes the copy of the packages, for one test, and says where it is."""
    originals: dict[Path, str] = {}

    def change(mutation: Change) -> Path:
        file = compiled_source / mutation.file
        text = file.read_text(encoding="utf-8")
        assert text.count(mutation.before) == 1, f"{mutation.file} has changed; adapt the mutation"
        originals[file] = text
        file.write_text(text.replace(mutation.before, mutation.after), encoding="utf-8")
        return compiled_source

    yield change
    for file, text in originals.items():
        file.write_text(text, encoding="utf-8")


@pytest.fixture(scope="session")
def tested_source(compiled_source: Path) -> Path:
    """Put the tests beside the copy of the packages; what they read stays where it is."""
    shutil.copytree(
        ROOT / "tests", compiled_source / "tests", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / name, compiled_source)
    (compiled_source / "fixtures").symlink_to(ROOT / "fixtures")
    return compiled_source
