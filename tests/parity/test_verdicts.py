"""What the harness makes of two sides: verdicts, exit codes, and that nothing is no pass."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from containers.components import default_components
from containers.errors import ConfigurationError, Location, Problem
from containers.results import EquityCurve
from containers.trace import Trace
from containers.trading import StrategyContainer
from imperative import Coordinator
from parity.channels import ALL, CAUSE_FIRST, Channel
from parity.comparison.outcome import ChannelOutcome
from parity.comparison.records import compare_records, overall
from parity.comparison.trees import compare_trees
from parity.comparison.values import same, ulp_distance
from parity.errors import UsageError
from parity.record import Record, Status, record_of_refusal
from parity.subjects import EngineSubject, Subject, parse_subject, subject_for
from parity.verdicts import Verdict
from parity.verification import Verification
from parity.verifying import verify

UNIT = "iteration=0/phase=backtest/window=0/unit=0"
PLACE = f"{UNIT}/portfolio=a.b"


class Fixed:
    """A subject that answers with a record made beforehand."""

    def __init__(self, record: Record) -> None:
        self.name = record.subject
        self._record = record

    def run(self, config: Mapping[str, Any] | Path, root: Path) -> Record:
        return self._record


def record(
    channels: Mapping[Channel, Any], *, subject: str = "test", status: Status = "succeeded"
) -> Record:
    return Record(
        subject=subject,
        workflow="w",
        status=status,
        declared=ALL,
        channels=channels,
        duration_s=0.0,
    )


FULL: dict[Channel, Any] = {
    Channel.CONFIG: {"": [{"config": {"a": 1}, "digest": "d"}]},
    Channel.PLAN: {"": [{"type": "PlanMade"}]},
    Channel.WINDOWS: {UNIT: [{"seed": 0}]},
    Channel.TOPOLOGY: {UNIT: [{"containers": ["x"]}]},
    Channel.LIFECYCLE: {UNIT: [{"trigger": "start"}]},
    Channel.HOOKS: {UNIT: [{"hook": "h"}]},
    Channel.TRADES: {PLACE: ()},
    Channel.EQUITY: {PLACE: EquityCurve(time_ns=np.array([1, 2]), equity=np.array([100.0, 101.0]))},
    Channel.METRICS: {PLACE: {"sharpe_ratio": 1.5, "num_trades": 3}},
    Channel.OUTPUTS: {"": {"best": "a.b"}},
    Channel.FILES: {"": [{"path": "x"}]},
    Channel.STATUS: {"": {"success": True}},
    Channel.ERRORS: {"": [{"error": "e"}]},
}


def tampered(channel: Channel) -> dict[Channel, Any]:
    """Change the smallest thing in one channel."""
    changed = dict(FULL)
    if channel is Channel.EQUITY:
        curve = EquityCurve(
            time_ns=np.array([1, 2]), equity=np.array([100.0, np.nextafter(101.0, 102.0)])
        )
        changed[channel] = {PLACE: curve}
    elif channel is Channel.METRICS:
        changed[channel] = {PLACE: {"sharpe_ratio": 1.5, "num_trades": 3.0}}
    elif channel is Channel.TRADES:
        changed[channel] = {PLACE: (msgspec.defstruct("Row", [("a", int)])(1),)}
    else:
        ((place, entries),) = FULL[channel].items()
        entry = dict(entries[0] if isinstance(entries, list) else entries)
        entry[next(iter(entry))] = "tampered"
        changed[channel] = {place: [entry] if isinstance(entries, list) else entry}
    return changed


def run_pair(left: Record, right: Record, tmp_path: Path) -> Verification:
    return compared(verify([("c", {})], Fixed(left), [Fixed(right)], tmp_path, oracle=False))


def compared(verification: Verification) -> Verification:
    """Leave out what came of invariants, which records made by hand break."""
    return msgspec.structs.replace(verification, checks=())


def differing(outcomes: Mapping[Channel, ChannelOutcome]) -> list[Channel]:
    return [channel for channel, o in outcomes.items() if o.verdict.is_difference]


@pytest.mark.parametrize("channel", FULL)
def test_a_change_in_one_channel_is_seen_there_and_nowhere_else(channel: Channel) -> None:
    outcomes = compare_records(record(FULL), record(tampered(channel)))
    assert differing(outcomes) == [channel]
    assert overall(outcomes).is_difference


@pytest.mark.parametrize("channel", FULL)
def test_what_one_side_lacks_is_missing_and_what_it_has_alone_is_extra(channel: Channel) -> None:
    if channel is Channel.TRADES:
        return  # no trade is missing where there was none
    less: dict[Channel, Any] = {c: o for c, o in FULL.items() if c is not channel}
    assert compare_records(record(FULL), record(less))[channel].verdict is Verdict.MISSING
    assert compare_records(record(less), record(FULL))[channel].verdict is Verdict.EXTRA


def test_the_first_divergence_is_in_the_channel_nearest_to_the_cause(tmp_path: Path) -> None:
    changed = {**tampered(Channel.METRICS), Channel.PLAN: tampered(Channel.PLAN)[Channel.PLAN]}
    (pair,) = run_pair(record(FULL), record(changed), tmp_path).pairs
    assert pair.divergence is not None
    assert pair.divergence.channel is Channel.PLAN
    assert pair.divergence.also == (Channel.METRICS,)


def test_channels_are_compared_in_order_of_cause() -> None:
    outcomes = compare_records(record(FULL), record(FULL))
    assert tuple(outcomes) == CAUSE_FIRST
    assert differing(outcomes) == []


def test_two_subjects_that_succeed_with_nothing_are_no_parity(tmp_path: Path) -> None:
    empty: dict[Channel, Any] = {Channel.STATUS: {"": {"success": True}}}
    verification = run_pair(record(empty), record(empty), tmp_path)
    assert verification.exit_code == 4
    assert not verification.totals


def test_a_required_channel_that_neither_fills_is_no_parity(tmp_path: Path) -> None:
    less: dict[Channel, Any] = {
        c: content for c, content in FULL.items() if c is not Channel.TOPOLOGY
    }
    assert run_pair(record(less), record(less), tmp_path).exit_code == 1


def test_failing_alike_is_three_and_refusing_alike_is_two(tmp_path: Path) -> None:
    for status, code in (("failed", 3), ("refused", 2)):
        side = record(
            {Channel.STATUS: {"": {"success": False}}, Channel.ERRORS: {"": [{"error": "e"}]}},
            status=status,  # type: ignore[arg-type]  # both are statuses
        )
        assert run_pair(side, side, tmp_path).exit_code == code


def test_one_side_refusing_is_a_difference_told_by_its_status(tmp_path: Path) -> None:
    refused = record({Channel.STATUS: {"": {"refused": True}}}, status="refused")
    verification = run_pair(record(FULL), refused, tmp_path)
    assert verification.exit_code == 1
    assert verification.pairs[0].divergence is not None
    assert verification.pairs[0].divergence.channel is Channel.STATUS


def test_no_configuration_at_all_is_no_parity(tmp_path: Path) -> None:
    assert verify([], Fixed(record(FULL)), [], tmp_path).exit_code == 4


def test_types_count() -> None:
    pairs = [(5, "5"), (1, True), (1, 1.0), (0, False), (None, 0), (0.0, -0.0), ("", None)]
    assert not any(same(a, b) for a, b in pairs)
    assert not same(float("nan"), float("nan"))


def test_an_empty_list_is_not_an_empty_mapping() -> None:
    assert compare_trees({"": {"a": []}}, {"": {"a": {}}}).verdict is Verdict.DIFFERENT


def test_a_tuple_is_a_list_also_when_it_is_empty() -> None:
    for left, right in (((), []), ((1, ()), [1, []])):
        for one, other in ((left, right), (right, left)):
            assert compare_trees({"": {"a": one}}, {"": {"a": other}}).first is None
    assert compare_trees({"": {"a": (1,)}}, {"": {"a": [1.0]}}).verdict is Verdict.DIFFERENT


def test_ulps_are_counted_across_zero() -> None:
    assert ulp_distance(5e-324, -5e-324) == 2
    assert ulp_distance(1.0, float("inf")) is None


def test_subjects_are_parsed() -> None:
    spec = parse_subject("declarative:trace=none,storage=disk")
    assert (spec.engine, dict(spec.options)) == (
        "declarative",
        {"trace": "none", "storage": "disk"},
    )
    assert str(spec) == "declarative:trace=none,storage=disk"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("declarativ", "no engine 'declarativ'; did you mean 'declarative'"),
        ("declarative:trace", "found 'trace', expected key=value"),
        ("declarative:trcae=none", "unknown key 'trcae'; did you mean 'trace'"),
        ("declarative:trace=loud", "trace cannot be 'loud'"),
        ("declarative:trace=none,trace=none", "'trace' is given twice"),
        ("declarative:storage=hybrd", "storage cannot be 'hybrd'; did you mean 'hybrid'"),
        ("declarative:backend=fast", "'backend' is not available"),
        ("declarative:backend=numba", "'backend' is not available in this version"),
        ("declarative:hash_seed=-1", "found hash_seed=-1, expected 0 to 4294967295, or random"),
        ("declarative:hash_seed=4294967296", "found hash_seed=4294967296, expected 0 to"),
        ("declarative:hash_seed=1,hash_seed=2", "'hash_seed' is given twice"),
        ("oracle:hash_seed=1", "the oracle works in this process alone; leave its 'hash_seed' out"),
        ("declarative:executor=proceses", "executor 'proceses' is not understood: expected serial"),
        ("declarative:executor=processes:0", "found '0' as the number of processes"),
        ("declarative:storage=disk,interrupt=0", "expected after how many units: 1 or more"),
        ("declarative:storage=disk,interrupt=two", "found interrupt=two, expected after how many"),
        ("declarative:interrupt=2", "'interrupt' needs storage=disk or storage=hybrid"),
        ("oracle:executor=serial", "the oracle works in this process alone"),
    ],
)
def test_a_wrong_subject_is_refused_with_advice(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message.replace("?", r"\?")):
        subject_for(parse_subject(text))


CONFIG = {
    "workflow": "simple_backtest",
    "data": {"data_dir": str(Path(__file__).resolve().parents[2] / "fixtures" / "handmade")},
    "symbols": ["AAA"],
    "strategies": [{"type": "momentum", "parameters": {"fast_period": 1, "slow_period": 2}}],
}


@pytest.mark.parametrize("level", ["none", "minimal", "standard"])
def test_traces_of_different_levels_are_compared_at_the_lower(level: str, tmp_path: Path) -> None:
    control: Subject = subject_for(parse_subject("imperative"))
    candidate = subject_for(parse_subject(f"declarative:trace={level}"))
    verification = verify([("c", CONFIG)], control, [candidate], tmp_path)
    assert verification.exit_code == 0
    trace = verification.pairs[0].channels[Channel.TRACE]
    expected = Verdict.NOT_COMPARABLE if level == "none" else Verdict.EQUAL
    assert trace.verdict is expected
    assert (trace.compared > 0) == (level != "none")


def test_memory_and_disk_are_in_parity(tmp_path: Path) -> None:
    control = subject_for(parse_subject("imperative"))
    candidate = subject_for(parse_subject("imperative:storage=disk"))
    verification = verify([("c", CONFIG)], control, [candidate], tmp_path)
    assert verification.exit_code == 0
    files = verification.pairs[0].channels[Channel.FILES]
    assert files.verdict is Verdict.NOT_COMPARABLE
    again = verify([("c", CONFIG)], candidate, [candidate], tmp_path / "again")
    assert again.exit_code == 0
    assert again.pairs[0].channels[Channel.FILES].verdict is Verdict.EQUAL


def test_the_chain_of_a_differing_event_goes_back_to_its_bar(tmp_path: Path) -> None:
    class Shouting(StrategyContainer):
        def publish_signals(self) -> None:
            for features in self._features:
                # A feature that differs in the last bit, as a running sum would make it.
                for name, value in features.values.items():
                    if value is not None:
                        features.values[name] = value * (1 - 1e-16)  # type: ignore[index]
            super().publish_signals()

    components = msgspec.structs.replace(default_components(), containers={"strategy": Shouting})
    candidate = EngineSubject(
        "imperative", lambda **options: Coordinator(components=components, **options), {}
    )
    verification = verify(
        [("c", CONFIG)], subject_for(parse_subject("declarative")), [candidate], tmp_path
    )
    divergence = verification.pairs[0].divergence
    assert divergence is not None
    assert divergence.channel is Channel.TRACE
    assert divergence.container == "features/AAA/1d"
    assert divergence.fields == ("values",)
    assert [event["kind"] for event in divergence.control_chain] == ["FEATURES", "BAR"]


def test_an_engine_that_raises_is_a_verdict_and_not_a_crash(tmp_path: Path) -> None:
    class Broken:
        def run_workflow(
            self, config: Any, workflow_id: str | None = None, *, resume: bool = False
        ) -> Any:
            raise RuntimeError("out of order")

        def plan_workflow(self, config: Any) -> Any:
            raise RuntimeError("out of order")

    candidate = EngineSubject("broken", lambda **_: Broken(), {})
    verification = verify(
        [("c", CONFIG)], subject_for(parse_subject("imperative")), [candidate], tmp_path
    )
    assert verification.exit_code == 1
    assert verification.pairs[0].candidate is not None
    assert "out of order" in str(verification.pairs[0].candidate.explanation)


def test_what_the_oracle_cannot_express_is_said_and_fails_nothing(tmp_path: Path) -> None:
    trace = Trace.from_events([])
    left = record({**FULL, Channel.TRACE: {UNIT: trace}})
    verification = verify(
        [("c", {"workflow": "other"})], Fixed(left), [Fixed(left)], tmp_path, oracle=True
    )
    assert compared(verification).exit_code == 0
    assert "beyond the oracle" in str(verification.pairs[1].note)


def test_a_refusal_is_alike_by_its_places_whatever_its_words(tmp_path: Path) -> None:
    def refusal(*problems: Problem) -> Record:
        file = tmp_path / "config.yaml"
        return record_of_refusal("test", ConfigurationError(problems), 0.0, config=file)

    def place(line: int, file: str = "config.yaml") -> Location:
        return Location(str(tmp_path / file), line, 1)

    one = refusal(Problem("no window fits", ("walk_forward",), place(3)))
    for other, code in (
        (Problem("none of the windows fits", ("walk_forward",), place(3)), 2),
        (Problem("no window fits", ("walk_forward",), place(4)), 1),
        (Problem("no window fits", ("k_fold",), place(3)), 1),
    ):
        assert run_pair(one, refusal(other), tmp_path).exit_code == code
    # A pattern has places of its own, which a workflow in Python cannot name.
    nowhere = refusal(Problem("no such topology"))
    pattern = refusal(Problem("no such topology", ("phases", 0), place(3, "pattern.yaml")))
    assert run_pair(nowhere, pattern, tmp_path).exit_code == 2
    # What it sets and does not fit in what is resolved has a key that both can name.
    python = refusal(Problem("no window fits", ("walk_forward",)))
    setting = refusal(Problem("no window fits", ("walk_forward",), place(3, "pattern.yaml")))
    assert run_pair(python, setting, tmp_path).exit_code == 2
    assert run_pair(nowhere, setting, tmp_path).exit_code == 1
