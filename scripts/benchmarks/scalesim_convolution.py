"""SCALE-Sim on a convolution, in an environment of its own.

python -m venv scalesim && scalesim/bin/pip install scalesim 'numpy<2' 'pandas<3'
"""

from __future__ import annotations

import resource
import subprocess
import tempfile
from pathlib import Path

CONFIG = """\
[general]
run_name = bench

[architecture_presets]
ArrayHeight:    32
ArrayWidth:     32
IfmapSramSzkB:  1024
FilterSramSzkB: 1024
OfmapSramSzkB:  1024
IfmapOffset:    0
FilterOffset:   10000000
OfmapOffset:    20000000
Dataflow : ws
Bandwidth : 10
ReadRequestBuffer: 32
WriteRequestBuffer: 32

[layout]
IfmapCustomLayout: False
IfmapSRAMBankBandwidth: 10
IfmapSRAMBankNum: 10
IfmapSRAMBankPort: 2
FilterCustomLayout: False
FilterSRAMBankBandwidth: 10
FilterSRAMBankNum: 10
FilterSRAMBankPort: 2

[sparsity]
SparsitySupport: false

[run_presets]
InterfaceBandwidth: CALC
UseRamulatorTrace: False
"""

LAYOUT = "Layer name," + 20 * "," + "\nconv," + 20 * "1," + "\n"
"""Read in any case, used only with custom layouts."""

RUN = """\
import sys
from scalesim.scale_sim import scalesim
config, topology, layout, folder, traces = sys.argv[1:]
run = scalesim(save_disk_space=traces == "no", verbose=False, config=config, topology=topology, layout=layout)
run.run_scale(top_path=folder)
"""


def macs_per_cpu_s(python: Path, size: int, channels: int, traces: bool) -> float:
    """Simulate a 3x3 same convolution on a 32x32 weight-stationary array.

    Parameters
    ----------
    python : Path
        Interpreter of an environment that has SCALE-Sim.
    size, channels : int
        Rows and columns of the map; channels in and out.
    traces : bool
        Whether it writes its traces to disk, as its command line always does.

    Returns
    -------
    float
        Multiply-accumulates simulated per second of CPU time.
    """
    row = f"conv, {size + 2}, {size + 2}, 3, 3, {channels}, {channels}, 1,"
    header = (
        "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "bench.cfg").write_text(CONFIG)
        (folder / "bench.csv").write_text(f"{header}\n{row}\n")
        (folder / "layout.csv").write_text(LAYOUT)
        (folder / "run.py").write_text(RUN)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        files = [folder / name for name in ("run.py", "bench.cfg", "bench.csv", "layout.csv")]
        arguments = [*files, folder, "yes" if traces else "no"]
        subprocess.run([python, *arguments], check=True, stdout=subprocess.DEVNULL, cwd=folder)  # noqa: S603
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)
    return size * size * channels * channels * 9 / seconds
