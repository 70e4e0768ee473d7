"""A small sweep on disk: a tiny network on small machines, points of a few milliseconds."""

from __future__ import annotations

from pathlib import Path

from tests.network.samples import write_tiny

SWEEP = """\
name: small
architectures: [small]
workloads: [tiny.yaml]
images: {count: 2}
axes:
  issue_queue.depth_ops: {from: 1, to: 6, step: 1}
  pe.latency_cycles: [1, 2]
"""


def write_sweep(folder: Path, text: str = SWEEP) -> Path:
    """Write the sweep with its workload."""
    write_tiny(folder)
    path = folder / "sweep.yaml"
    path.write_text(text)
    return path


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Return all files of a folder, with content and time of change; and the times of the folders."""
    return {
        str(path.relative_to(folder)): (path.read_bytes() if path.is_file() else b"", path.stat().st_mtime_ns)
        for path in [folder, *folder.rglob("*")]
    }
