"""`o3sim cliffs`: tiny machines and layers whose traces show one settled reading of the contract each."""

from __future__ import annotations

import sys

from o3sim.cli import options


def cliffs(output: options.OutputFolder) -> None:
    """Write tiny machines and layers that tell the settled readings of docs/machine.md from others.

    Each is a folder with a machine, a workload and the expected trace of its layer, against which a
    simulator or RTL of yours can be held with `o3sim diff`; readings.txt says which lines to look at.
    """
    from o3sim.checks.cliffs.rows import load_cliffs
    from o3sim.checks.cliffs.write import write_cliffs

    found = load_cliffs()
    write_cliffs(found, output)
    readings = len({cliff.reading for cliff in found.cliffs})
    print(f"wrote {len(found.cliffs)} cliffs of {readings} readings to {output}", file=sys.stderr)
