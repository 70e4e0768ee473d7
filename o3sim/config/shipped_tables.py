"""The energy tables that come with o3sim."""

from __future__ import annotations

from pathlib import Path

TABLES_FOLDER = Path(__file__).parents[1] / "energy" / "tables"


def shipped_tables() -> tuple[str, ...]:
    """List the names of the energy tables that come with o3sim, sorted."""
    return tuple(sorted(path.stem for path in TABLES_FOLDER.glob("*.yaml")))
