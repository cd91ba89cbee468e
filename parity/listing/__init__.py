"""Which workflows, sequences, topologies, modules and components there are, and where from."""

from parity.listing.inventory import inventory
from parity.listing.item import KINDS, Item

__all__ = ["KINDS", "Item", "inventory"]
