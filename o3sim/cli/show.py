"""``o3sim show``: an architecture with all that it extends written out."""

from __future__ import annotations

from typing import Annotated

import typer


def show(
    architecture: Annotated[str, typer.Argument(metavar="ARCH", help="Shipped name, or a YAML file.")],
) -> None:
    """Print an architecture in full, as YAML."""
    from o3sim.config.load import load_architecture
    from o3sim.config.yaml_marks import dump_yaml

    print(dump_yaml(load_architecture(architecture).model_dump()), end="")
