"""Executors: where the units of a run are worked out, other than in its own process.

`open_executor` gives a `UnitExecutor` for what a caller named. Nothing here says what a unit is: a
function, a value that many units share, and an item each.

    spec        what a text like ``processes:4`` means
    opening     from what a caller gave to a `UnitExecutor`
    base        what an executor does
    sharing     a value handed over once per worker; its file, and what workers keep of it
    packing     values as bytes: market data by reference, a user's own modules with their source
    streams     market data as Arrow record batches that workers map
    units       what happens inside a worker
    lanes       what a kind of executor has to provide
    dispatch    who runs what and when: batches, suspects, limits of time
    folders     where what workers of this machine share lies
    processes   workers on this machine
    cluster     the workers of a Dask cluster
    foreign     any other `concurrent.futures.Executor`
"""

from containers.executors.base import UnitExecutor
from containers.executors.opening import open_executor
from containers.executors.sharing import Shared
from containers.executors.spec import ExecutorSpec, parse_executor

__all__ = ["ExecutorSpec", "Shared", "UnitExecutor", "open_executor", "parse_executor"]
