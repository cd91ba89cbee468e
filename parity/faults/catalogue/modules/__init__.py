"""A mistake in every module of `containers` that has none elsewhere: both engines share it.

`WITHOUT` lists the modules for which there is none, each with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from parity.faults.catalogue.modules import components, configuration, data, lives, storing, traces
from parity.faults.fault import Fault

__all__ = ["FAULTS", "WITHOUT"]

FAULTS: Final[tuple[Fault, ...]] = (
    *components.FAULTS,
    *configuration.FAULTS,
    *data.FAULTS,
    *lives.FAULTS,
    *storing.FAULTS,
    *traces.FAULTS,
)

WITHOUT: Final[Mapping[str, str]] = {
    "containers/executors/base.py": "it declares what executors have, and does nothing",
    "containers/executors/lanes.py": "it declares what lanes and backends have, and does nothing",
    "containers/executors/cluster.py": "it needs a Dask cluster, which the catalogue does not start; "
    "mutants of it are held against the study that `make verify` runs over one",
    "containers/executors/foreign.py": "it serves executors that a Python program hands in, which no "
    "verification does; its tests see what goes wrong in it",
    "containers/executors/folders.py": "it removes what workers left behind that died; nothing that a "
    "run gives back depends on it, and its tests look at the folders",
    "containers/storage/lock.py": "it keeps two processes from one run, and a verification has one; "
    "tests run two",
    "containers/trace/side_by_side.py": "it shows what stands beside what once a verdict is out, "
    "for `parity explain`",
    "containers/trace/windows.py": "it reads traces of several chunks side by side, which no small "
    "scenario has; tests align such traces",
    "containers/storage/ids.py": "ids are left out of every comparison, since no two runs share one; "
    "its tests assert their form",
    "containers/trace/errors.py": "it words what is wrong with an event, which no engine publishes",
}
