"""Where units run: the option, and executors that several subjects share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from containers.executors import ExecutorSpec, UnitExecutor
    from parity.subjects import SubjectSpec

__all__ = ["executor_option", "opened"]

executor_option = click.option(
    "--executor",
    metavar="SPEC",
    help="Where units run: serial (in this process, the default), processes, processes:N, or "
    "dask://HOST:PORT. Results are the same.",
)


@contextmanager
def opened(
    subjects: Sequence[SubjectSpec], executor: str | None, isolated: bool = False
) -> Iterator[list[UnitExecutor | str | None]]:
    """Open the executor of each subject, those of equal ones once, until the block is left.

    Args:
        subjects: Their own word wins; of ours those that say nothing take ``executor``.
        executor: Null: in this process.
        isolated: Whether each has a process of its own. Then, as where one has a ``hash_seed``,
            nothing is opened here: that process opens what the text says, for itself.

    Raises:
        ExecutorError: One is not understood, cannot be reached, or has no workers.
    """
    from containers.executors import open_executor, parse_executor
    from parity.own import ENGINES
    from parity.subjects.specification import HASH_SEED

    default = None if executor is None else parse_executor(executor)
    with ExitStack() as stack:
        found: dict[ExecutorSpec | None, UnitExecutor | None] = {None: None}
        given: list[UnitExecutor | str | None] = []
        for subject in subjects:
            own = subject.options.get("executor")
            spec = default if own is None else parse_executor(own)
            if subject.engine not in ENGINES:
                spec = None  # what runs elsewhere is told by its own key, and sees to it itself
            if isolated or HASH_SEED in subject.options:
                given.append(None if spec is None else str(spec))
                continue
            if spec not in found:
                found[spec] = stack.enter_context(open_executor(spec))
            given.append(found[spec])
        yield given
