"""A record that is read back is the one that was kept, or it is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from parity.channels import Channel
from parity.comparison.records import compare_records
from parity.errors import UsageError
from parity.record import Record, TraceSettings
from parity.records import RecordFolder, load_record, read_sealed, save_record, sealed_json
from parity.verdicts import Verdict
from parity.verification import Verification
from tests.parity.conftest import Output
from tests.parity.stories import Altered, verified

Kept = tuple[RecordFolder, Verification]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    return verified(tmp_path_factory.mktemp("kept"), Altered(lambda record: record))


@pytest.fixture
def copied(kept: Kept, tmp_path: Path) -> Path:
    """Give the folder of a record that can be damaged."""
    return Path(shutil.copytree(kept[0].path.parent, tmp_path / ".parity" / "records")) / "000001"


CONTROL = "0/control-imperative"


def test_a_record_comes_back_as_it_was(kept: Kept) -> None:
    folder, verification = kept
    [pair] = folder.index().pairs
    assert (pair.config, pair.ending, pair.divergence) == (
        verification.pairs[0].config,
        "parity",
        None,
    )
    assert pair.candidate is not None
    for stored, original in (
        (folder.load(pair.control).record, verification.pairs[0].control),
        (folder.load(pair.candidate).record, verification.pairs[0].candidate),
    ):
        assert original is not None
        for field in Record.__struct_fields__:
            if field != "channels":
                assert getattr(stored, field) == getattr(original, field)
        outcomes = compare_records(original, stored)
        assert {o.verdict for o in outcomes.values()} <= {Verdict.EQUAL, Verdict.NOT_COMPARABLE}
        filled = {channel for channel, content in original.channels.items() if content}
        assert {c for c, o in outcomes.items() if o.verdict is Verdict.EQUAL} == filled


def test_everything_a_record_says_of_its_run_is_kept(kept: Kept, tmp_path: Path) -> None:
    record = msgspec.structs.replace(
        kept[1].pairs[0].control,
        told={("results", "storage"): "disk"},
        trace_settings={"x/unit=0": TraceSettings("standard", {"risk/*": "none"}, 7)},
        covers=frozenset({"x/unit=0"}),
        executor="processes:2",
        resumed=True,
        explanation="why",
        workflow=None,
        status="failed",
        declared=frozenset({Channel.TRACE, Channel.METRICS}),
        channels={
            Channel.TRADES: {"x": [_Odd(1, float("nan"), -0.0)]},
            Channel.METRICS: {"x": {"a": float("inf"), "b": None, "c": True, "d": 1, "e": 1.0}},
        },
    )
    save_record(record, tmp_path / "record")
    back = load_record(tmp_path / "record").record
    for field in Record.__struct_fields__:
        if field != "channels":
            assert getattr(back, field) == getattr(record, field)
    assert repr(back.channels[Channel.METRICS]) == repr(record.channels[Channel.METRICS])
    [row] = back.channels[Channel.TRADES]["x"]
    assert repr(msgspec.structs.asdict(row)) == repr(
        msgspec.structs.asdict(_Odd(1, float("nan"), -0.0))
    )


class _Odd(msgspec.Struct):
    side: int
    price: float
    zero: float


def test_what_is_known_of_traces_that_were_not_kept_comes_back(
    kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parity.records.record_file.TRACES_KEPT", 0)
    record = kept[1].pairs[0].control
    save_record(record, tmp_path / "record")
    back = load_record(tmp_path / "record")
    assert back.record.channels[Channel.TRACE] == {}
    assert {unit: summary.digest for unit, summary in back.summaries.items()} == {
        unit: trace.digest for unit, trace in record.channels[Channel.TRACE].items()
    }
    unit = next(iter(back.summaries))
    save_record(record, tmp_path / "other", {unit})
    assert list(load_record(tmp_path / "other").record.channels[Channel.TRACE]) == [unit]


def edit(path: Path, before: str, after: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")


def sealed_again(path: Path, **changes: Any) -> None:
    """Change a document and seal it, as another version of the program would."""
    document = json.loads(path.read_text(encoding="utf-8"))
    del document["checksum"]
    path.write_bytes(sealed_json({**document, **changes}))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def remove_trace(folder: Path) -> None:
    shutil.rmtree(folder / CONTROL / "trace" / "0")


def exchange_traces(folder: Path) -> None:
    other = next((folder / "0").glob("0-*"))
    index = other / "trace" / "0" / "trace.json"
    shutil.rmtree(folder / CONTROL / "trace" / "0")
    shutil.copytree(index.parent, folder / CONTROL / "trace" / "0")
    sealed = json.loads((folder / CONTROL / "record.json").read_text(encoding="utf-8"))
    [unit] = sealed["channels"]["trace"]
    sealed["channels"]["trace"][unit]["digest"] = "0" * 32
    sealed_with_index(folder, channels=sealed["channels"])


def sealed_with_index(folder: Path, **changes: Any) -> None:
    """Change a record, and seal it and the index again."""
    sealed_again(folder / RECORD, **changes)
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    seal = json.loads((folder / RECORD).read_text(encoding="utf-8"))["checksum"]
    sealed_again(folder / "index.json", records={**index["records"], CONTROL: seal})


RECORD = f"{CONTROL}/record.json"
DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "an index cut off": (lambda f: cut(f / "index.json"), "was cut off or damaged"),
    "an edited index": (
        lambda f: edit(f / "index.json", '"exit_code":0', '"exit_code":1'),
        "does not have the checksum it states: it was cut off or edited",
    ),
    "an index of another version": (
        lambda f: sealed_again(f / "index.json", schema="paritykit/records/2"),
        "holds a document of the schema 'paritykit/records/2'; expected 'paritykit/records/1'",
    ),
    "an index with more in it": (
        lambda f: sealed_again(f / "index.json", mood="good"),
        "does not hold what it should: Object contains unknown field `mood`",
    ),
    "an index that is a list": (
        lambda f: (f / "index.json").write_text("[]"),
        "holds a document without a schema",
    ),
    "an index that is no JSON": (
        lambda f: (f / "index.json").write_bytes(b"\xff\x00"),
        "was cut off or damaged",
    ),
    "an index with records elsewhere": (
        lambda f: sealed_again(
            f / "index.json",
            pairs=[
                {**pair, "control": "../../../x"}
                for pair in json.loads((f / "index.json").read_text())["pairs"]
            ],
        ),
        "names a record outside it, ../../../x",
    ),
    "no index": (lambda f: (f / "index.json").unlink(), "keeping it was interrupted"),
    "a record cut off": (lambda f: cut(f / RECORD), "was cut off or damaged"),
    "an edited record": (
        lambda f: edit(f / RECORD, '"sharpe_ratio":', '"sharpe_ratio": '),
        "does not have the checksum it states",
    ),
    "a record of another version": (
        lambda f: sealed_with_index(f, schema="paritykit/record/0"),
        "holds a document of the schema 'paritykit/record/0'; expected 'paritykit/record/1'",
    ),
    "a record with another status": (
        lambda f: sealed_with_index(f, status="fine"),
        "does not hold what it should: Invalid enum value 'fine'",
    ),
    "the record of another run": (
        lambda f: sealed_again(f / RECORD, duration_s=1.0),
        "is another record than the one index.json names",
    ),
    "no record": (lambda f: (f / RECORD).unlink(), "cannot be read: No such file or directory"),
    "no trace": (remove_trace, "has no trace.json: there is no trace"),
    "another trace": (exchange_traces, "is another trace than the one record.json names"),
    "a trace cut off": (
        lambda f: cut(f / CONTROL / "trace" / "0" / "bar.parquet"),
        "bytes; trace.json states",
    ),
    "an edited trace": (
        lambda f: edit(f / CONTROL / "trace" / "0" / "trace.json", '"dropped": 0', '"dropped": 1'),
        "does not have the checksum it states; it was damaged or edited",
    ),
}


@pytest.mark.parametrize(("damage", "message"), DAMAGE.values(), ids=DAMAGE)
def test_a_record_that_is_no_good_is_refused_with_what_to_do(
    damage: Callable[[Path], object],
    message: str,
    copied: Path,
    parity: Callable[..., Output],
) -> None:
    damage(copied)
    done = parity("explain", "--json", "-")
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert done.err.startswith("error: ")
    assert "verify again for a new record" in done.err


def test_a_record_in_order_is_no_error(copied: Path, parity: Callable[..., Output]) -> None:
    assert parity("explain").code == 0


def test_records_are_found_by_number_by_path_and_as_the_latest(
    copied: Path, parity: Callable[..., Output]
) -> None:
    shutil.copytree(copied, copied.parent / "000010")
    for name, number in (
        ("latest", "000010"),
        ("1", "000001"),
        ("000001", "000001"),
        (str(copied), "000001"),
        (str(copied / "verify.json"), "000001"),
        (".parity/records/000010", "000010"),
    ):
        done = parity("explain", name)
        assert (done.code, done.err) == (0, "")
        assert f"{number}\n" in done.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["7"], "there is no record 7 in .parity/records (there is from 1 to 1)"),
        (["latst"], "the record latst does not exist: did you mean 'latest'?"),
        (["no/where"], "the record no/where does not exist: expected its folder"),
        (["mine"], "mine is not the folder of a record; it has no index.json"),
        (["empty"], "empty has no index.json: keeping it was interrupted"),
        (["file"], "the record file is no folder"),
        (["--records", "nowhere"], "there is no record in nowhere; make one with parity verify"),
        (["1", "--records", "nowhere"], "there is no record 1 in nowhere (there is none at all)"),
        (["--records", "file"], "file is no folder"),
    ],
)
def test_a_record_that_is_not_there_is_named_with_what_there_is(
    arguments: list[str], message: str, copied: Path, tmp_path: Path, parity: Callable[..., Output]
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "x").write_text("x")
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    done = parity("explain", *arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.err


def test_a_change_of_any_byte_of_a_sealed_file_shows(tmp_path: Path) -> None:
    class Held(msgspec.Struct):
        a: float
        b: str

    content = sealed_json({"schema": "s", "a": float("nan"), "b": "ü"})
    file = tmp_path / "file.json"
    file.write_bytes(content)
    assert read_sealed(file, Held, "s", again="again").b == "ü"
    for place in range(len(content)):
        file.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(UsageError, match="again"):
            read_sealed(file, Held, "s", again="again")
        file.write_bytes(content[:place])
        with pytest.raises(UsageError, match="again"):
            read_sealed(file, Held, "s", again="again")
