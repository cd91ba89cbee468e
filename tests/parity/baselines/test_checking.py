"""`parity check`: as approved, different and where, unused, missing, and what it can say of it."""

from __future__ import annotations

import datetime
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from parity.baselines.holding import hold
from parity.baselines.sketch import sketch_of
from parity.channels import Channel
from parity.errors import UsageError
from parity.policy import AppliedPolicy, read_policy
from parity.policy.rule import Policy
from parity.records import RecordFolder
from parity.verdicts import Verdict
from tests.parity.baselines.recorded import file_of, record
from tests.parity.changing import Change, run_python
from tests.parity.conftest import HANDMADE, OWN, Output
from tests.parity.mutations import IN_CONTAINERS, IN_ENGINES

Parity = Callable[..., Output]


@pytest.fixture
def approved(parity: Parity, tmp_path: Path) -> Parity:
    """Give `parity` in a folder where ``one.yaml`` and ``two.yaml`` are approved."""
    shutil.copytree(HANDMADE, tmp_path / "data", ignore=shutil.ignore_patterns("*.py", "*.md"))
    write_config("one")
    write_config("two", symbol="BBB")
    assert parity("approve", "one.yaml", "two.yaml").code == 0
    return parity


def write_config(name: str, symbol: str = "AAA", capital: int = 100_000, level: str = "") -> None:
    Path(f"{name}.yaml").write_text(
        "workflow: simple_backtest\n"
        "data: {data_dir: data}\n"
        f"symbols: [{symbol}]\n"
        "strategies: [{type: momentum, parameters: {fast_period: 1, slow_period: 2}}]\n"
        f"portfolio: {{initial_capital: {capital}}}\n{level}",
        encoding="utf-8",
    )


def baseline(name: str = "one") -> Path:
    return Path("baselines") / f"{name}.yaml.json"


@pytest.mark.parametrize(
    "subject",
    [
        "imperative",
        "declarative",
        "declarative:storage=disk",
        "imperative:storage=hybrid,interrupt=1",
    ],
)
def test_every_way_to_run_is_as_approved(approved: Parity, subject: str) -> None:
    done = approved("check", "--subject", subject, "--json", "-")
    document = done.document
    assert done.code == document["exit_code"] == 0
    assert document["verdict"] == "equal"
    assert [one["ending"] for one in document["workflows"]] == ["same", "same"]
    assert all(document["totals"].values())
    assert "AS APPROVED" in done.err
    assert not Path(".parity").exists()  # nothing differs that one could look into


def test_another_configuration_is_told_from_its_cause_and_shared_by_both_engines(
    approved: Parity,
) -> None:
    write_config("one", capital=90_000)
    done = approved("check", "--json", "-")
    assert done.code == 1
    one, two = done.document["workflows"]
    assert (one["ending"], two["ending"]) == ("differs", "same")
    assert one["first_divergence"]["channel"] == "config"
    assert one["first_divergence"]["path"].endswith("portfolio.initial_capital")
    assert (one["first_divergence"]["control"], one["first_divergence"]["candidate"]) == (
        100_000.0,
        90_000.0,
    )
    assert one["stand_in"]["answer"] == "same"
    assert "what they share has changed (configuration, market data, containers)" in done.err
    assert "if this is meant: parity approve --update one.yaml" in done.err


def test_other_market_data_are_told_by_the_bars(approved: Parity) -> None:
    file = Path("data/AAA_1d.csv")
    lines = file.read_text(encoding="utf-8").splitlines()
    cells = lines[5].split(",")
    cells[4] = str((float(cells[2]) + float(cells[3])) / 2)
    assert cells[4] != lines[5].split(",")[4]
    file.write_text("\n".join([*lines[:5], ",".join(cells), *lines[6:]]) + "\n", encoding="utf-8")
    done = approved("check", "one.yaml", "--only", "--json", "-")
    assert done.code == 1
    (one,) = done.document["workflows"]
    assert one["first_divergence"]["channel"] == "trace"
    assert one["trace"]["kinds"][0] == "BAR"
    assert one["trace"]["events"]
    assert one["stand_in"]["answer"] == "same"
    assert "kinds that differ, cause first: BAR (" in done.err
    assert "what was approved is known by digest alone" in done.err


def checked_with(
    mutation: Any, changed: Callable[[Change], Path], config: Path, tmp_path: Path, *more: str
) -> tuple[int, dict[str, Any], str]:
    """Approve with sound engines, then check with one that was changed."""
    source = changed(_NOTHING)
    approve = run_python(source, tmp_path, "parity", "approve", config)
    assert approve.returncode == 0, approve.stderr
    source = changed(mutation)
    done = run_python(source, tmp_path, "parity", "check", config, "--json", "-", *more)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout), done.stderr


class _Nothing:
    file, before, after = "parity/errors.py", "class UsageError", "class UsageError"


_NOTHING = _Nothing()


def engine_mistake() -> Any:
    """Give a mistake in one engine whose first difference is in the trace or before."""
    return next(m for m in IN_ENGINES if m.config == "phase_override")


def test_a_mistake_in_the_engine_is_found_by_asking_the_other_one(
    changed: Callable[[Change], Path], config_file: Callable[[str], Path], tmp_path: Path
) -> None:
    mutation = engine_mistake()
    config = config_file(mutation.config)
    wrong = mutation.file.split("/")[0]
    code, document, text = checked_with(mutation, changed, config, tmp_path, "--subject", wrong)
    assert code == 1
    (one,) = document["workflows"]
    assert one["first_divergence"]["channel"] == mutation.channel
    assert one["stand_in"]["answer"] == "approved"
    assert one["stand_in"]["divergence"]["channel"] == mutation.channel
    assert "still gives what was approved" in text
    assert one["record"] is not None
    kept = tmp_path / one["record"]
    assert json.loads((kept / "verify.json").read_text("utf-8"))["exit_code"] == 1
    assert (kept / "0" / "control-approved" / "record.json").is_file()


def test_a_mistake_that_both_share_is_told_as_far_as_digests_tell(
    changed: Callable[[Change], Path], config_file: Callable[[str], Path], tmp_path: Path
) -> None:
    mutation = next(m for m in IN_CONTAINERS if m.channel == "trace" and m.config == "two_symbols")
    config = config_file(mutation.config)
    code, document, text = checked_with(mutation, changed, config, tmp_path)
    assert code == 1
    (one,) = document["workflows"]
    assert one["stand_in"]["answer"] == "same"
    assert one["trace"]["kinds"]
    assert one["figures"]["changed"] > 0
    assert "figures changed:" in text


def test_without_a_stand_in_nobody_is_asked(approved: Parity) -> None:
    write_config("one", capital=90_000)
    done = approved("check", "one.yaml", "--only", "--no-stand-in", "--json", "-")
    assert done.code == 1
    assert done.document["workflows"][0]["stand_in"] is None
    named = approved("check", "one.yaml", "--only", "--stand-in", "imperative", "--json", "-")
    assert named.document["workflows"][0]["stand_in"]["subject"] == "imperative (2)"


def test_an_engine_that_is_gone_is_said_to_be_gone(
    approved: Parity, monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib.util

    there = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "declarative" else there(name)
    )
    write_config("one", capital=90_000)
    done = approved("check", "one.yaml", "--only")
    assert done.code == 1
    gone = "the approved run can't be had again: the engine 'declarative' is not installed any more"
    assert gone in done.out


def test_a_baseline_nobody_uses_fails_unless_others_are_left_alone(approved: Parity) -> None:
    done = approved("check", "one.yaml", "--json", "-")
    assert done.code == 1
    assert done.document["unused"] == [str(baseline("two"))]
    assert done.document["verdict"] == "missing"
    assert "not used: baselines/two.yaml.json" in done.err
    assert approved("check", "one.yaml", "--only").code == 0
    Path("two.yaml").unlink()
    gone = approved("check", "--json", "-")
    assert (gone.code, gone.document["unused"]) == (1, [str(baseline("two"))])


def test_a_configuration_without_a_baseline_fails_and_says_how_to_make_one(
    approved: Parity,
) -> None:
    write_config("three")
    done = approved("check", "one.yaml", "two.yaml", "three.yaml", "--json", "-")
    assert done.code == 1
    assert [one["ending"] for one in done.document["workflows"]][2] == "unapproved"
    assert "make it with: parity approve three.yaml" in done.err


def test_a_run_that_is_refused_and_was_not_differs_and_so_the_other_way_round(
    approved: Parity,
) -> None:
    sound = Path("one.yaml").read_text("utf-8")
    Path("one.yaml").write_text(sound.replace("momentum", "momentun"), "utf-8")
    done = approved("check", "one.yaml", "--only", "--json", "-")
    assert done.code == 1
    (one,) = done.document["workflows"]
    assert one["status"] == {"approved": "succeeded", "now": "refused"}
    assert one["first_divergence"]["channel"] == "status"
    assert "there is no strategy of type 'momentun'" in done.err
    assert approved("approve", "one.yaml", "--update").code == 0
    assert approved("check", "one.yaml", "--only").code == 0
    Path("one.yaml").write_text(sound.replace("momentum", "momentux"), "utf-8")
    assert approved("check", "one.yaml", "--only").code == 0  # the same mistake at the same place
    Path("one.yaml").write_text(sound.replace("symbols: [", "symbols: [ "), "utf-8")
    assert approved("check", "one.yaml", "--only").code == 1


def test_the_place_of_a_mistake_counts_and_not_the_folder_it_was_made_in(
    approved: Parity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = Path("one.yaml").read_text("utf-8")
    Path("one.yaml").write_text(sound.replace("momentum", "momentun"), "utf-8")
    approved("approve", "one.yaml", "--update")
    monkeypatch.chdir(tmp_path.parent)
    below = tmp_path.name
    told = approved("check", "--baselines", f"{below}/baselines")
    assert told.code == 0, told.out
    Path(f"{below}/one.yaml").write_text("\n" + sound.replace("momentum", "momentun"), "utf-8")
    moved = approved("check", "--baselines", f"{below}/baselines", "--json", "-")
    assert moved.code == 1
    first = next(one for one in moved.document["workflows"] if one["ending"] == "differs")
    assert first["first_divergence"]["path"].endswith("location.line")


def test_a_trace_kept_at_a_lower_level_is_held_at_that_level(approved: Parity) -> None:
    assert approved("approve", "one.yaml", "--update", "--subject", "imperative:trace=minimal")
    done = approved("check", "one.yaml", "--only", "--json", "-")
    assert done.code == 0
    assert done.document["workflows"][0]["channels"]["trace"]["compared"] > 0
    lower = approved("check", "one.yaml", "--only", "--subject", "imperative:trace=none")
    assert lower.code == 2
    assert "traces were approved at the level 'minimal'" in lower.err
    assert "give it trace=minimal" in lower.err


def test_a_trace_level_of_the_users_own_config_is_part_of_what_was_approved(
    approved: Parity,
) -> None:
    write_config("one", level='trace: {containers: {"risk/*": none}}\n')
    done = approved("check", "one.yaml", "--only", "--json", "-")
    assert done.code == 1
    assert done.document["workflows"][0]["first_divergence"]["channel"] == "config"


POLICY = "schema: paritykit/policy/1\nrules:\n"


def test_a_policy_excuses_figures_by_value_and_digests_as_a_whole(approved: Parity) -> None:
    write_config("one", capital=100_001)
    Path("policy.yaml").write_text(
        POLICY
        + "  - {channel: metrics, path: '**', rel: 0.5, abs: 10000, reason: another capital}\n"
        "  - {channel: [trace, equity, trades], path: '**', ignore: true, reason: so are these}\n"
        "  - {channel: [config, topology, outputs], path: '**', ignore: true, reason: and these}\n",
        "utf-8",
    )
    done = approved("check", "one.yaml", "--only", "--policy", "policy.yaml", "--json", "-")
    assert done.code == 0, done.err
    channels = done.document["workflows"][0]["channels"]
    assert channels["metrics"]["verdict"] == "within_tolerance"
    assert 0 < channels["metrics"]["tolerance_used"] < 1
    assert channels["trace"]["verdict"] == "ignored"
    assert channels["trace"]["reason"] == "so are these"
    assert all(rule["problem"] is None for rule in done.document["rules"])


def test_a_rule_that_cannot_fire_on_digests_or_never_does_fails(approved: Parity) -> None:
    write_config("one", capital=100_001)
    Path("policy.yaml").write_text(
        POLICY + "  - {channel: equity, path: '**', rel: 1.0, reason: digests have no distance}\n",
        "utf-8",
    )
    done = approved("check", "one.yaml", "--only", "--policy", "policy.yaml", "--json", "-")
    assert done.code == 1
    assert done.document["workflows"][0]["channels"]["equity"]["verdict"] == "different"
    assert "excused none" in done.document["rules"][0]["problem"]
    write_config("one")
    idle = approved("check", "one.yaml", "--only", "--policy", "policy.yaml")
    assert idle.code == 1
    assert "never fired" in idle.out
    assert "(digests have no distance)" in idle.out


def test_cleaners_have_nothing_to_clean_in_digests(approved: Parity) -> None:
    policy = Policy("p.yaml", (), {"mine": lambda channel, content: content}, {"mine": "p.yaml:2"})
    sound = record("handmade/drawdown")
    with pytest.raises(UsageError, match=r"p.yaml: its cleaners \(mine\) change runs before they"):
        hold(
            sketch_of(sound, file_of("handmade/drawdown")), sound, file_of("handmade/drawdown"),
            AppliedPolicy(policy, datetime.date(2026, 1, 1)),
        )  # fmt: skip


def test_a_place_that_a_policy_ignores_whole_need_not_be_there(approved: Parity) -> None:
    Path("policy.yaml").write_text(
        POLICY + "  - {channel: trades, path: '**/portfolio=x', ignore: true, reason: new}\n",
        "utf-8",
    )
    sound = record("handmade/drawdown")
    sketch = sketch_of(sound, file_of("handmade/drawdown"))
    more = {**sound.channels[Channel.TRADES], "a/portfolio=x": ()}
    longer = msgspec.structs.replace(sound, channels={**sound.channels, Channel.TRADES: more})
    without = hold(sketch, longer, file_of("handmade/drawdown"))
    assert without.outcomes[Channel.TRADES].verdict is Verdict.EXTRA
    policy = AppliedPolicy(read_policy(Path("policy.yaml")), datetime.date(2026, 1, 1))
    excused = hold(sketch, longer, file_of("handmade/drawdown"), policy)
    assert excused.outcomes[Channel.TRADES].verdict is Verdict.IGNORED
    assert policy.standings()[0].fired == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("none.yaml",), "none.yaml: there is no such file, expected a configuration"),
        (("--only",), "name the configurations to check"),
        (("--stand-in", "imperative", "--no-stand-in"), "give one of them"),
        (("--stand-in", "imperativ"), "there is no engine 'imperativ'"),
        (("--subject", "oracle"), "the oracle works out single units"),
        (("--subject", "nobody"), "there is no engine 'nobody'"),
        (("--baselines", "nowhere"), "nowhere does not exist, expected a folder"),
        (("--baselines", "one.yaml"), "one.yaml is no folder, expected a folder"),
        (("--baselines", "data"), "drawdown.expected.json: found no 'schema', expected paritykit"),
        (("--baselines", "data/walk_forward/.."), "a folder of baselines holds nothing else"),
        (("--policy", "nowhere.yaml"), "nowhere.yaml"),
        (("--today", "2026-01-01"), "give their --policy too"),
        (("--json", "data"), "this is a folder"),
        (("--time-limit", "1s"), "only a process of its own can be limited; add --isolate"),
    ],
    ids=str,
)
def test_wrong_usage_says_what_is_wrong(
    approved: Parity, arguments: tuple[str, ...], message: str
) -> None:
    told = approved("check", *arguments)
    assert told.code == 2
    assert message in told.err


def test_an_engine_can_be_checked_in_a_process_of_its_own(approved: Parity) -> None:
    assert approved("check", "--isolate").code == 0
    late = approved("check", "one.yaml", "--only", "--isolate", "--time-limit", "0.01s")
    assert late.code == 1
    assert "parts from what was approved first in status" in late.out
    assert "it did not come to its end within 0.01s; --time-limit allows more" in late.out
    assert "the approved run can't be had again: declarative: SubjectTimeoutError" in late.out


def test_an_empty_folder_is_never_a_pass(approved: Parity) -> None:
    Path("empty").mkdir()
    told = approved("check", "one.yaml", "--baselines", "empty", "--only")
    assert told.code == 2
    assert "there is no baseline in empty, so nothing can be held against one" in told.err


def test_one_configuration_named_twice_is_checked_once(approved: Parity) -> None:
    done = approved(
        "check", "one.yaml", "./one.yaml", str(Path("two.yaml").resolve()), "--json", "-"
    )
    assert done.code == 0
    assert len(done.document["workflows"]) == 2


def test_records_are_kept_where_they_are_wanted(approved: Parity) -> None:
    write_config("one", capital=90_000)
    done = approved("check", "--records", "kept", "--json", "-")
    assert done.code == 1
    assert done.document["workflows"][0]["record"] == str(RecordFolder(Path("kept/000001")).path)
    Path("file").write_text("", "utf-8")
    told = approved("check", "--records", "file/below")
    assert told.code == 2
    assert "--records file/below: file is a file; choose a writable folder" in told.err


def test_components_of_ones_own_are_taken_into_account(parity: Parity) -> None:
    own = ("--components", str(OWN / "components"), "--patterns", str(OWN / "patterns"))
    config = str(OWN / "fragile.yaml")
    assert parity("approve", config, *own).code == 0
    assert parity("check", "--subject", "declarative", *own).code == 0
    without = parity("check", "--no-stand-in")
    assert without.code == 1
    assert "imperative said: " in without.out
