"""``o3sim validate``: check configuration files without running anything."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from o3sim.errors import ConfigError


def validate(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Architectures, workloads, ...")],
) -> None:
    """Check YAML files; report all that is wrong."""
    from o3sim.cli.kinds import kind_of
    from o3sim.config.extends import load_document

    problems: list[str] = []
    for file in files:
        try:
            document = load_document(file)
            kind = kind_of(document)
            kind.check(document)
        except ConfigError as error:
            problems += error.problems
        else:
            print(f"{file}: valid {kind.label}")
    if problems:
        raise ConfigError(list(dict.fromkeys(problems)))
