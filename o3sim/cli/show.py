"""``o3sim show``: an architecture with all that it extends written out."""

from __future__ import annotations

from typing import Annotated

import typer

from o3sim.cli import options
from o3sim.cli.machines import load_machine


def show(
    architecture: options.Architecture,
    settings: options.Set = None,
    control: Annotated[
        str | None,
        typer.Option(metavar="CONTROL", help="The control of that name, derived from it. `o3sim list`."),
    ] = None,
) -> None:
    """Print an architecture in full, as YAML."""
    from o3sim.config.controls import control_of
    from o3sim.config.yaml_marks import dump_yaml

    machine = load_machine(architecture, settings)
    shown = machine if control is None else control_of(machine, control)
    print(dump_yaml(shown.model_dump()), end="")
