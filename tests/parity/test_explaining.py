"""The story of a first divergence: what is told of each layer, and how."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from containers.events import Event, EventKind, Fill
from containers.trace import Trace
from parity.channels import Channel
from parity.explaining import Explanation, choose_pair, explain
from parity.record import Record
from parity.records import RecordFolder
from parity.subjects import parse_subject, subject_for
from tests.parity.conftest import Output
from tests.parity.stories import CONFIG, Act, Altered, row_of, verified, with_channel, with_events

PHASE = "iteration=0/phase=backtest"
UNIT = "iteration=0/phase=backtest/window=0/unit=0"


def replaced(kind: EventKind, nth: int = 0, **changes: Any) -> Act:
    """Change fields of an event, nothing else."""

    def change(events: list[Event]) -> list[Event]:
        row = row_of(events, kind, nth)
        events[row] = msgspec.structs.replace(events[row], **changes)
        return events

    return with_events(change)


def dearer(record: Record) -> Record:
    """Let the second fill be one representable number dearer, with all that comes of it."""

    def change(events: list[Event]) -> list[Event]:
        row = row_of(events, EventKind.FILL, 1)
        fill = events[row]
        assert isinstance(fill, Fill)
        events[row] = msgspec.structs.replace(fill, price=math.nextafter(fill.price, math.inf))
        return events

    record = with_events(change)(record)
    trades, metrics = (
        copy.deepcopy(dict(record.channels[c])) for c in (Channel.TRADES, Channel.METRICS)
    )
    # Trades are kept of the phase, figures of the unit as well.
    place = f"{PHASE}/portfolio=quick.moderate"
    trades[place] = [msgspec.structs.replace(trades[place][0], net_profit=-1.5), *trades[place][2:]]
    place = f"{UNIT}/portfolio=quick.moderate"
    metrics[place] = {**metrics[place], "final_equity": metrics[place]["final_equity"] + 10}
    return with_channel(with_channel(record, Channel.TRADES, trades), Channel.METRICS, metrics)


def story(folder: Path, act: Act) -> Explanation:
    record, _ = verified(folder, Altered(act))
    return explain(record, choose_pair(record.index()))


def edited(channel: Channel, place: str, change: Callable[[Any], None]) -> Act:
    """Change a copy of what is at one place of a channel."""

    def act(record: Record) -> Record:
        content = copy.deepcopy(dict(record.channels[channel]))
        change(content[place])
        return with_channel(record, channel, content)

    return act


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Explanation:
    return story(tmp_path_factory.mktemp("told"), dearer)


def test_both_events_are_told_with_the_fields_that_differ_and_by_how_much(
    told: Explanation,
) -> None:
    assert told.divergence is not None
    assert (told.divergence.channel, told.divergence.phase) == (Channel.TRACE, "backtest")
    assert (told.divergence.iteration, told.divergence.container) == ("window=0", "execution")
    [field] = told.fields
    assert (field.name, field.ulp) == ("price", 1)
    assert field.absolute == abs(field.candidate - field.control) > 0


def test_the_settings_in_play_are_told_with_value_and_origin(told: Explanation) -> None:
    slippage, fill = told.settings
    assert (slippage.path, slippage.control, slippage.origin) == (
        "execution.slippage_bps",
        5.0,
        "user",
    )
    assert slippage.place == f"{told.config}:7:13"
    assert (fill.path, fill.control, fill.origin) == ("execution.fill", "next_open", "default")
    assert told.divergence is not None
    assert told.divergence.config_path == "execution.slippage_bps, execution.fill"


def test_what_led_to_it_ends_at_the_bar(told: Explanation) -> None:
    assert told.divergence is not None
    kinds = [event["kind"] for event in told.divergence.control_chain]
    assert kinds == ["FILL", "ORDER", "ORDER_REQUEST", "SIGNAL", "FEATURES", "BAR"]
    assert told.divergence.candidate_chain[1:] == told.divergence.control_chain[1:]


def test_what_stands_around_it_is_shown_beside_its_counterparts(told: Explanation) -> None:
    marks = [(row.mark, row.here) for row in told.neighbours]
    assert marks == [("equal", False)] * 3 + [("different", True)] + [("equal", False)] * 3


def test_what_it_did_to_trades_and_figures_is_told(told: Explanation) -> None:
    assert told.effects is not None
    assert (told.effects.trades_of, told.effects.figures_of) == ("phase", "unit")
    changed, missing = told.effects.trades
    assert [field.name for field in changed.fields] == ["net_profit"]
    assert (missing.candidate, told.effects.trades_changed) == (None, 2)
    [figure] = told.effects.figures
    assert (figure.figure.name, figure.figure.absolute) == ("final_equity", 10.0)
    [end] = told.effects.final_equity
    assert end.name == f"{UNIT}/portfolio=quick.moderate"
    [kind] = told.kinds
    assert (kind.kind, kind.different, kind.fields) == ("FILL", 1, {"price": 1})
    assert (told.units_differing, told.units) == (1, 1)


def taken(kind: EventKind) -> Act:
    def change(events: list[Event]) -> list[Event]:
        del events[row_of(events, kind, 1)]
        return events

    return with_events(change)


def doubled(kind: EventKind) -> Act:
    def change(events: list[Event]) -> list[Event]:
        row = row_of(events, kind, 1)
        return [*events[:row], msgspec.structs.replace(events[row], seq=10_000), *events[row:]]

    return with_events(change)


@pytest.mark.parametrize(("act", "mark"), [(taken, "missing"), (doubled, "extra")])
def test_an_event_of_one_side_is_shown_alone(
    act: Callable[[EventKind], Act], mark: str, tmp_path: Path
) -> None:
    found = story(tmp_path, act(EventKind.PORTFOLIO_UPDATE))
    assert [row.mark for row in found.neighbours].count("equal") == 6
    [here] = [row for row in found.neighbours if row.here]
    assert here.mark == mark
    assert found.divergence is not None
    alone = (
        found.divergence.control_chain if mark == "missing" else found.divergence.candidate_chain
    )
    assert [event["kind"] for event in alone] == ["PORTFOLIO_UPDATE", "BAR"]
    assert [(kind.missing, kind.extra) for kind in found.kinds] == [
        (int(mark == "missing"), int(mark == "extra"))
    ]


SETTINGS: dict[str, tuple[Act, list[str]]] = {
    "prices of a bar": (
        replaced(EventKind.BAR, 3, high=1e9),
        ["data.data_dir", "data.source", "data.on_bad_bar"],
    ),
    "a feature": (
        replaced(EventKind.FEATURES, 5, values={"sma_1": 1.0, "sma_2": 1.0}),
        ["strategies[0].parameters.fast_period", "strategies[0].parameters.slow_period"],
    ),
    "a signal": (
        replaced(EventKind.SIGNAL, 1, direction=7),
        ["strategies[0].parameters.fast_period", "strategies[0].parameters.slow_period"],
    ),
    "the size of a request": (
        replaced(EventKind.ORDER_REQUEST, 1, quantity=7.0),
        [
            "risk_profiles[0].max_position_size",
            "risk_profiles[0].fixed_quantity",
            "portfolio.allow_short",
            "portfolio.lot_size",
            "portfolio.fractional",
            "portfolio.initial_capital",
        ],
    ),
    "why a request came": (
        replaced(EventKind.ORDER_REQUEST, 1, reason="stop_loss"),
        ["risk_profiles[0].stop_loss"],
    ),
    "what risk let pass": (
        replaced(EventKind.ORDER, 1, rules=("max_leverage",)),
        [
            "risk_profiles[0].max_leverage",
            "risk_profiles[0].max_drawdown",
            "risk_profiles[0].drawdown_cooldown_bars",
            "portfolio.lot_size",
            "portfolio.fractional",
        ],
    ),
    "a commission": (
        replaced(EventKind.FILL, 1, commission=7.0),
        [
            "execution.commission_bps",
            "execution.commission_per_share",
            "execution.commission_fixed",
            "execution.commission_minimum",
        ],
    ),
    "a cause": (replaced(EventKind.FILL, 1, cause=0), []),
    "a setting": (
        edited(
            Channel.CONFIG,
            "iteration=0/phase=backtest",
            lambda entries: entries[0]["config"]["strategies"][0]["parameters"].update(
                fast_period=9
            ),
        ),
        ["strategies[0].parameters.fast_period"],
    ),
    "how a container was built": (
        edited(
            Channel.TOPOLOGY,
            UNIT,
            lambda entries: _built(entries, "strategy/quick")["parameters"].update(slow_period=9),
        ),
        ["strategies[0].parameters.slow_period"],
    ),
}


def _built(entries: Any, container: str) -> dict[str, Any]:
    [found] = [c["settings"] for c in entries[0]["containers"] if c["id"] == container]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(("act", "paths"), SETTINGS.values(), ids=SETTINGS)
def test_kind_and_fields_say_which_settings_are_in_play(
    act: Act, paths: list[str], tmp_path: Path
) -> None:
    found = story(tmp_path, act)
    assert [setting.path for setting in found.settings] == paths


def test_a_setting_that_differs_is_told_with_both_values_and_its_neighbours(tmp_path: Path) -> None:
    found = story(tmp_path, SETTINGS["a setting"][0])
    [setting] = found.settings
    assert (setting.control, setting.candidate, setting.origin) == (1, 9, "user")
    column = CONFIG.splitlines()[5].index("fast_period") + 1
    assert setting.place == f"{found.config}:6:{column}"
    inside = "[0].config.strategies[0].parameters"
    assert [(s.path, s.same, s.here) for s in found.siblings] == [
        (f"{inside}.fast_period", False, True),
        (f"{inside}.slow_period", True, False),
    ]


def test_a_move_that_is_missing_is_shown_among_its_neighbours(tmp_path: Path) -> None:
    found = story(tmp_path, edited(Channel.LIFECYCLE, UNIT, lambda moves: moves.pop(3)))
    assert found.divergence is not None
    assert found.divergence.channel is Channel.LIFECYCLE
    assert [(s.path, s.same) for s in found.siblings][:3] == [
        ("[1]", True),
        ("[2]", True),
        ("[3]", False),
    ]
    assert [s.path for s in found.siblings if s.here] == ["[3]"]


def test_a_figure_alone_is_told_with_its_portfolio(tmp_path: Path) -> None:
    place = f"{UNIT}/portfolio=quick.moderate"
    found = story(
        tmp_path, edited(Channel.METRICS, place, lambda m: m.update(periods_per_year=7.0))
    )
    assert found.divergence is not None
    assert found.divergence.container == "portfolio/quick.moderate"
    assert [setting.path for setting in found.settings] == ["metrics.periods_per_year"]
    assert found.fields[0].candidate == 7.0


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> RecordFolder:
    folder = tmp_path_factory.mktemp("several")
    honest = Altered(lambda record: record, "honest")
    record, _ = verified(
        folder, honest, Altered(dearer, "dear"), Altered(taken(EventKind.FILL), "poor")
    )
    return record


def test_the_first_that_parts_is_told_and_others_can_be_chosen(
    several: RecordFolder, parity: Callable[..., Output]
) -> None:
    done = parity("explain", str(several.path))
    assert done.code == 0
    assert "dear parts from imperative first in trace:" in done.out
    assert "no parity either (choose with --config and --candidate)" in done.out
    assert "mine.yaml — poor" in done.out
    done = parity("explain", str(several.path), "--candidate", "poor", "--config", "mine")
    assert "poor parts from imperative first in trace:" in done.out
    done = parity("explain", str(several.path), "--candidate", "honest")
    assert (done.code, "honest agrees with imperative." in done.out) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--candidate", "pore"], "the record has no candidate 'pore' (did you mean 'poor'?)"),
        (["--config", "his.yaml"], "the record has no configuration 'his.yaml'"),
        (["--json", "no/where.json"], "the folder no does not exist"),
    ],
)
def test_what_cannot_be_chosen_is_named(
    arguments: list[str], message: str, several: RecordFolder, parity: Callable[..., Output]
) -> None:
    done = parity("explain", str(several.path), *arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.err


def test_the_story_reads_from_cause_to_effect(
    several: RecordFolder, parity: Callable[..., Output]
) -> None:
    out = parity("explain", str(several.path), "--candidate", "dear").out
    titles = (
        "what differs", "settings in play", "around it", "what led to it", "what it did",
        "how much differs",
    )  # fmt: skip
    places = [out.index(f"\n  {title}\n") for title in titles]
    assert places == sorted(places)
    assert "    price  " in out
    assert " apart, 1 ulp)" in out
    assert "mine.yaml:7:13)" in out
    assert out.count("<- BAR") == 1  # both sides share it
    assert "final equity of quick.moderate: " in out
    assert "(+10, " in out
    assert "trace: 1 different of " in out


def test_the_document_has_the_whole_story(
    several: RecordFolder, parity: Callable[..., Output]
) -> None:
    done = parity("explain", str(several.path), "--candidate", "dear", "--json", "-")
    document: Mapping[str, Any] = done.document
    assert done.code == 0
    assert document["schema"] == "paritykit/explain/1"
    assert "dear parts from imperative" in done.err
    assert set(document) == {"schema", *Explanation.__struct_fields__}
    assert document["divergence"]["settings"][0]["path"] == "execution.slippage_bps"
    assert document["neighbours"][3]["here"] is True


def test_of_two_trace_levels_only_what_both_keep_is_told(tmp_path: Path) -> None:
    class Sparing(Altered):
        def run(self, config: Any, root: Path) -> Record:
            honest = subject_for(parse_subject("declarative:trace=minimal")).run(config, root)
            changed = replaced(EventKind.FILL, 1, price=7.0)(honest)
            # Numbered as the honest one, of whose events the others were not kept.
            traces = {
                unit: Trace.from_events(
                    [
                        msgspec.structs.replace(one, seq=other.seq, cause=other.cause)
                        for one, other in zip(trace.events(), kept.events(), strict=True)
                    ],
                    kept.events_total,
                )
                for (unit, trace), kept in zip(
                    changed.channels[Channel.TRACE].items(),
                    honest.channels[Channel.TRACE].values(),
                    strict=True,
                )
            }
            return msgspec.structs.replace(
                with_channel(changed, Channel.TRACE, traces), subject=self.name
            )

    record, _ = verified(tmp_path, Sparing(lambda record: record))
    found = explain(record, choose_pair(record.index()))
    assert {row.mark for row in found.neighbours} == {"equal", "different"}
    [kind] = found.kinds
    assert (kind.kind, kind.different, kind.missing, kind.extra) == ("FILL", 1, 0, 0)
    assert found.units == 0


@pytest.mark.parametrize("status", ["refused", "failed"])
def test_what_both_refuse_or_fail_is_said_to_be_alike(
    status: Any, tmp_path: Path, parity: Callable[..., Output]
) -> None:
    verification = verified(tmp_path / "one", Altered(lambda r: r))[1]
    [pair] = verification.pairs
    assert pair.candidate is not None
    ended = msgspec.structs.replace(
        pair,
        control=msgspec.structs.replace(pair.control, status=status, explanation="no such thing"),
        candidate=msgspec.structs.replace(pair.candidate, status=status),
    )
    folder = RecordFolder.create(tmp_path / ".parity" / "records")
    folder.save(msgspec.structs.replace(verification, pairs=(ended,)), {})
    done = parity("explain")
    assert done.code == 0
    assert "altered is not at parity with imperative." in done.out
    assert f"  both sides {status} alike\n" in done.out
    assert "what the control said\n    no such thing\n" in done.out


def test_a_candidate_that_cannot_express_the_workflow_is_told_with_its_reason(
    tmp_path: Path, parity: Callable[..., Output]
) -> None:
    verification = verified(tmp_path / "one", Altered(lambda r: r))[1]
    silent = msgspec.structs.replace(
        verification.pairs[0], candidate=None, channels={}, divergence=None, note="it cannot"
    )
    folder = RecordFolder.create(tmp_path / ".parity" / "records")
    folder.save(msgspec.structs.replace(verification, pairs=(silent,)), {})
    done = parity("explain")
    assert (done.code, "  it cannot\n" in done.out) == (0, True)


def test_chains_of_a_foreign_trace_that_never_end_are_cut(tmp_path: Path) -> None:
    def change(events: list[Event]) -> list[Event]:
        return [
            msgspec.structs.replace(event, cause=event.seq - 1 if event.seq else None)
            for event in events
        ]

    found = story(tmp_path, with_events(change))
    assert found.divergence is not None
    assert len(found.divergence.candidate_chain) <= 100


def test_a_cause_that_comes_later_or_is_itself_ends_the_chain(tmp_path: Path) -> None:
    found = story(tmp_path, replaced(EventKind.FILL, 1, cause=9))
    assert found.divergence is not None
    later = found.divergence.candidate_chain
    assert [event["seq"] for event in later] == sorted((e["seq"] for e in later), reverse=True)
