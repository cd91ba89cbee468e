"""The same case once more: nothing of the runs before it, and nothing around it, may show."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from containers.configuration import read_user
from containers.errors import ConfigurationError
from containers.journal import Entry
from parity.record import Record, record_of_crash, record_of_refusal, record_of_run
from parity.relations.trial import DoesNotApplyError, Trial
from parity.subjects.engine import Engine, told, told_by

__all__ = ["another", "as_file", "engine_reused", "other_between", "repeated"]

_RESULTS = "results"


def repeated(trial: Trial) -> None:
    """Run the case again."""
    trial.agree(trial.base, trial.run(), "run again")


def other_between(trial: Trial) -> None:
    """Run another case, which sets what this one leaves to defaults, and then this one again."""
    trial.run(another(trial.case.config))
    trial.agree(trial.base, trial.run(), "run again after another case")


def engine_reused(trial: Trial) -> None:
    """Let one engine run the case, another, and the case again."""
    entries: list[Entry] = []
    root = trial.folder()
    try:
        engine = trial.case.own.engine(trial.engine, consumers=[entries.append], root=root)
    except ConfigurationError as error:
        raise DoesNotApplyError(f"the engine cannot be made: {error}") from error
    first = _run(engine, trial, trial.case.config, entries, root)
    _run(engine, trial, another(trial.case.config), entries, root)
    last = _run(engine, trial, trial.case.config, entries, root)
    trial.agree(trial.base, first, "run by an engine that is used again")
    trial.agree(trial.base, last, "run again by the same engine, after another case")


def as_file(trial: Trial) -> None:
    """Write the configuration to a file, and run that."""
    if trial.base.status == "refused":
        raise DoesNotApplyError("the configuration is refused, and in a file it has another place")
    folder = trial.folder()
    folder.mkdir(parents=True)
    file = folder / "case.yaml"
    try:
        text = json.dumps(trial.config, ensure_ascii=False, allow_nan=False, indent=1)
    except (TypeError, ValueError) as error:
        raise DoesNotApplyError(f"the configuration has no form in YAML: {error}") from error
    file.write_text(text, encoding="utf-8")
    trial.agree(trial.base, trial.run(file), "run from a YAML file")


def another(config: Mapping[str, Any]) -> dict[str, Any]:
    """Give another case of the same workflow, that sets everything which can be set.

    Were anything of it kept, the next run would show it where that run relies on defaults.
    """
    other = copy.deepcopy(dict(config))
    profiles = other.get("risk_profiles") or [{"type": "moderate"}]
    other.update(
        risk_profiles=[
            *(profiles if isinstance(profiles, list) else []),
            {
                "type": "custom", "name": "another", "max_position_size": 0.123,
                "max_leverage": 0.9, "max_drawdown": 0.05, "drawdown_cooldown_bars": 3,
                "stop_loss": 0.01,
            },
        ],
        execution={
            "fill": "same_close", "slippage_bps": 11, "commission_bps": 7,
            "commission_per_share": 0.03, "commission_fixed": 1, "commission_minimum": 2,
            "close_at_end": True,
        },
        portfolio={
            "initial_capital": 54321, "fractional": True, "lot_size": 0.5, "allow_short": True,
        },
        objective={
            "metric": "total_return", "direction": "min",
            "constraints": [{"metric": "num_trades", "operator": ">=", "value": 1}],
        },
        metrics={"periods_per_year": 99},
        random_seed=271828,
        max_iterations=2,
        trace={"containers": {"data/*": "none"}, "max_events": 77},
        parameter_sweep={"random": {"count": 2}, "only": None, "skip": []},
        train_test={"train_ratio": 0.6, "warmup_bars": 3, "close_at_end": False},
        monte_carlo={"iterations": 2, "noise_level": 0.4},
    )  # fmt: skip
    return other


def _run(
    engine: Engine, trial: Trial, config: Mapping[str, Any], entries: list[Entry], root: Path
) -> Record:
    """Record a run by an engine that may have run before."""
    entries.clear()
    settings = told_by({})
    began = time.perf_counter()
    try:
        user = told(read_user(copy.deepcopy(dict(config))), settings)
        result = engine.run_workflow(user)
    except ConfigurationError as error:
        return record_of_refusal(trial.engine, error, time.perf_counter() - began, root=root)
    except Exception as error:  # noqa: BLE001  # as of any subject: it is a verdict on the engine
        return record_of_crash(trial.engine, error, time.perf_counter() - began)
    return record_of_run(
        trial.engine, result, list(entries), time.perf_counter() - began,
        told=settings, root=root, folder=root / _RESULTS / result.workflow_id,
    )  # fmt: skip
