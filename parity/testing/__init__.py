"""What the pytest plugin does once a test asks for it."""

from parity.testing.account import Account, account_of
from parity.testing.choosing import Chosen, Options, check_settings, marked
from parity.testing.fixture import Parity

__all__ = [
    "Account",
    "Chosen",
    "Options",
    "Parity",
    "account_of",
    "check_settings",
    "marked",
]
