"""Units of a stored study that fail, die or hang in workers: what is said, and what is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from containers.configuration import UserInput
from containers.executors import UnitExecutor, open_executor
from parity.damage.stored_study import ID, StoredStudy, logs, plain_text
from parity.damage.told import Outcomes

__all__ = ["fates"]


_FATES: Final[Mapping[str, int]] = {"raises": 1, "holds a lock": 2, "exits": 3, "hangs": 4}
_SLOW: Final[Mapping[str, str]] = {"exits": "declarative", "hangs": "imperative"}
"""What takes seconds, and the engine that is spared it: where workers end is no engine's own."""
_LIMIT_S: Final = 1.5


def fates(engine: str) -> Callable[[Path, Path], Outcomes]:
    """Make a part: of the home of the study and an empty folder."""

    def part(home: Path, folder: Path) -> Outcomes:
        study = logs(engine, home)
        told: dict[str, str] = {}
        with open_executor("processes:2", unit_timeout_s=_LIMIT_S) as executor:
            for name, fate in _FATES.items():
                if engine != _SLOW.get(name):
                    given = _sweep(study, [0, fate])
                    told[name] = _failed(study, folder / name, given, executor)
            good = _sweep(study, [0])
            serial = study.observed(folder / "serial", given=good)
            spread = study.observed(folder / "spread", given=good, executor=executor)
            told["works"] = "the same" if spread == serial else "not meant: another result"
        for name in ("raises", "holds a lock"):
            given = _sweep(study, [0, _FATES[name]])
            told[f"{name}, serial"] = _failed(study, folder / f"{name} serial", given, None)
        return {"fates": told, "limits": _limits(study, folder)}

    return part


def _sweep(study: StoredStudy, which: list[int]) -> UserInput:
    return study.given(
        workflow="fates",
        strategies=[{"type": "fateful"}],
        parameter_space={"fateful.period": [2, 3], "fateful.fate": which},
    )


def _failed(study: StoredStudy, root: Path, given: UserInput, executor: UnitExecutor | None) -> str:
    """Say how a run fails, and what is heard of it before."""
    seen = study.observed(root, given=given, executor=executor)
    error: Any = seen.document["error"]
    if error is None:
        return "not meant: it came to its end"
    heard = [entry["record"]["type"] for entry in seen.journal]
    ran = sum(kind == "UnitExecuted" for kind in heard)
    text = f"{error['type']} of {error['path']}: {error['message']}"
    return plain_text(f"{text}; {ran} units heard of, the last is {heard[-1]}", root)


def _limits(study: StoredStudy, folder: Path) -> dict[str, str]:
    """Ask an engine for executors and limits that are none; nothing is written."""
    told: dict[str, str] = {}
    for executor, limit in (
        ("processes:0", None), ("processes:x", None), ("dask://", None), ("serial", 0), (None, -1),
        ("processes:1", float("nan")), (7, None),
    ):  # fmt: skip
        root = folder / "limits"
        try:
            study.run(root, executor=executor, unit_timeout_s=limit)
            said = "is done"
        except Exception as error:  # noqa: BLE001  # whatever it is, it is told
            said = f"{type(error).__name__}: {error}"
        there = ", and a folder is left" if (root / "results" / ID).exists() else ""
        told[f"{executor}, {limit}"] = said + there
    return told
