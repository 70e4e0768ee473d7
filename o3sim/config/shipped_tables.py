"""The energy tables that come with o3sim."""

from __future__ import annotations

from pathlib import Path

from o3sim.config.catalog import is_path, suggest

TABLES_FOLDER = Path(__file__).parents[1] / "energy" / "tables"


def shipped_tables() -> tuple[str, ...]:
    """List the names of the energy tables that come with o3sim, sorted."""
    return tuple(sorted(path.stem for path in TABLES_FOLDER.glob("*.yaml")))


def is_table(name_or_path: str) -> bool:
    """Return whether there is a shipped table of that name, or a file if it is a path."""
    return name_or_path in shipped_tables() or (is_path(name_or_path) and Path(name_or_path).is_file())


def no_table(name_or_path: str) -> str:
    """Say that there is no such table, and which there are."""
    what = f"no file {name_or_path}" if is_path(name_or_path) else f"no shipped table `{name_or_path}`"
    shipped = ", ".join(f"`{name}`" for name in shipped_tables())
    return f"{what}{suggest(Path(name_or_path).stem, shipped_tables())}; shipped are {shipped}"
