"""Which class a PE is made from: the shipped one, or a custom one."""

from __future__ import annotations

from o3sim.config.custom_code import is_custom
from o3sim.config.custom_load import load_class
from o3sim.machine.pe import PE

PE_UNITS: dict[str, type[PE]] = {"standard": PE}


def pe_class(name: str) -> type[PE]:
    """Return the PE by the name that ``pe.unit`` has, or load one from ``FILE.py:Class``."""
    return load_class(name, PE) if is_custom(name) else PE_UNITS[name]
