"""`parity approve`: what is new, changed, unchanged, refused, and what is written when."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from parity.baselines import BaselineFolder, Standing, approve, check
from parity.channels import Channel
from parity.record import Record
from tests.parity.changing import Change, run_python
from tests.parity.conftest import HANDMADE, OWN, Output
from tests.parity.mutations import IN_ENGINES

Parity = Callable[..., Output]
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Give a function that writes a configuration into the folder of the test."""

    def give(name: str = "one", **changes: object) -> Path:
        settings = {"initial_capital": 100000, "strategy": "momentum", **changes}
        file = tmp_path / f"{name}.yaml"
        file.write_text(
            "workflow: simple_backtest\n"
            f"data: {{data_dir: {os.path.relpath(HANDMADE, tmp_path)}}}\n"
            "symbols: [AAA]\n"
            f"strategies: [{{type: {settings['strategy']}, parameters: "
            "{fast_period: 1, slow_period: 2}}]\n"
            f"portfolio: {{initial_capital: {settings['initial_capital']}}}\n",
            encoding="utf-8",
        )
        return Path(file.name)

    return give


def baseline(name: str = "one") -> Path:
    return Path("baselines") / f"{name}.yaml.json"


def test_what_is_approved_is_new_then_unchanged_and_its_bytes_are_stable(
    parity: Parity, write: Write
) -> None:
    config = str(write())
    first = parity("approve", config, "--json", "-")
    assert first.code == 0
    assert first.document["workflows"][0]["standing"] == "new"
    assert first.document["subjects"] == ["imperative", "declarative"]
    assert first.document["written"] is True
    assert "APPROVED: 1 new, from imperative and declarative, in baselines." in first.err
    before = baseline().read_bytes()
    again = parity("approve", config)
    assert again.code == 0
    assert "1 unchanged" in again.out
    assert baseline().read_bytes() == before


def test_a_baseline_is_the_same_whoever_gave_it_and_wherever_it_was_made(
    parity: Parity, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write()
    parity("approve", "one.yaml", "--subject", "declarative")
    one = json.loads(baseline().read_bytes())
    monkeypatch.chdir(tmp_path.parent)
    folder = tmp_path.name
    other = parity(
        "approve", f"{folder}/one.yaml", "--subject", "imperative", "--baselines",
        f"{folder}/others/b", "--json", "-",
    )  # fmt: skip
    assert other.code == 0
    two = json.loads(Path(f"{folder}/others/b/_up_/one.yaml.json").read_bytes())
    assert one["places"] == two["places"]
    assert (one["config"], two["config"]) == ("../one.yaml", "../../one.yaml")
    assert str(tmp_path) not in json.dumps(two)


def test_what_changed_is_shown_and_is_replaced_only_when_that_is_asked_for(
    parity: Parity, write: Write
) -> None:
    config = str(write())
    parity("approve", config)
    before = baseline().read_bytes()
    write(initial_capital=100001)
    write("two")
    held_back = parity("approve", config, "two.yaml", "--json", "-")
    assert held_back.code == 1
    document = held_back.document
    standings = [one["standing"] for one in document["workflows"]]
    assert standings == ["changed", "new"]
    assert document["written"] is False
    changed = document["workflows"][0]
    assert changed["channels"]["config"]["verdict"] == "different"
    names = {figure["name"] for figure in changed["figures"]["first"]}
    assert "final_equity" in names
    assert changed["figures"]["changed"] >= len(names)
    assert "one.yaml: changed against what was approved: config, " in held_back.err
    assert "final_equity: " in held_back.err
    assert "nothing was written. Give --update to replace what was approved." in held_back.err
    assert baseline().read_bytes() == before
    assert not baseline("two").exists()

    assert parity("approve", config, "two.yaml", "--update").code == 0
    assert baseline().read_bytes() != before
    assert baseline("two").exists()
    assert parity("check").code == 0


def test_refusals_and_failures_are_approved_too(parity: Parity, write: Write) -> None:
    refused = str(write("refused", strategy="momentun"))
    fragile = str(OWN / "fragile.yaml")
    own = ("--components", str(OWN / "components"), "--patterns", str(OWN / "patterns"))
    assert parity("approve", refused, fragile, *own).code == 0
    document = json.loads(baseline("refused").read_bytes())
    assert document["status"] == "refused"
    (said,) = document["said"]
    assert said.startswith("refused.yaml:4:21: strategies[0].type: there is no strategy of type")
    checked = parity("check", refused, "--json", "-", "--only")
    assert checked.code == 0
    assert checked.document["workflows"][0]["status"] == {"approved": "refused", "now": "refused"}
    assert "refused as approved" in checked.err


def test_what_the_engines_do_not_agree_on_is_not_approved(
    changed: Callable[[Change], Path], config_file: Callable[[str], Path], tmp_path: Path
) -> None:
    mutation = next(m for m in IN_ENGINES if m.config == "phase_override")
    source = changed(mutation)
    config, sound = config_file(mutation.config), config_file("two_symbols")
    done = run_python(source, tmp_path, "parity", "approve", config, sound, "--json", "-")
    document = json.loads(done.stdout)
    assert done.returncode == 1
    one, other = document["workflows"]
    assert (one["standing"], other["standing"]) == ("refused", "new")
    assert one["first_divergence"]["channel"] == mutation.channel
    assert "only what all agree on can be approved" in one["reason"]
    assert not (tmp_path / "baselines").exists()
    alone = run_python(source, tmp_path, "parity", "approve", config, "--subject", "declarative")
    assert alone.returncode == 0
    assert "from declarative" in alone.stdout


def test_refusals_that_are_approved_are_counted_apart(
    parity: Parity, write: Write, tmp_path: Path
) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "moody.py").write_text("raise RuntimeError('not today')\n", "utf-8")
    write()
    told = parity("approve", "one.yaml", "--components", "own")
    assert told.code == 0  # both refuse it alike, which can be what is wanted
    assert "APPROVED: 1 new (1 of them a run that was refused or failed)" in told.out


def test_all_approves_again_what_has_a_baseline_and_prune_removes_what_is_gone(
    parity: Parity, write: Write
) -> None:
    write("one")
    write("two")
    parity("approve", "one.yaml", "two.yaml")
    write("one", initial_capital=5)
    Path("two.yaml").unlink()
    assert parity("approve", "--all").code == 1
    done = parity("approve", "--all", "--update", "--prune", "--json", "-")
    assert done.code == 0
    assert [one["standing"] for one in done.document["workflows"]] == ["changed"]
    assert done.document["removed"] == [str(baseline("two"))]
    assert "removed: baselines/two.yaml.json, whose configuration is gone" in done.err
    assert not baseline("two").exists()
    assert parity("approve", "--prune").code == 0


def test_a_damaged_baseline_is_made_anew_with_update_alone(parity: Parity, write: Write) -> None:
    config = str(write())
    parity("approve", config)
    sound = baseline().read_bytes()
    baseline().write_bytes(sound[:-200])
    told = parity("approve", config)
    assert told.code == 1
    assert "what was there cannot be read" in told.out
    assert baseline().read_bytes() == sound[:-200]
    assert parity("approve", config, "--update").code == 0
    assert baseline().read_bytes() == sound


def test_what_cannot_be_written_is_an_error_and_nothing_else_is_written(
    parity: Parity, write: Write
) -> None:
    write("one")
    write("two")
    baseline("two").mkdir(parents=True)
    told = parity("approve", "one.yaml", "two.yaml")
    assert told.code == 3
    assert "two.yaml.json could not be written" in told.err
    assert [p.name for p in Path("baselines").iterdir()] == ["two.yaml.json"]


def test_a_file_in_the_way_of_the_folder_is_an_error_that_leaves_it_alone(
    parity: Parity, write: Write
) -> None:
    config = str(write())
    Path("baselines").write_text("mine", encoding="utf-8")
    told = parity("approve", config)
    assert told.code == 2
    assert "baselines is a file, expected a folder of approved results" in told.err
    assert Path("baselines").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "there is nothing to approve: name configurations, or give --all"),
        (("one.yaml", "--all"), "name none beside it"),
        (("none.yaml",), "none.yaml: there is no such file, expected a configuration"),
        ((".",), ".: this is a folder, expected a configuration"),
        (("--all",), "baselines does not exist, expected a folder of approved results"),
        (("--prune",), "baselines does not exist, expected a folder of approved results"),
        (("one.yaml", "--subject", "imperativ"), "there is no engine 'imperativ'; did you mean"),
        (("one.yaml", "--subject", "oracle"), "the oracle works out single units"),
        (("one.yaml", "--subject", "imperative:trace=all"), "trace cannot be 'all'"),
        (("one.yaml", "--json", "nowhere/x.json"), "the folder nowhere does not exist"),
        (("one.yaml", "--patterns", "nowhere"), "'nowhere' does not exist"),
    ],
    ids=str,
)
def test_wrong_usage_says_what_is_wrong_and_writes_nothing(
    parity: Parity, write: Write, arguments: tuple[str, ...], message: str
) -> None:
    write()
    told = parity("approve", *arguments)
    assert told.code == 2
    assert message in told.err
    assert not Path("baselines").exists()


class Foreign:
    """A subject of somebody else's, that gives what it is told to."""

    name = "foreign"

    def __init__(self, **changes: Any) -> None:
        self._changes = changes

    def run(self, config: Mapping[str, Any] | Path, root: Path) -> Record:
        if "raises" in self._changes:
            raise self._changes["raises"]
        sound = Record(
            subject=self.name,
            workflow="w",
            status="succeeded",
            declared=frozenset({Channel.METRICS}),
            channels={Channel.METRICS: {"a/portfolio=b": {"figure": 1.5}}},
            duration_s=0.0,
        )
        return msgspec.structs.replace(sound, **self._changes)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"channels": {}}, "it gave no event, trade or figure"),
        ({"channels": {Channel.METRICS: {"a": {}}}}, "it gave no event, trade or figure"),
        ({"raises": ValueError("broken")}, "foreign came to no result at all: ValueError: broken"),
        (
            {"channels": {Channel.METRICS: {"a": {"figure": float("nan")}}}},
            "what it gave is not equal to itself at a: figure (nan)",
        ),
    ],
    ids=("nothing", "no figures", "raises", "nan"),
)
def test_what_would_pass_anything_or_never_is_not_approved(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    config = tmp_path / "one.yaml"
    config.write_text("workflow: w", encoding="utf-8")
    folder = BaselineFolder(tmp_path / "baselines")
    told = approve([config], folder, [Foreign(**changes)], tmp_path)
    assert told.exit_code == 1
    assert not told.written
    assert told.approved[0].standing is Standing.REFUSED
    assert str(told.approved[0].reason).startswith(reason)
    assert not folder.path.exists()


def test_a_subject_of_another_kind_can_be_approved_and_checked(tmp_path: Path) -> None:
    config = tmp_path / "one.yaml"
    config.write_text("workflow: w", encoding="utf-8")
    folder = BaselineFolder(tmp_path / "baselines")
    assert approve([config], folder, [Foreign()], tmp_path).written
    same = check([config], folder, Foreign(), tmp_path)
    assert (same.exit_code, same.totals.figures) == (0, 1)
    other = Foreign(channels={Channel.METRICS: {"a/portfolio=b": {"figure": 1.5000000000000002}}})
    found = check([config], folder, other, tmp_path)
    assert found.exit_code == 1
    (figure,) = found.checked[0].figures
    assert (figure.name, figure.approved, figure.ulp) == ("figure", 1.5, 1)
    typed = Foreign(channels={Channel.METRICS: {"a/portfolio=b": {"figure": np.float64(1.5)}}})
    assert check([config], folder, typed, tmp_path).exit_code == 1
    empty = check([config], folder, Foreign(channels={}), tmp_path)
    assert empty.exit_code == 1
