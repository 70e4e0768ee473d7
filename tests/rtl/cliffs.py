"""Hold RTL of every cliff against its expected trace: ``scripts/differential --cliffs``."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from tempfile import mkdtemp

from o3sim.checks.cliffs.layers import make_layer
from o3sim.checks.cliffs.rows import load_cliffs
from o3sim.rtl.check import check_tools
from o3sim.rtl.emit import Subject
from tests.rtl.building import build_runtime, disagreement


def main() -> int:
    """Compare, report, and say by the exit status whether all are the same."""
    check_tools()
    home = Path(mkdtemp(prefix="o3sim-cliffs-"))
    settings = build_runtime(home)
    cliffs, differ = load_cliffs(), 0
    for cliff in cliffs.cliffs:
        made, folder = make_layer(cliff.folder, cliff.ops), home / cliff.folder
        lines = disagreement(Subject(cliffs.machine_of(cliff), made.network, 0, made.image), folder, settings)
        differ += bool(lines)
        print(*([f"{cliff.folder} differs", *lines] if lines else [f"{cliff.folder}: equal"]), sep="\n")
        sys.stdout.flush()
        shutil.rmtree(folder)
    print(f"{len(cliffs.cliffs) - differ} of {len(cliffs.cliffs)} cliffs equal")
    shutil.rmtree(home)
    return int(differ > 0)


if __name__ == "__main__":
    sys.exit(main())
