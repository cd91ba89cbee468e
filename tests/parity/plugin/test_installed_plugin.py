"""The plugin in a small project of somebody else's, who has installed the wheel."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.parity.conftest import HANDMADE
from tests.project.wheel import build_wheel

pytestmark = pytest.mark.deep

TESTS = """
import sys
import parity
import pytest

def test_the_wheel_is_what_is_used():
    assert parity.__file__.startswith(sys.prefix)

@pytest.mark.parity("studies/*.yaml")
def test_studies(parity_verification):
    assert parity_verification.totals.events

def test_one(parity):
    parity("studies/two_symbols.yaml", candidates=["declarative:storage=disk"])

def test_a_difference_would_be_seen(parity):
    with pytest.raises(pytest.fail.Exception, match="first in metrics"):
        parity("studies/two_symbols.yaml", candidate="tampered")
"""

ENGINE = """
import msgspec
from parity.channels import Channel
from parity.subjects import parse_subject, subject_for

class Tampered:
    name = "tampered"

    def run(self, config, root):
        record = subject_for(parse_subject("declarative")).run(config, root)
        place, figures = next(iter(record.channels[Channel.METRICS].items()))
        changed = {**record.channels[Channel.METRICS], place: {**figures, "num_trades": 99}}
        channels = {**record.channels, Channel.METRICS: changed}
        return msgspec.structs.replace(record, subject=self.name, channels=channels)

def make(options):
    return Tampered()
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the interpreter of an environment that has the wheel, and what it depends on."""
    folder = tmp_path_factory.mktemp("installed")
    wheel = build_wheel(folder)
    environment = folder / "environment"
    venv.create(environment)
    interpreter = environment / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(interpreter), "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-index", str(wheel)], check=True)
    (packages,) = environment.glob("lib/python*/site-packages")
    # What the wheel depends on is taken from here; an editable install of it is not, since files
    # that lead to one are only followed in an environment's own folder.
    others = {sysconfig.get_paths()[kind] for kind in ("purelib", "platlib")}
    (packages / "dependencies.pth").write_text("".join(f"{path}\n" for path in sorted(others)))
    return interpreter


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Give a project with studies, tests, and an engine by entry point."""
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\npythonpath = .\n")
    (tmp_path / "studies").mkdir()
    for name in ("two_symbols", "drawdown"):
        text = (HANDMADE / f"{name}.yaml").read_text(encoding="utf-8")
        text = text.replace("data_dir: .", f"data_dir: {HANDMADE}")
        (tmp_path / "studies" / f"{name}.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "test_studies.py").write_text(TESTS, encoding="utf-8")
    (tmp_path / "own_engine.py").write_text(ENGINE, encoding="utf-8")
    info = tmp_path / "own-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: own\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[parity.engines]\ntampered = own_engine:make\n")
    return tmp_path


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "with workers"])
def test_a_project_that_installed_the_wheel_verifies_its_studies(
    python: Path, project: Path, workers: tuple[str, ...]
) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    clean.pop("PYTHONPATH", None)
    done = subprocess.run(
        [python, "-m", "pytest", "-p", "no:cacheprovider", "--parity-records", "kept", *workers],
        cwd=project,
        env=clean,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 passed" in done.stdout
    assert "warning" not in done.stdout
    assert "parity: policy none, baselines baselines, records kept" in done.stdout
    assert len(list((project / "kept").iterdir())) == 4
