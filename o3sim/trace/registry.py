"""Find trace writers by format: every file in ``o3sim/trace/writers`` is one.

Installed packages add formats through the entry point group ``o3sim.trace``: the name is the
format's, the object a ``make_writer`` function (:mod:`o3sim.trace.writer`).
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from importlib.metadata import entry_points
from types import ModuleType
from typing import cast

from o3sim.config.custom_code import is_custom
from o3sim.config.custom_load import load_class
from o3sim.errors import InputError
from o3sim.trace import writers
from o3sim.trace.writer import MakeWriter

ENTRY_POINTS = "o3sim.trace"


def format_names() -> list[str]:
    """List the formats there are, without importing any of their writers."""
    own = [module.name for module in pkgutil.iter_modules(writers.__path__)]
    return sorted({*own, *(point.name for point in entry_points(group=ENTRY_POINTS))})


def load_writer(name: str) -> MakeWriter:
    """Return the function that makes writers of a format, or a custom class, ``FILE.py:Class``.

    Raises
    ------
    InputError
        If there is no such format or class, or the package it needs is not installed.
    """
    if is_custom(name):
        return cast("MakeWriter", load_class(name, object))
    if name not in format_names():
        from o3sim.config.catalog import suggest

        hint = suggest(name, format_names())
        raise InputError(f"no trace format `{name}`{hint}; there are {', '.join(format_names())}")
    for point in entry_points(group=ENTRY_POINTS, name=name):
        return cast("MakeWriter", point.load())
    return cast("MakeWriter", import_module(f"{writers.__name__}.{name}").make_writer)


def import_extra(module: str, extra: str) -> ModuleType:
    """Import a module that comes with an extra of o3sim.

    Raises
    ------
    InputError
        If it is not installed, with the command that installs it.
    """
    try:
        return import_module(module)
    except ImportError:
        top = module.partition(".")[0]
        raise InputError(f"needs `{top}`, which is not installed: pip install 'o3sim[{extra}]'") from None
