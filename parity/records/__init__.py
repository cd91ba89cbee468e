"""Records kept on disk, and read back: `RecordFolder` holds those of one verification."""

from parity.records.folder import LATEST, RecordFolder, RecordIndex, StoredPair
from parity.records.record_file import (
    TRACES_KEPT,
    StoredRecord,
    load_record,
    save_record,
)
from parity.records.sealed import read_sealed, sealed_json

__all__ = [
    "LATEST",
    "TRACES_KEPT",
    "RecordFolder",
    "RecordIndex",
    "StoredPair",
    "StoredRecord",
    "load_record",
    "read_sealed",
    "save_record",
    "sealed_json",
]
