"""``o3sim validate``: check configuration files without running anything."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from o3sim.errors import ConfigError, InputError


def validate(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Architectures, workloads, ...")],
) -> None:
    """Check YAML files; report all that is wrong.

    Of sweeps and searches everything that they name is checked, too, and that networks fit.
    """
    from o3sim.cli.kinds import kind_of
    from o3sim.config.extends import load_document

    problems: list[str] = []
    for file in files:
        try:
            document = load_document(file)
            kind = kind_of(document)
            kind.check(document)
            if kind.beyond is not None:
                kind.beyond(file)
        except ConfigError as error:
            problems += error.problems
        except InputError as error:
            problems.append(str(error))
        else:
            print(f"{file}: valid {kind.label}")
    if problems:
        raise ConfigError(list(dict.fromkeys(problems)))
