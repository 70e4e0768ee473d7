"""``o3sim list``: what is shipped, and the controls that any machine has."""

from __future__ import annotations

from collections.abc import Mapping

from o3sim.cli import options, outputs


def list_shipped(json: options.Json = "") -> None:
    """List shipped architectures, workloads and energy tables, and controls."""
    from o3sim.config.catalog import KINDS, described
    from o3sim.config.controls import CONTROLS
    from o3sim.config.shipped_tables import described_tables

    listed = {
        **{f"{kind}s": described(kind) for kind in KINDS},
        "energy tables": described_tables(),
        "controls": {name: control.description for name, control in CONTROLS.items()},
    }
    if json:
        from json import dumps

        outputs.write_json(json, dumps(listed, indent=2, ensure_ascii=False) + "\n")
    if json != outputs.STANDARD_OUTPUT:
        for heading, names in listed.items():
            print_described(heading, names)


def print_described(heading: str, described: Mapping[str, str]) -> None:
    """Print names beside their descriptions, under a heading."""
    width = max(map(len, described), default=0)
    print(f"{heading}:")
    for name, description in described.items():
        print(f"  {name:{width}}  {description}".rstrip())
