"""`parity verify --policy` on an engine that is off by one ulp, and the examples of the page."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from parity.errors import UsageError
from parity.policy import parse_policy
from tests.parity.conftest import HANDMADE, Output

ENGINE = """
import copy
import math

import msgspec

from parity.channels import Channel
from parity.subjects import parse_subject, subject_for


class Scored:
    def __init__(self, name, score):
        self.name = name
        self.score = score

    def run(self, config, root):
        record = subject_for(parse_subject("declarative")).run(config, root)
        outputs = copy.deepcopy(dict(record.channels[Channel.OUTPUTS]))
        outputs[""]["score"] = {"value": self.score}
        channels = {**record.channels, Channel.OUTPUTS: outputs}
        return msgspec.structs.replace(record, subject=self.name, channels=channels)


def make_exact(options):
    return Scored("exact", 1.0)


def make_near(options):
    return Scored("near", math.nextafter(1.0, math.inf))


DAY_NS = 86_400_000_000_000


def same_day(left, right):
    return left // DAY_NS == right // DAY_NS


def plain_names(channel, content):
    if channel == "outputs":
        for entry in content.values():
            if "best_portfolio" in entry:
                entry["best_portfolio"] = str(entry["best_portfolio"]).lower()
    return content
"""

CONFIG = str(HANDMADE / "two_symbols.yaml")
RULE = "  - {channel: outputs, path: '**: **.value', ulp: ULP, reason: summed otherwise}\n"
HEAD = "schema: paritykit/policy/1\nrules:\n"


@pytest.fixture(autouse=True)
def near(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install two engines, one of which is one ulp off in one figure."""
    site = tmp_path / "site"
    info = site / "near-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: near\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        "[parity.engines]\n"
        "exact = engine_that_is_near:make_exact\nnear = engine_that_is_near:make_near\n"
        "[parity.comparators]\nsame_day = engine_that_is_near:same_day\n"
        "[parity.cleaners]\nplain_names = engine_that_is_near:plain_names\n"
    )
    (site / "engine_that_is_near.py").write_text(ENGINE)
    monkeypatch.syspath_prepend(site)
    monkeypatch.delitem(sys.modules, "engine_that_is_near", raising=False)


def verified(parity: Callable[..., Output], policy: str | None) -> dict[str, Any]:
    arguments = ["verify", CONFIG, "--control", "exact", "--candidate", "near", "--json", "-"]
    if policy is not None:
        Path("p.yaml").write_text(policy)
        arguments += ["--policy", "p.yaml"]
    output = parity(*arguments)
    document: dict[str, Any] = json.loads(output.out)
    assert document["exit_code"] == output.code
    return document


def test_a_difference_of_one_ulp_is_none_where_the_policy_says_so(
    parity: Callable[..., Output],
) -> None:
    document = verified(parity, None)
    assert (document["exit_code"], document["verdict"]) == (1, "different")
    document = verified(parity, HEAD + RULE.replace("ULP", "2"))
    assert (document["exit_code"], document["verdict"]) == (0, "within_tolerance")
    near = document["workflows"][0]["channels"]["outputs"]
    assert (near["verdict"], near["tolerance_used"], near["max_ulp"]) == (
        "within_tolerance",
        0.5,
        1,
    )
    assert re.fullmatch(r"excused: \d+ by p\.yaml:3:5 \(summed otherwise\)", near["reason"])
    (rule,) = document["rules"]
    assert (rule["fired"], rule["used"], rule["problem"]) == (1, 0.5, None)


def test_it_is_one_where_the_policy_does_not_reach(parity: Callable[..., Output]) -> None:
    document = verified(parity, HEAD + RULE.replace("ULP", "0"))
    assert (document["exit_code"], document["verdict"]) == (1, "different")
    document = verified(parity, HEAD + RULE.replace("ULP", "2").replace("value", "other"))
    assert (document["exit_code"], document["verdict"]) == (1, "different")


def test_a_rule_that_is_not_needed_any_more_fails_what_would_pass(
    parity: Callable[..., Output],
) -> None:
    stale = "  - {channel: trades, path: '**', abs: 1e-9, reason: rounding}\n"
    document = verified(parity, HEAD + RULE.replace("ULP", "2") + stale)
    assert (document["exit_code"], document["verdict"]) == (1, "within_tolerance")
    assert [rule["problem"] for rule in document["rules"]] == [None, "never fired"]


def test_ignoring_everything_is_four(parity: Callable[..., Output]) -> None:
    everything = "  - {channel: '*', path: '**', ignore: true, reason: no time}\n"
    document = verified(parity, HEAD + everything)
    assert document["exit_code"] == 4
    assert document["totals"] == {"events": 0, "trades": 0, "figures": 0}


PAGE = Path(__file__).resolve().parents[3] / "docs" / "policy.md"


def test_the_examples_of_the_page_are_policies() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    policies = [parse_policy(block) for block in blocks]
    assert [len(policy.rules) for policy in policies] == [4, 1]
    assert list(policies[1].cleaners) == ["plain_names"]
    with pytest.raises(UsageError):
        parse_policy(blocks[0].replace("metrics", "metric"))


def test_the_functions_of_the_page_do_as_it_says() -> None:
    text = PAGE.read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102  # the page's own
    day = names["DAY_NS"]
    assert names["same_day"](day, 2 * day - 1)
    assert not names["same_day"](day, 2 * day)
    content = {"p": {"best_portfolio": "A.B"}}
    assert names["plain_names"]("outputs", content) == {"p": {"best_portfolio": "a.b"}}
    assert names["plain_names"]("metrics", {"p": {}}) == {"p": {}}
