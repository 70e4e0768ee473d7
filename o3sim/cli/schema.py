"""``o3sim schema``: JSON Schemas for editors."""

from __future__ import annotations

from typing import Annotated

import typer

from o3sim.cli import candidates, options, outputs
from o3sim.errors import InputError


def schema(
    kind: Annotated[
        str | None,
        typer.Argument(help="Print this one: architecture, workload, ...", autocompletion=candidates.schemas),
    ] = None,
    output: options.OptionalFolder = None,
) -> None:
    """Print or write JSON Schemas, for editors."""
    from o3sim.cli.schema_files import MODELS, schema_files
    from o3sim.config.catalog import suggest
    from o3sim.files import write_atomic

    if (kind is None) == (output is None):
        raise InputError(f"give one of: {', '.join(MODELS)}; or --output DIR")
    if kind is not None and kind not in MODELS:
        raise InputError(f"no schema `{kind}`{suggest(kind, MODELS)}; there are: {', '.join(MODELS)}")
    if output is not None:
        outputs.make_folder("--output", output)
    for name, text in schema_files().items():
        if output is not None:
            write_atomic(output / name, text)
            print(output / name)
        elif name.startswith(f"{kind}."):
            print(text, end="")
