"""zonediff compares how Linux kernel memory-hotplug patches behave.

The names below are the public Python interface. Each is imported when it is first used, so that
`import zonediff` itself costs nothing; docs/python.md shows how they work together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zonediff.api import load_scenarios, render, run
    from zonediff.engine.errors import ZonediffError
    from zonediff.variants.registry import Registry

    __version__: str

__all__ = ["Registry", "ZonediffError", "__version__", "load_scenarios", "render", "run"]

_MODULES = {
    "Registry": "zonediff.variants.registry",
    "ZonediffError": "zonediff.engine.errors",
    "load_scenarios": "zonediff.api",
    "render": "zonediff.api",
    "run": "zonediff.api",
}

if not TYPE_CHECKING:  # a type checker would take any name to be here

    def __getattr__(name: str) -> object:
        """Import a public name on its first use (PEP 562)."""
        if name == "__version__":
            from importlib.metadata import version

            value: object = version("zonediff")
        elif name in _MODULES:
            from importlib import import_module

            value = getattr(import_module(_MODULES[name]), name)
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """List the public names, also those that are not imported yet."""
    return sorted(__all__)
