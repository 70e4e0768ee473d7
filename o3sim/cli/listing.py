"""``o3sim list``: what is shipped."""

from __future__ import annotations


def list_shipped() -> None:
    """List shipped architectures and workloads."""
    from o3sim.config.catalog import KINDS, folder, names
    from o3sim.config.yaml_marks import read_yaml

    for kind in KINDS:
        shipped = names(kind)
        width = max(map(len, shipped), default=0)
        print(f"{kind}s:")
        for name in shipped:
            description = read_yaml(folder(kind) / f"{name}.yaml").data.get("description", "")
            print(f"  {name:{width}}  {description}".rstrip())
