"""The shared container interface, and what lives behind it."""
