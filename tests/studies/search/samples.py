"""A small search on disk: a tiny network on small machines, points of a few milliseconds."""

from __future__ import annotations

from pathlib import Path

from tests.network.samples import write_tiny

SEARCH = """\
name: small-search
architecture: small
workload: tiny.yaml
parameters:
  pe.count: [1, 2, 4, 8]
  issue_queue.depth_ops: {from: 2, to: 16, factor: 2}
  pe.latency_cycles: [1, 2, 3]
derived: {sequencer.width_ops: 'max(1, pe.count // 2)'}
constraints: [peak_edges_per_cycle <= 128]
objectives: {cycles: minimise, area.lut: minimise, utilisation: maximise}
batch: 6
trials: 20
seed: 3
"""


def write_search(folder: Path, text: str = SEARCH) -> Path:
    """Write the search with its workload."""
    folder.mkdir(exist_ok=True)
    write_tiny(folder)
    path = folder / "explore.yaml"
    path.write_text(text)
    return path
