"""Definitions, sequences, windows, draws and what is aggregated: F09, F10, F12, F26 to F34."""

from __future__ import annotations

from typing import Final

from parity.faults.catalogue.writing import fault
from parity.faults.fault import Fault
from parity.faults.scenarios import (
    NESTED,
    NULL_FIGURES,
    PIPELINE,
    SHADOWED_PATTERN,
    SHADOWED_PYTHON,
    SPLIT,
    UNKNOWN_SEQUENCE_IN_PATTERN,
    UNKNOWN_SEQUENCE_IN_PYTHON,
    WALK,
    WINDOWLESS,
)

__all__ = ["FAULTS"]

FAULTS: Final[tuple[Fault, ...]] = (
    fault(
        "F09-imperative",
        "an unknown sequence quietly runs once",
        UNKNOWN_SEQUENCE_IN_PYTHON,
        "refusal",
        (
            "imperative/definitions.py",
            '            if name not in known:\n                message = f"{owner} names the {noun}',
            "            if noun != 'sequence' and name not in known:\n                message = f\"{owner} names the {noun}",
        ),
        (
            "imperative/sequencer.py",
            "self.sequences[name]() for name in names",
            "self.sequences.get(name, self.sequences['single_pass'])() for name in names",
        ),
    ),
    fault(
        "F09-declarative",
        "an unknown sequence quietly runs once",
        UNKNOWN_SEQUENCE_IN_PATTERN,
        "refusal",
        (
            "declarative/plan.py",
            "    if node.value not in known:\n",
            "    if kind == 'sequence' and node.value not in known:\n        return known['single_pass']\n    if node.value not in known:\n",
        ),
    ),
    fault(
        "F10-imperative",
        "the body of a sequence is not executed",
        NESTED,
        "windows",
        (
            "imperative/sequencer.py",
            "            self.chain(phase.chain),\n",
            "            self.chain(phase.chain[:1]),\n",
        ),
    ),
    fault(
        "F10-declarative",
        "the body of a sequence is not executed",
        NESTED,
        "plan",
        (
            "declarative/plan.py",
            "    return Inner(pattern, body)\n",
            "    return Inner(pattern, None)\n",
        ),
    ),
    fault(
        "F26-imperative",
        "windows are counted in calendar days",
        WALK,
        "windows",
        (
            "imperative/sequences/windows.py",
            "    train, test = settings.train_bars, settings.test_bars\n    if train",
            "    train, test = settings.train_bars * 5 // 7, settings.test_bars * 5 // 7\n    if train",
        ),
    ),
    fault(
        "F27-imperative-overlap",
        "train reaches into the test",
        WALK,
        "windows",
        (
            "imperative/sequences/windows.py",
            "Stretch(0 if anchored else start, first_test - 1)",
            "Stretch(0 if anchored else start, first_test)",
        ),
    ),
    fault(
        "F27-imperative-unsplit",
        "the split is not applied",
        SPLIT,
        "windows",
        (
            "imperative/sequences/windows.py",
            "return Split(Stretch(0, first_test - 1), Stretch(first_test, n - 1))",
            "return Split(Stretch(0, n - 1), Stretch(0, n - 1))",
        ),
    ),
    fault(
        "F12-imperative",
        "a shipped definition shadows the user's of the same name",
        SHADOWED_PYTHON,
        "refusal",
        (
            "imperative/discovery.py",
            "            if joined.setdefault(name, cls) is not cls:",
            "            if joined.setdefault(name, cls) is None:",
        ),
    ),
    fault(
        "F12-declarative",
        "a shipped pattern shadows the user's of the same name",
        SHADOWED_PATTERN,
        "refusal",
        (
            "declarative/patterns.py",
            "            if first is not pattern:",
            "            if first is None:",
        ),
    ),
    fault(
        "F28-imperative",
        "no window at all counts as success",
        WINDOWLESS,
        "status",
        (
            "imperative/sequences/windows.py",
            "    if train + test > n:\n",
            "    if train + test > n * 1000:\n",
        ),
        (
            "imperative/planning.py",
            "        if not planned:\n            message",
            "        if planned is None:\n            message",
        ),
    ),
    fault(
        "F31-declarative-statistics",
        "population instead of sample deviation over iterations",
        WALK,
        "outputs",
        ("declarative/statistics.py", "(len(known) - 1)", "len(known)"),
    ),
    fault(
        "F31-declarative-percentile",
        "another rule for percentiles",
        WALK,
        "outputs",
        (
            "declarative/statistics.py",
            "height = (len(ordered) - 1) * q / 100",
            "height = max(len(ordered) * q / 100 - 1, 0)",
        ),
    ),
    fault(
        "F32-imperative",
        "a null metric is best",
        NULL_FIGURES,
        "windows",
        (
            "imperative/findings.py",
            "        return broken, True, 0.0",
            "        return broken, False, -math.inf",
        ),
    ),
    fault(
        "F33-imperative",
        "aggregates are taken from another level and yield nothing",
        WALK,
        "outputs",
        ("imperative/findings.py", "    held = tuple(portfolios)\n", "    held = ()\n"),
    ),
    fault(
        "F33-declarative",
        "aggregates are taken from another level and yield nothing",
        WALK,
        "outputs",
        (
            "declarative/outcomes.py",
            "    figures = [portfolio.metrics for portfolio in portfolios.values()]",
            "    figures = []",
        ),
    ),
    fault(
        "F34-declarative-reset",
        "the seed is reset at each iteration",
        PIPELINE,
        "windows",
        (
            "declarative/variations.py",
            "np.random.PCG64(np.random.SeedSequence(random_seed, spawn_key=spawn_key))",
            "np.random.PCG64(np.random.SeedSequence(random_seed))",
        ),
    ),
    fault(
        "F34-imperative-unset",
        "a seed of zero is taken as unset",
        PIPELINE,
        "windows",
        (
            "imperative/sequences/noise.py",
            "np.random.SeedSequence(seed, spawn_key=spawn_key)",
            "np.random.SeedSequence(seed or 1, spawn_key=spawn_key)",
        ),
    ),
)
