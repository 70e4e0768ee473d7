"""``o3sim list``: what is shipped, and the controls that any machine has."""

from __future__ import annotations

from collections.abc import Mapping


def list_shipped() -> None:
    """List shipped architectures and workloads, and controls."""
    from o3sim.config.catalog import KINDS, folder, names
    from o3sim.config.controls import CONTROLS
    from o3sim.config.yaml_marks import read_yaml

    for kind in KINDS:
        files = {name: folder(kind) / f"{name}.yaml" for name in names(kind)}
        _print(
            f"{kind}s", {name: read_yaml(file).data.get("description", "") for name, file in files.items()}
        )
    _print("controls", {name: control.description for name, control in CONTROLS.items()})


def _print(heading: str, described: Mapping[str, str]) -> None:
    width = max(map(len, described), default=0)
    print(f"{heading}:")
    for name, description in described.items():
        print(f"  {name:{width}}  {description}".rstrip())
