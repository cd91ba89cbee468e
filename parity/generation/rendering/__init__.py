"""Examples as what the engines read: Python definitions, patterns, configuration, bars."""

from parity.generation.rendering.folder import Rendered, configuration, render

__all__ = ["Rendered", "configuration", "render"]
