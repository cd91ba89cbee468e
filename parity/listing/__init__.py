"""Which workflows, sequences, topologies, modules and components there are, and where from."""

from parity.listing.inventory import KINDS, Item, inventory

__all__ = ["KINDS", "Item", "inventory"]
