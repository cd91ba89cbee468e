"""Progress: counted from the journal, shown on a terminal, and nowhere else."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress

from containers.journal import (
    Entry,
    Journal,
    PhaseFinished,
    PhaseSkipped,
    PhaseStarted,
    PlanMade,
    PlannedPhase,
    UnitExecuted,
)
from parity.commands.progress import Tally, Watch
from parity.reporting.bars import columns
from tests.parity.conftest import HANDMADE, ROOT, Output

UNIT = UnitExecuted(slices=1, events=1)


def planned(name: str, units: int | None) -> PlannedPhase:
    return PlannedPhase(name, "backtest", "single_pass", (), True, (), {}, units)


def watched() -> tuple[Tally, Journal]:
    tally = Tally()

    def hear(entry: Entry) -> None:
        tally.hear(entry)

    return tally, Journal([hear])


def run(journal: Journal, name: str, units: int, status: str = "succeeded") -> None:
    phase = journal.child("phase", name)
    phase.write(PhaseStarted())
    for index in range(units):
        phase.child("window", index).child("unit", 0).write(UNIT)
    phase.write(PhaseFinished(status=status))


def test_the_total_grows_with_passes_and_branches() -> None:
    tally, journal = watched()
    assert (tally.done, tally.total) == (0, 0)
    first = journal.child("iteration", 0)
    first.write(PlanMade(phases=(planned("sweep", 10), planned("check", 2))))
    run(first, "sweep", 10)
    assert (tally.done, tally.total, tally.phase) == (10, 12, "sweep")
    run(first, "check", 2)
    branch = first.child("branch", "wide").child("iteration", 0)
    branch.write(PlanMade(phases=(planned("sweep", 5),)))
    assert (tally.done, tally.total) == (12, 17)
    run(branch, "sweep", 5)
    journal.child("iteration", 1).write(PlanMade(phases=(planned("sweep", 30),)))
    assert (tally.done, tally.total) == (17, 47)


def test_the_total_is_unknown_until_a_phase_that_references_decide_has_ended() -> None:
    tally, journal = watched()
    journal.write(PlanMade(phases=(planned("sweep", 2), planned("check", None))))
    run(journal, "sweep", 2)
    assert (tally.done, tally.total) == (2, None)
    run(journal, "check", 7)
    assert (tally.done, tally.total) == (9, 9)


def test_what_a_skipped_or_failed_phase_did_not_run_is_no_longer_to_come() -> None:
    tally, journal = watched()
    journal.write(PlanMade(phases=(planned("a", 10), planned("b", 10), planned("c", None))))
    run(journal, "a", 4, status="failed")
    journal.child("phase", "b").write(PhaseSkipped(reason="condition not met"))
    journal.child("phase", "c").write(PhaseSkipped(reason="condition not met"))
    assert (tally.done, tally.total) == (4, 4)


def screen(watch_over: int | None, act: Callable[[Watch], None]) -> list[str]:
    """Give the lines that are shown at the end of ``act``, at 10 units a second."""
    clock = iter(range(10_000_000))
    console = Console(file=io.StringIO(), force_terminal=True, width=120, color_system=None)
    progress = Progress(
        *columns(), console=console, auto_refresh=False, get_time=lambda: next(clock) / 1_000
    )
    act(Watch(progress, watch_over))
    with console.capture() as shown:
        console.print(progress.get_renderable())
    return [" ".join(line.split()) for line in shown.get().splitlines()]


def test_a_run_is_shown_as_one_bar_over_all_its_units() -> None:
    def act(watch: Watch) -> None:
        watch.say("study.yaml · imperative")
        journal = Journal([watch])
        journal.write(PlanMade(phases=(planned("sweep", 3_000), planned("check", 1_000))))
        run(journal, "sweep", 3_000)

    (line,) = screen(None, act)
    assert "study.yaml · imperative · sweep" in line
    assert "3,000 of 4,000 units" in line


def test_the_count_of_runs_stays_in_sight_while_the_units_of_each_are_counted() -> None:
    def act(watch: Watch) -> None:
        watch.say("a.yaml · imperative")
        journal = Journal([watch])
        journal.write(PlanMade(phases=(planned("sweep", 50),)))
        run(journal, "sweep", 50)
        watch.say("a.yaml · declarative")
        journal = Journal([watch])
        journal.write(PlanMade(phases=(planned("sweep", None),)))
        phase = journal.child("phase", "sweep")
        phase.write(PhaseStarted())

    outer, inner = screen(3, act)
    assert "1 of 3 runs" in outer
    assert "a.yaml · declarative · sweep" in inner
    assert "0 units" in inner


def test_names_are_shown_as_they_are_and_not_as_markup() -> None:
    (line,) = screen(None, lambda watch: watch.say("[red]a[/].yaml"))
    assert "[red]a[/].yaml" in line


def test_nothing_is_shown_where_there_is_no_terminal(
    parity: Callable[..., Output], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert parity("run", str(HANDMADE / "two_symbols.yaml")).err == ""


def test_units_rate_and_time_are_shown_on_a_terminal(tmp_path: Path) -> None:
    """A terminal sees the bar; what is printed for good is there without it."""
    (tmp_path / "c.yaml").write_text(
        "workflow: walk_forward_validation\n"
        f"data: {{data_dir: {ROOT / 'fixtures' / 'market'}, start_date: 2003-01-01,"
        " end_date: 2006-12-31}\nsymbols: [IBM]\n"
        "strategies: [{type: momentum}]\n"
        "parameter_space: {momentum.fast_period: [5, 6, 7, 8, 9, 10, 11, 12]}\n"
        "walk_forward: {train_bars: 100, test_bars: 50}\n",
        encoding="utf-8",
    )
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "parity", "run", "c.yaml", "--json", "out.json"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "160"},
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    try:
        while block := os.read(ours, 65_536):
            shown += block
    except OSError:
        pass  # how Linux says that the other side has closed its terminal
    os.close(ours)
    assert process.wait(timeout=60) == 0
    assert b"units" in shown
    assert b"/s" in shown
