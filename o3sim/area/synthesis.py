"""Count the cells of units at some sizes, with Yosys."""

from __future__ import annotations

import ctypes
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from o3sim.errors import InputError

UNITS = Path(__file__).parent / "units"
"""Datapaths that are measured, each a module of the name of its file."""

SHARED = Path(__file__).parent.parent / "rtl" / "units"
"""Units of `o3sim rtl` that depend on no layer: what the datapaths are made of."""

SHARED_PATHS = {
    "o3_compress": "operands/o3_compress.sv",
    "o3_popcount": "o3_popcount.sv",
}
FLOW = "synth_xilinx -family xc7 -noiopad -noclkbuf -nodsp -run"
"""Units are flattened before, each by itself."""


@dataclass(frozen=True)
class Cells:
    """What a unit takes of a chip.

    Attributes
    ----------
    lut : int
        Look-up tables of up to six inputs, those that are used as memory among them.
    ff : int
        Flip-flops.
    bram36 : float
        Block RAMs of 36 kbit; a half is one of 18.
    """

    lut: int
    ff: int
    bram36: float = 0


Point = tuple[str, Mapping[str, int]]
"""The name of a module in ``o3sim/area/units``, and its parameters."""


def synthesize(points: Sequence[Point]) -> list[Cells]:
    """Map units at some sizes to a Xilinx 7 and count the cells of each.

    All go through Yosys together, for a small unit takes less time than to read what a Xilinx is.

    Parameters
    ----------
    points : sequence of Point
        Units, each at a size.

    Raises
    ------
    InputError
        If pyosys is not installed.
    """
    check_yosys()
    from pyosys import libyosys

    design: Any = libyosys.Design()
    with tempfile.TemporaryDirectory() as folder, silent():
        counts = Path(folder, "counts")
        for command in (*_commands(points), f"tee -q -o {counts} stat -json"):
            libyosys.run_pass(command, design)
        text = counts.read_text()
    found = json.loads(text[text.index("{") : text.rindex("}") + 1])["modules"]
    return [_cells(found[f"\\point{number}"]["num_cells_by_type"]) for number in range(len(points))]


def synthesize_elsewhere(unit: str, sizes: Mapping[str, int]) -> Cells:
    """Count the cells of a unit in a process of its own, which ends with this one, however that happens.

    Yosys does not hear ctrl-C, and may use up the memory.

    Raises
    ------
    InputError
        If the process died.
    """
    program = f"from o3sim.area.synthesis import answer; answer({os.getpid()})"
    command = [sys.executable, "-c", program]
    asked = json.dumps([unit, dict(sizes)])
    done = subprocess.run(command, input=asked, capture_output=True, text=True, check=False)  # noqa: S603 - our own code
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1:] or ["killed, or out of memory"]
        raise InputError(f"Yosys died at {unit} {dict(sizes)} ({said[0]}); --unit chooses other units")
    return Cells(**json.loads(done.stdout))


def answer(asker: int) -> None:
    """Synthesise the unit that standard input asks for, and write what was counted to standard output.

    Parameters
    ----------
    asker : int
        The process that waits for it, and that it ends with.
    """
    _end_with(asker)
    unit, sizes = json.loads(sys.stdin.read())
    print(json.dumps(asdict(synthesize([(unit, sizes)])[0])))


def _end_with(parent: int) -> None:
    """Have the kernel kill this process when its parent is gone: what is killed can end nothing itself."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_ON_DEATH_OF_PARENT, signal.SIGKILL)
    if os.getppid() != parent:  # gone already
        sys.exit(1)


_ON_DEATH_OF_PARENT = 1
"""PR_SET_PDEATHSIG of Linux: which signal comes then."""


def check_yosys() -> None:
    """Refuse where Yosys is not installed.

    Raises
    ------
    InputError
        Naming the extra that it comes with.
    """
    if find_spec("pyosys") is None:
        raise InputError("pyosys is not installed; it comes with the extra `rtl`: pip install 'o3sim[rtl]'")


def sources(unit: str) -> list[Path]:
    """Return the files that a unit is made of."""
    return [UNITS / f"{unit}.sv", *(SHARED / path for path in SHARED_PATHS.values())]


def _commands(points: Sequence[Point]) -> Iterator[str]:
    for number, (unit, sizes) in enumerate(points):
        values = " ".join(f"-G {name}={value}" for name, value in sizes.items())
        yield "design -reset"
        yield f"read_slang --top {unit} {values} {' '.join(map(str, sources(unit)))}"
        yield "flatten"
        yield f"design -save point{number}"
    yield "design -reset"
    yield "scratchpad -set abc9.verify false"  # proving that mapping changed nothing takes most of the time
    yield "read_verilog -lib -specify +/xilinx/cells_sim.v"
    yield "read_verilog -lib +/xilinx/cells_xtra.v"
    for number, (unit, _) in enumerate(points):
        yield f"design -copy-from point{number} -as point{number} {unit}"
    yield f"{FLOW} prepare:check"


def _cells(counts: Mapping[str, int]) -> Cells:
    return Cells(
        sum(
            count * _LUTS.get(name, 1) for name, count in counts.items() if re.match(r"LUT\d|RAM\d|SRL", name)
        ),
        sum(count for name, count in counts.items() if name.startswith("FD")),
        sum(count * _BLOCKS.get(name, 0) for name, count in counts.items()),
    )


_LUTS = {"RAM32M": 4, "RAM64M": 4, "RAM32X1D": 2, "RAM64X1D": 2, "RAM128X1D": 4}
"""Look-up tables that a cell of distributed memory takes, where that is not one."""


_BLOCKS = {"RAMB36E1": 1.0, "RAMB18E1": 0.5}


@contextmanager
def silent() -> Iterator[None]:
    """Keep what Yosys prints to file descriptor 1 from the terminal."""
    kept = os.dup(1)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
