"""A project of somebody else's, with this plugin alone."""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys

import pytest

import containers
import declarative
import imperative
import parity
from tests.parity.conftest import HANDMADE, ROOT

# Sessions within this process forget what they imported, and numpy can be loaded only once.
for package in (containers, imperative, declarative, parity):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not module.name.endswith(("__main__", "pytest_plugin")):
            importlib.import_module(module.name)

TWO = HANDMADE / "two_symbols.yaml"

ENGINES = """
import msgspec
from parity.channels import ALL, Channel
from parity.record import Record
from parity.subjects import parse_subject, subject_for

class Tampered:
    name = "tampered"
    def run(self, config, root):
        record = subject_for(parse_subject("declarative")).run(config, root)
        metrics = record.channels[Channel.METRICS]
        place = next(iter(metrics))
        changed = {**metrics, place: {**metrics[place], "num_trades": 99}}
        return msgspec.structs.replace(
            record, subject=self.name, channels={**record.channels, Channel.METRICS: changed}
        )

class Slanted:
    # Gives figures alone, all of them with the same other number: no law is broken by it.
    name = "slanted"
    def run(self, config, root):
        record = subject_for(parse_subject("declarative")).run(config, root)
        metrics = {
            place: {**figures, "num_trades": figures["num_trades"] + 1}
            for place, figures in record.channels[Channel.METRICS].items()
        }
        return msgspec.structs.replace(
            record, subject=self.name, declared=frozenset({Channel.METRICS}),
            channels={Channel.METRICS: metrics},
        )

class Idle:
    name = "idle"
    def run(self, config, root):
        return Record(subject="idle", workflow="w", status="succeeded", declared=frozenset(),
                      channels={}, duration_s=0.0)

def tampered(options):
    return Tampered()

def slanted(options):
    return Slanted()

def idle(options):
    return Idle()
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Give a project with a configuration, two engines of its own, and this plugin alone."""
    # As if this process had not loaded it yet, be it as the plugin of its own session.
    monkeypatch.delitem(sys.modules, "parity.pytest_plugin", raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{pytester.path}")
    studies = pytester.mkdir("studies")
    text = TWO.read_text(encoding="utf-8").replace("data_dir: .", f"data_dir: {HANDMADE}")
    for name in ("one", "two"):
        (studies / f"{name}.yaml").write_text(text, encoding="utf-8")
    (studies / "bad.yml").write_text("workflow: simple_backtest\nsymbls: [A]\n", encoding="utf-8")
    info = pytester.mkdir("own-1.dist-info")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: own\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        "[parity.engines]\n"
        + "".join(f"{name} = own_engines:{name}\n" for name in ("tampered", "slanted", "idle"))
    )
    pytester.makepyfile(own_engines=ENGINES)
    pytester.syspathinsert()
    return pytester


def run(project: pytest.Pytester, source: str, *arguments: str) -> pytest.RunResult:
    project.makepyfile(test_studies=source)
    return project.runpytest_inprocess(
        "-p", "parity.pytest_plugin", "-p", "no:cacheprovider", "-W", "error", *arguments
    )
