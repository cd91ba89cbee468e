"""From what a run leaves behind (journal, result, files) to the channels of a record."""

from parity.recording.files import add_files
from parity.recording.journal import add_journal
from parity.recording.results import add_result

__all__ = ["add_files", "add_journal", "add_result"]
