"""``o3sim show``: an architecture with all that it extends written out."""

from __future__ import annotations

from o3sim.cli import options
from o3sim.cli.machines import load_machine


def show(
    architecture: options.Architecture,
    settings: options.Set = None,
) -> None:
    """Print an architecture in full, as YAML."""
    from o3sim.config.yaml_marks import dump_yaml

    print(dump_yaml(load_machine(architecture, settings).model_dump()), end="")
