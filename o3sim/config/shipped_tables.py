"""The energy tables that come with o3sim, and shipped files of any kind."""

from __future__ import annotations

from pathlib import Path

from o3sim.config.catalog import KINDS, folder, is_path, is_there, names, suggest
from o3sim.config.yaml_marks import read_yaml
from o3sim.errors import InputError

TABLES_FOLDER = Path(__file__).parents[1] / "energy" / "tables"


def shipped_tables() -> tuple[str, ...]:
    """List the names of the energy tables that come with o3sim, sorted."""
    return tuple(sorted(path.stem for path in TABLES_FOLDER.glob("*.yaml")))


def described_tables() -> dict[str, str]:
    """Return the names of the shipped energy tables, each with its description."""
    files = {name: TABLES_FOLDER / f"{name}.yaml" for name in shipped_tables()}
    return {name: str(read_yaml(file).data.get("description", "")) for name, file in files.items()}


def is_table(name_or_path: str) -> bool:
    """Return whether there is a shipped table of that name, or a file if it is a path."""
    return name_or_path in shipped_tables() or (is_path(name_or_path) and is_there(name_or_path))


def no_table(name_or_path: str) -> str:
    """Say that there is no such table, and which there are."""
    what = f"no file {name_or_path}" if is_path(name_or_path) else f"no shipped table `{name_or_path}`"
    shipped = ", ".join(f"`{name}`" for name in shipped_tables())
    return f"{what}{suggest(Path(name_or_path).stem, shipped_tables())}; shipped are {shipped}"


def shipped_anywhere(name: str) -> Path:
    """Return the shipped file of that name, energy tables last; raise InputError if there is none."""
    for kind in KINDS:
        if name in names(kind):
            return folder(kind) / f"{name}.yaml"
    if name in shipped_tables():
        return TABLES_FOLDER / f"{name}.yaml"
    hint = suggest(name, [*(known for kind in KINDS for known in names(kind)), *shipped_tables()])
    raise InputError(f"nothing shipped is called `{name}`{hint}; `o3sim list` shows what is, or give a file")
