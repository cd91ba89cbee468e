"""Where a run keeps what it comes to: its folder, its logs, and how results are read back.

`RunFolder` is the whole, `PhaseFolder` and `UnitFolder` are its parts, `PhaseStore` has the logs of
a phase: what was finished, which outlives its process.
"""

from containers.files import write_aside
from containers.storage.card import CARD_FILE, RunCard, RunState, read_card
from containers.storage.folder import RESULT_FILE, PhaseFolder, RunFolder
from containers.storage.identity import Identity, Source, identity_of, phase_identity
from containers.storage.ids import check_workflow_id, default_workflow_id
from containers.storage.lazy import StoredIterations, loaded
from containers.storage.lock import LOCK_FILE, is_held
from containers.storage.manifest import MANIFEST_FILE, result_files
from containers.storage.phase_store import ITERATIONS_FILE, UNITS_FILE, PhaseStore
from containers.storage.portfolio_files import PortfolioFiles
from containers.storage.portfolios import StoredPortfolios, bare_portfolios
from containers.storage.unit_folder import UnitFolder
from containers.storage.wire import UnitRecord, decode_unit, encode_unit

__all__ = [
    "CARD_FILE",
    "ITERATIONS_FILE",
    "LOCK_FILE",
    "MANIFEST_FILE",
    "RESULT_FILE",
    "UNITS_FILE",
    "Identity",
    "PhaseFolder",
    "PhaseStore",
    "PortfolioFiles",
    "RunCard",
    "RunFolder",
    "RunState",
    "Source",
    "StoredIterations",
    "StoredPortfolios",
    "UnitFolder",
    "UnitRecord",
    "bare_portfolios",
    "check_workflow_id",
    "decode_unit",
    "default_workflow_id",
    "encode_unit",
    "identity_of",
    "is_held",
    "loaded",
    "phase_identity",
    "read_card",
    "result_files",
    "write_aside",
]
