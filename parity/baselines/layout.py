"""A baseline as a file: JSON, one figure a line, stable to the byte.

    {"schema": …, "checksum": …, "config": …, "workflow": …, "status": …, "places": {PLACE: BLOCK}}

A block holds what each channel has at a place. Units of a study are mostly alike, so a block, or
what a channel has, can be ``{"$like": PLACE, "$but": {path: value}, "$without": [path]}``: that of
an earlier place but for some leaves. The checksum is over everything else, in canonical form: a
file that was edited by hand or badly merged is found out, one whose line ends were changed is not.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Hashable, Mapping
from typing import Any, Final, Literal

import msgspec
import xxhash

from containers.errors import ConfigPath, Location
from containers.trace import FORMAT
from parity.baselines.flat import flatten, unflatten
from parity.baselines.outline import canonical
from parity.baselines.sketch import Sketch
from parity.channels import ALL, CAUSE_FIRST, Channel
from parity.comparison.values import same
from parity.errors import UsageError
from parity.record import OVERRIDABLE, Status, TraceSettings

__all__ = ["SCHEMA", "Baseline", "parse", "render"]

SCHEMA: Final = "paritykit/baseline/1"

_NUMBER: Final = re.compile(r"\d+")
_SETTINGS: Final = "trace settings"
_FLOAT: Final = "$float"
_LIKE, _BUT, _WITHOUT = "$like", "$but", "$without"
_WORTH: Final = 0.6
"""A tree is told by another when that takes no more than so many of its leaves."""

_AGAIN: Final = (
    "restore it from version control, or make it anew with: parity approve --update CONFIG"
)


class Baseline(msgspec.Struct, frozen=True):
    """What was approved of one configuration.

    Attributes:
        config: The configuration's file, as seen from the folder of baselines, with slashes.
        approved_from: The subjects that gave it, all alike.
        sketch: What is kept of the run.
    """

    config: str
    approved_from: tuple[str, ...]
    sketch: Sketch


class _Head(msgspec.Struct, frozen=True):
    """What a baseline says before its places, which are of these types."""

    config: str
    workflow: str | None
    status: Status
    said: list[str] | None
    approved_from: tuple[str, ...]
    declared: Literal["all"] | list[Channel]
    told: dict[str, str]
    places: dict[str, dict[str, Any]]


def render(baseline: Baseline) -> bytes:
    """Write a baseline; the same one always as the same bytes."""
    sketch = baseline.sketch
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "checksum": "",
        "config": baseline.config,
        "workflow": sketch.workflow,
        "status": sketch.status,
        "said": None if sketch.said is None else sketch.said.splitlines(),
        "approved_from": list(baseline.approved_from),
        "traces": FORMAT,
        "declared": _declared(sketch),
        "told": {"/".join(map(str, path)): sketch.told[path] for path in sorted(sketch.told)},
        "places": _places(sketch),
    }
    document["checksum"] = _checksum(document)
    return json.dumps(document, indent=1, ensure_ascii=False).encode("utf-8") + b"\n"


def parse(content: bytes, file: str) -> Baseline:
    """Read a baseline; ``file`` is its name in messages.

    Raises:
        UsageError: It is damaged, was edited, is of another version, or no baseline at all.
    """
    document = _json(content, file)
    schema = document.get("schema")
    if schema != SCHEMA:
        raise UsageError(f"{file}: {_foreign(schema)}")
    if document.get("checksum") != _checksum(document):
        raise UsageError(
            f"{file}: the checksum does not fit what is in it: it was edited, damaged or badly "
            f"merged; {_AGAIN}"
        )
    if document.get("traces") != FORMAT:
        raise UsageError(
            f"{file}: its digests are of traces in the format {document.get('traces')!r}, and this "
            f"version makes {FORMAT!r}; approve it anew with the version that made it held against "
            "this one, or with: parity approve --update CONFIG"
        )
    try:
        return _baseline(document)
    except (ValueError, TypeError, KeyError, AttributeError, msgspec.ValidationError) as error:
        raise UsageError(f"{file}: this is not what a baseline holds ({error}); {_AGAIN}") from None


def _declared(sketch: Sketch) -> str | list[str]:
    if sketch.declared == ALL:
        return "all"
    return [channel.value for channel in CAUSE_FIRST if channel in sketch.declared]


def _places(sketch: Sketch) -> dict[str, Any]:
    blocks: dict[str, dict[str, Any]] = {}
    for channel in CAUSE_FIRST:
        for place, content in sketch.channels.get(channel, {}).items():
            blocks.setdefault(place, {})[channel.value] = _sorted(content)
    for unit, settings in sketch.trace_settings.items():
        blocks.setdefault(unit, {})[_SETTINGS] = _sorted(msgspec.to_builtins(settings))
    told: dict[str, Any] = {}
    sharing = _Sharing()
    for place, block in blocks.items():
        content = _encoded(block)
        # Units of a sweep are alike as a whole; a phase has, say, the configuration of the run.
        told[place] = sharing.told(tuple(block), place, content) or {
            name: sharing.told(name, place, part) or part for name, part in content.items()
        }
        for name, part in content.items():
            sharing.keep(name, place, part)
        sharing.keep(tuple(block), place, content)
    return told


class _Sharing:
    """Tells trees by others that are nearly alike: of each kind the first one and the last."""

    def __init__(self) -> None:
        self._seen: Final[dict[Hashable, list[tuple[str, dict[str, Any]]]]] = {}

    def keep(self, kind: Hashable, place: str, tree: Any) -> None:
        """Have others told by this one."""
        self._seen.setdefault(kind, [])[1:] = [(place, flatten(tree))]

    def told(self, kind: Hashable, place: str, tree: Any) -> dict[str, Any] | None:
        """Tell a tree by another one; null when that is not much shorter."""
        leaves = flatten(tree)
        best: dict[str, Any] | None = None
        least = len(leaves) * _WORTH
        for other_place, other in self._seen.get(kind, ()):
            but = {
                path: value
                for path, value in leaves.items()
                if path not in other or not same(other[path], value)
            }
            without = [path for path in other if path not in leaves]
            if len(but) + len(without) < least:
                least = len(but) + len(without)
                best = {_LIKE: other_place, _BUT: but, _WITHOUT: without}
                best = {key: value for key, value in best.items() if value or key == _LIKE}
        return best


def _baseline(document: Mapping[str, Any]) -> Baseline:
    head = msgspec.convert(document, _Head)
    channels: dict[Channel, dict[str, Any]] = {channel: {} for channel in CAUSE_FIRST}
    settings: dict[str, TraceSettings] = {}
    known: dict[str, dict[str, Any]] = {}
    for place, told in head.places.items():
        if _LIKE in told:
            block = _read(told, known[told[_LIKE]])
        else:
            block = {
                name: _read(part, known[part[_LIKE]][name])
                if isinstance(part, dict) and _LIKE in part
                else part
                for name, part in told.items()
            }
        known[place] = block
        for name, content in block.items():
            if name == _SETTINGS:
                settings[place] = msgspec.convert(content, TraceSettings)
            else:
                channels[Channel(name)][place] = _decoded(content)
    sketch = Sketch(
        workflow=head.workflow,
        status=head.status,
        declared=ALL if head.declared == "all" else frozenset(head.declared),
        told={_overridden(path): value for path, value in head.told.items()},
        trace_settings=settings,
        channels=channels,
        said=None if head.said is None else "\n".join(head.said),
    )
    return Baseline(head.config, head.approved_from, sketch)


def _overridden(path: str) -> ConfigPath:
    """Give the path of a setting by which a subject can be told how to run.

    Raises:
        ValueError: Nobody can be told that, so it must not be left out of a comparison.
    """
    found: ConfigPath = tuple(path.split("/"))
    if found not in OVERRIDABLE:
        raise ValueError(f"no subject can be told '{path}'")
    return found


def _read(told: Mapping[str, Any], other: Any) -> Any:
    """Give the tree that is told by another one."""
    leaves = {**flatten(other), **told.get(_BUT, {})}
    for path in told.get(_WITHOUT, ()):
        del leaves[path]
    return unflatten(leaves)


def _checksum(document: Mapping[str, Any]) -> str:
    rest = {key: value for key, value in document.items() if key != "checksum"}
    # The order of places counts: what differs first is told by it.
    rest["order"] = list(rest["places"]) if isinstance(rest.get("places"), Mapping) else None
    return xxhash.xxh3_128_hexdigest(canonical(rest).encode("utf-8", "backslashreplace"))


def _json(content: bytes, file: str) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            twice = next(key for key, _ in pairs if [name for name, _ in pairs].count(key) > 1)
            raise UsageError(f"{file}: it has {twice!r} twice; {_AGAIN}")
        return found

    def stranger(word: str) -> Any:
        raise UsageError(f"{file}: it has {word}, which a baseline never does; {_AGAIN}")

    try:
        document = json.loads(
            content.decode("utf-8"), object_pairs_hook=once, parse_constant=stranger
        )
    except json.JSONDecodeError as error:
        where = Location(file, error.lineno, error.colno)
        raise UsageError(
            f"{where}: this is not JSON ({error.msg}): damaged, cut off or badly merged; {_AGAIN}"
        ) from None
    except (ValueError, RecursionError) as error:  # no UTF-8, a number without end, too deep
        raise UsageError(f"{file}: this is not a baseline ({error}); {_AGAIN}") from None
    if not isinstance(document, dict):
        raise UsageError(f"{file}: found JSON that is no mapping, expected a baseline ({SCHEMA})")
    return document


def _foreign(schema: object) -> str:
    if isinstance(schema, str) and schema.startswith("paritykit/baseline/"):
        return (
            f"it has the format {schema}, and this version reads {SCHEMA}; check it "
            "with the version that made it, then approve it anew"
        )
    found = "no 'schema'" if schema is None else f"the schema {schema!r}"
    return f"found {found}, expected {SCHEMA}; a folder of baselines holds nothing else"


def _sorted(tree: Any) -> Any:
    if isinstance(tree, Mapping):
        return {key: _sorted(tree[key]) for key in sorted(tree, key=_natural)}
    return [_sorted(item) for item in tree] if isinstance(tree, list) else tree


def _natural(key: str) -> str:
    """Sort numbers in names by their size: rows 256 before rows 1024."""
    return _NUMBER.sub(lambda found: found[0].zfill(20), key)


def _encoded(tree: Any) -> Any:
    if isinstance(tree, float) and not math.isfinite(tree):
        return {_FLOAT: repr(tree)}
    if isinstance(tree, Mapping):
        return {key: _encoded(value) for key, value in tree.items()}
    return [_encoded(item) for item in tree] if isinstance(tree, list) else tree


def _decoded(tree: Any) -> Any:
    if isinstance(tree, Mapping):
        if tree.keys() == {_FLOAT}:
            return float(tree[_FLOAT])
        return {key: _decoded(value) for key, value in tree.items()}
    return [_decoded(item) for item in tree] if isinstance(tree, list) else tree
