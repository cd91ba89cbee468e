"""Phases, passes, branches: what ran, what was skipped and why, what counts as success.

`docs/semantics.md` 7.1, 7.3, 7.6, 9.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from parity.channels import Channel
from parity.invariants.findings import Findings
from parity.invariants.ranking import HOLDS
from parity.invariants.run import Phase, Run

__all__ = [
    "check_aggregated_results",
    "check_branches",
    "check_conditions",
    "check_passes",
    "check_statuses",
    "check_success",
]

_MET: Final = "condition not met: "
_THRESHOLD: Final = re.compile(
    r"(?P<metric>\S+) (?P<operator>>=|<=|==|!=|>|<) (?P<value>-?[0-9][-+.0-9e]*)"
)
_UNMET: Final = re.compile(
    r"condition not met: (?P<metric>\S+) is (?P<found>\S+), needed "
    r"(?P<operator>>=|<=|==|!=|>|<) (?P<value>\S+)"
)


def check_statuses(run: Run, found: Findings) -> None:
    """Hold what became of every planned phase against its dependencies and the journal."""
    for phases in run.passes.values():
        before: dict[str, Phase] = {}
        for phase in phases:
            for name in phase.planned["depends_on"]:
                found.holds(
                    f"{phase.place}: depends_on", name in before, f"'{name}' before it", "later"
                )
            _hold_records(run, phase, found)
            _hold_status(run, phase, before, found)
            before[phase.name] = phase


def _hold_records(run: Run, phase: Phase, found: Findings) -> None:
    """The journal says of a phase what the result says."""
    entries = [dict(entry) for entry in run.channel(Channel.PLAN).get(phase.place, ())]
    reason = run.get(Channel.STATUS, phase.place).get("reason")
    if phase.status == "skipped":
        due: list[dict[str, Any]] = [{"type": "PhaseSkipped", "reason": reason}]
    else:
        due = [{"type": "PhaseStarted"}, {"type": "PhaseFinished", "status": phase.status}]
        found.equal(f"{phase.place}: reason", None, reason)
    found.equal(f"{phase.place}: records", due, entries)
    if phase.status != "succeeded":
        left = [
            place
            for place in run.channel(Channel.METRICS)
            if place == phase.place or place.startswith(f"{phase.place}/")
        ]
        metrics = run.get(Channel.METRICS, phase.place)
        found.equal(f"{phase.place}: figures of a phase that did not succeed", {}, dict(metrics))
        found.holds(f"{phase.place}: results below it", len(left) <= 1, "none", left[1:2])


def _hold_status(run: Run, phase: Phase, before: Mapping[str, Phase], found: Findings) -> None:
    reason = run.get(Channel.STATUS, phase.place).get("reason")
    needs = [before[name] for name in phase.planned["depends_on"] if name in before]
    failed = [need.name for need in needs if need.status == "failed"]
    skipped = [need.name for need in needs if need.status == "skipped"]
    if failed or skipped:
        word = f"'{failed[0]}' failed" if failed else f"'{skipped[0]}' was skipped"
        shown = {"status": phase.status, "reason": reason}
        due = {"status": "skipped", "reason": f"dependency {word}"}
        found.equal(f"{phase.place}: status", due, shown)
        return
    if phase.status == "skipped":
        text = str(reason)
        stopped = [
            name
            for name, earlier in before.items()
            if earlier.status == "failed"
            and text == f"phase '{name}' failed, and the workflow is fail_fast"
        ]
        is_known = bool(stopped) or (text.startswith(_MET) and bool(phase.planned["conditions"]))
        found.holds(
            f"{phase.place}: reason", is_known, "a condition of the phase, or fail_fast", reason
        )
    else:
        found.compared += 1


def check_conditions(run: Run, found: Findings) -> None:
    """Hold the phases that ran or were skipped against the metric thresholds they depend on."""
    for phases in run.passes.values():
        by_name = {phase.name: phase for phase in phases}
        for phase in phases:
            if phase.status == "skipped":
                _hold_skipped(run, phase, by_name, found)
            elif run.channel(Channel.WINDOWS) and phase.iterations:
                for text in phase.planned["conditions"]:
                    _hold_met(run, phase, text, by_name, found)


def _hold_met(
    run: Run, phase: Phase, text: str, by_name: Mapping[str, Phase], found: Findings
) -> None:
    match = _THRESHOLD.fullmatch(text)
    known = match and _metric(run, match["metric"], by_name)
    if not match or known is None:
        return
    (value,) = known
    threshold = float(match["value"])
    holds = value is not None and HOLDS[match["operator"]](value, threshold)
    found.holds(f"{phase.place}: {text}", holds, "skipped, the condition being false", value)


def _hold_skipped(run: Run, phase: Phase, by_name: Mapping[str, Phase], found: Findings) -> None:
    reason = str(run.get(Channel.STATUS, phase.place).get("reason"))
    match = _UNMET.fullmatch(reason)
    known = match and _metric(run, match["metric"], by_name)
    if not match or known is None:
        return
    (value,) = known
    found.equal(f"{phase.place}: reason", "null" if value is None else repr(value), match["found"])
    if value is not None and re.fullmatch(r"-?[0-9][-+.0-9e]*", match["value"]):
        holds = HOLDS[match["operator"]](value, float(match["value"]))
        found.holds(f"{phase.place}: status", not holds, "not skipped for this", reason)


def _metric(run: Run, text: str, by_name: Mapping[str, Phase]) -> tuple[Any] | None:
    """Give the value of ``phase.metric``; null where there is no such phase or metric."""
    name, _, metric = text.rpartition(".")
    phase = by_name.get(name)
    if phase is None:
        return None
    if phase.status == "skipped":
        return (None,)
    metrics = run.get(Channel.METRICS, phase.place)
    return (metrics[metric],) if metric in metrics else None


def check_success(run: Run, found: Findings) -> None:
    """Hold the success of every pass and workflow against its phases and branches."""
    status = run.channel(Channel.STATUS)
    for place, phases in run.passes.items():
        if "success" not in status.get(place, {}):
            continue  # the pass never came to its end
        branches = [
            bool(status[branch]["success"])
            for branch in _branches_of(run, place)
            if "success" in status[branch]
        ]
        due = _is_success(run, phases) and all(branches)
        shown = status[place]["success"]
        if due or not shown:
            # A hook or a branch that cannot be begun makes a pass fail as well.
            found.compared += 1
        else:
            found.breaks(f"{place}: success", due, shown)
        if due and not shown:
            told = _errors_below(run, place)
            found.holds(f"{place}: success", told, "an error that says why", "none")
    if not run.channel(Channel.PLAN):
        return  # a subject that tells no more than how it ended
    for place in _workflows(run):
        passes = [p for p in run.passes if p.rpartition("/")[0] == place]
        shown = status[place].get("success")
        all_good = all(status.get(p, {}).get("success") for p in passes) and bool(passes)
        if shown:
            found.holds(
                f"{place}: success", all_good, "every pass a success", "a pass that is none"
            )
        error = run.get(Channel.ERRORS, f"{place}/result" if place else "result")
        found.holds(
            f"{place}: error", bool(error) != bool(shown), "an error exactly without success",
            {"success": shown, "error": bool(error)},
        )  # fmt: skip
        for entry in run.channel(Channel.PLAN).get(place, ()):
            if entry["type"] == "WorkflowFinished":
                found.equal(f"{place}: WorkflowFinished", entry["success"], shown)


def _is_success(run: Run, phases: Sequence[Phase]) -> bool:
    by_name = {phase.name: phase for phase in phases}

    def by_condition(phase: Phase) -> bool:
        reason = str(run.get(Channel.STATUS, phase.place).get("reason"))
        if reason.startswith(_MET):
            return True
        match = re.fullmatch(r"dependency '(.*)' was skipped", reason)
        return bool(match) and match is not None and by_condition(by_name[match[1]])

    ran = any(phase.status in ("succeeded", "failed") for phase in phases)
    return ran and all(
        phase.status == "succeeded" or (phase.status == "skipped" and by_condition(phase))
        for phase in phases
        if phase.planned["required"]
    )


def _errors_below(run: Run, place: str) -> bool:
    around = place.rpartition("/")[0]
    spots = (f"{around}/result" if around else "result", place)
    return any(spot in run.channel(Channel.ERRORS) for spot in spots) or any(
        key.startswith(f"{place}/") for key in run.channel(Channel.ERRORS)
    )


def _workflows(run: Run) -> Iterator[str]:
    """Give the places of the workflow and of the branches that have a result."""
    for place, content in run.channel(Channel.STATUS).items():
        is_branch = re.search(r"(?:^|/)branch=[^/]+$", place) is not None
        if "success" in content and (place == "" or is_branch):
            yield place


def _branches_of(run: Run, place: str) -> list[str]:
    prefix = f"{place}/branch="
    return [
        key
        for key in run.channel(Channel.STATUS)
        if key.startswith(prefix) and "/" not in key[len(prefix) :]
    ]


def check_passes(run: Run, found: Findings) -> None:
    """Count the passes of every loop, and hold them against its hooks."""
    status = run.channel(Channel.STATUS)
    for place in _workflows(run):
        below = f"{place}/iteration=" if place else "iteration="
        passes = [key for key in status if key.startswith(below) and key[len(below) :].isdigit()]
        for index, key in enumerate(passes):
            found.equal(f"{place}: passes", f"{below}{index}", key)
            found.equal(f"{key}: index", index, status[key].get("index", index))
            config = run.config_of(key) or run.config_of(place)
            hooks = {h["hook"]: h for h in run.channel(Channel.HOOKS).get(key, ())}
            is_last = index == len(passes) - 1
            for hook in hooks.values():
                found.equal(
                    f"{key}: arguments of {hook['hook']}", {"index": index}, hook["arguments"]
                )
            if config is not None:
                most = config["max_iterations"]
                # Its own limit: a loop may change how long it may be, also to less than it was.
                if index + 1 >= most:
                    found.holds(f"{key}: passes", is_last, f"at most {most}", len(passes))
                    found.holds(
                        f"{key}: hooks", "should_continue" not in hooks,
                        "no should_continue in the last permitted pass", list(hooks),
                    )  # fmt: skip
            if not is_last:
                changes = hooks.get("modify_config_for_next", {}).get("result") or {}
                later = run.config_of(passes[index + 1])
                _hold_changes(passes[index + 1], changes, later, found)
            goes_on = hooks.get("should_continue", {}).get("result")
            if not is_last:
                found.equal(f"{key}: should_continue", True, goes_on)
                _hold_followed(run, key, found)
            elif goes_on is True and status[place].get("success"):
                found.breaks(f"{key}: should_continue", "another pass", "the last one")


def _hold_followed(run: Run, place: str, found: Findings) -> None:
    """A pass that another follows is a success, but for branches: one that fails ends no loop."""
    status = run.channel(Channel.STATUS)
    if any(status[branch].get("success") is False for branch in _branches_of(run, place)):
        good = _is_success(run, run.passes.get(place, ()))
        found.holds(f"{place}: phases", good, "a success, as another pass follows", "none")
    else:
        found.equal(f"{place}: success", True, status.get(place, {}).get("success"))


_COMPLETED: Final = ("symbols", "strategies", "classifiers", "risk_profiles")
"""Lists whose items are completed, so that they are not what was written."""


def _hold_changes(place: str, changes: Any, config: Any, found: Findings) -> None:
    """What the hook changed is what the next pass has."""
    for key, value in changes.items():
        if key in _COMPLETED or config is None:
            continue
        shown = config.get(key)
        if isinstance(value, Mapping) and isinstance(shown, Mapping):
            _hold_changes(f"{place}: {key}", value, shown, found)
        else:
            # A whole number where a float belongs becomes a float: values count, not types.
            found.holds(f"{place}: {key}", bool(value == shown), value, shown)


def check_branches(run: Run, found: Findings) -> None:
    """Hold the branches that ran against the hook that named them."""
    for place, entries in run.channel(Channel.HOOKS).items():
        for entry in entries:
            if entry["hook"] != "get_branches":
                continue
            _hold_named(run, place, list(entry["result"]), found)
    for place in _workflows(run):
        outer = {run.get(Channel.OUTPUTS, above).get("workflow") for above in _outer(place)}
        name = run.get(Channel.OUTPUTS, place).get("workflow")
        found.holds(f"{place}: workflow", name not in outer, "none that is being run already", name)
        for entry in run.channel(Channel.PLAN).get(place, ()):
            if entry["type"] == "WorkflowStarted":
                found.equal(f"{place}: WorkflowStarted", entry["workflow"], name)


def _hold_named(run: Run, place: str, names: Sequence[str], found: Findings) -> None:
    """Hold the branches of a pass against their names: all run, up to one that cannot be begun."""
    again = run.second_branches.get(place)
    if again is not None:
        names = names[: names.index(again, names.index(again) + 1)]
    ran = [key.rpartition("branch=")[2] for key in _branches_of(run, place)]
    found.equal(f"{place}: branches", names[: len(ran)], ran)
    last = f"{place}/branch={ran[-1]}" if ran else place
    if ran and run.get(Channel.STATUS, last).get("journal") == ["ErrorRaised"]:
        return  # no later one follows
    found.equal(f"{place}: number of branches", len(names), len(ran))
    if again is not None:
        path = f"{place}/branch={again}"
        wrong = run.channel(Channel.ERRORS).get(path)
        found.holds(f"{path}: error", bool(wrong), "one, since the name is there twice", "none")


def _outer(place: str) -> Iterator[str]:
    """Give the places of the workflows around a branch's."""
    while place:
        around = re.sub(r"(?:^|/)iteration=\d+/branch=[^/]+$", "", place)
        if around == place:
            return  # a place that no branch can have, which is found elsewhere
        place = around
        yield place


def check_aggregated_results(run: Run, found: Findings) -> None:
    """Hold the best phase and the primary metric against the phases of the last pass."""
    for place in _workflows(run):
        outputs = run.get(Channel.OUTPUTS, place)
        below = f"{place}/iteration=" if place else "iteration="
        passes = [
            key for key in run.passes if key.startswith(below) and key[len(below) :].isdigit()
        ]
        if not passes or "aggregated_results" not in outputs:
            continue
        # Of a further pass the configuration is its own; the first has that of the workflow.
        config = run.config_of(passes[-1]) or run.config_of(place)
        if config is None:
            continue
        metric = config["objective"]["metric"]
        sign = -1.0 if config["objective"]["direction"] == "max" else 1.0
        ranked = []
        for phase in run.passes[passes[-1]]:
            if phase.succeeded:
                value = run.get(Channel.METRICS, phase.place).get(metric)
                rank = (value is None, 0.0 if value is None else sign * value)
                ranked.append((rank, phase.name, value))
        best = min(ranked, key=lambda one: one[0], default=(None, None, None))
        due: dict[str, Any] = {"primary_metric": None, "best_phase": None}
        if ranked:
            due = {"primary_metric": {"metric": metric, "value": best[2]}, "best_phase": best[1]}
        found.equal(f"{place}: aggregated_results", due, outputs["aggregated_results"])
