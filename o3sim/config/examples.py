"""Shipped examples: the files of ``docs/examples``, each with those that it names."""

from __future__ import annotations

import re
from pathlib import Path

from o3sim.config.catalog import shipped_folder, suggest
from o3sim.config.yaml_marks import read_yaml
from o3sim.errors import InputError

_NAMED = re.compile(r"[\w.-]+\.(?:py|yaml)")


def examples() -> dict[str, str]:
    """Return the names of all examples, sorted, each with its description."""
    found = {}
    for file in sorted(_folder().iterdir()):
        if file.suffix == ".yaml":
            found[file.stem] = str(read_yaml(file).data.get("description", ""))
        elif file.suffix == ".py":
            found[file.name] = _first_line(file).strip('"').rstrip(".")
    return found


def example_files(name: str) -> list[Path]:
    """Return the file of an example, and after it those that it names, directly or through others.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    known = examples()
    stem = name.removesuffix(".yaml")
    if stem not in known:
        listed = "`o3sim example` lists them"
        raise InputError(f"no example `{name}`{suggest(stem, known)}; {listed}")
    files = [_folder() / (stem if stem.endswith(".py") else f"{stem}.yaml")]
    for file in files:
        named = (_folder() / word for word in _NAMED.findall(file.read_text(encoding="utf-8")))
        files += [each for each in dict.fromkeys(named) if each.is_file() and each not in files]
    return files


def _folder() -> Path:
    return shipped_folder("docs") / "examples"


def _first_line(file: Path) -> str:
    with file.open(encoding="utf-8") as stream:
        return stream.readline().strip()
