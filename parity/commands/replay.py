"""``parity replay``: run saved examples again."""

from __future__ import annotations

from pathlib import Path

import click

from parity.commands.output import check_json_target, console_for, json_option, write_json

__all__ = ["replay"]


@click.command()
@click.argument("folders", type=click.Path(path_type=Path), nargs=-1, required=True)
@json_option
def replay(folders: tuple[Path, ...], json_target: str | None) -> int:
    """Run the examples saved in FOLDERS again.

    Each is FIXED (everything holds now), FAILED (something still does not), or ERROR (it can't be
    run: it is damaged, was changed, or another version saved it).

    Leaves with 0 when all are fixed, 1 when one failed, 2 when one is an error.
    """
    from parity.fuzzing.replaying import replay as run_again
    from parity.reporting.fuzz import print_replays, replay_document

    check_json_target(json_target)
    console = console_for(json_target)
    replays = [run_again(folder) for folder in folders]
    outcomes = {replayed.outcome for replayed in replays}
    code = 2 if "ERROR" in outcomes else 1 if "FAILED" in outcomes else 0
    write_json(replay_document(replays, code), json_target)
    print_replays(replays, console)
    return code
