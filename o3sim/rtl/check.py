"""Build the RTL with Verilator, run it, and hold its events and output bits against the simulator's."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.checks.diff.traces import compare_traces
from o3sim.errors import InputError
from o3sim.rtl.emit import output_bits
from o3sim.rtl.expected import write_events

if TYPE_CHECKING:
    from o3sim.rtl.emit import Subject
    from o3sim.runs.case import Case
    from o3sim.runs.progress import Progress

EXPECTED, TRACE, OUTPUT, LOG = "expected.txt", "trace.txt", "output.hex", "build.log"
ACTIVATIONS = "activations.hex"
MOST_LOG_LINES = 12
SPARE = 2
"""RTL may take so many times the cycles of the simulator before it is taken to stand still."""

TOOLS = {"verilator": "verilator", "make": "make", "g++": "g++"}
"""Programs that building takes, and the packages of Debian and Ubuntu that have them."""


def check_tools() -> None:
    """Refuse to check where a program is missing.

    Raises
    ------
    InputError
        With the packages to install.
    """
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        packages = " ".join(TOOLS[tool] for tool in missing)
        raise InputError(
            f"--check: {', '.join(missing)} not found on PATH; on Debian and Ubuntu: apt-get install"
            f" {packages}; without --check the RTL is written all the same"
        )


def write_expected(subject: Subject, case: Case, folder: Path, progress: Progress | None = None) -> None:
    """Trace the layers on the simulator (:mod:`o3sim.rtl.expected`), into the folder of the RTL."""
    with (folder / EXPECTED).open("wb") as stream:
        write_events(subject, case, stream, progress)


def run_rtl(folder: Path, *settings: str) -> None:
    """Build the RTL of a folder, if that was not done, and run it: it leaves its trace and output bits.

    Parameters
    ----------
    folder : Path
    *settings : str
        Variables of make, ``NAME=VALUE``.

    Raises
    ------
    InputError
        If it cannot be built or does not come to an end.
    """
    (folder / TRACE).unlink(missing_ok=True)
    command = ["make", "-C", str(folder), TRACE, f"CYCLES={SPARE * cycles_of(folder / EXPECTED)}", *settings]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own Makefile
    log = done.stdout + done.stderr
    (folder / LOG).write_text(log)
    if done.returncode:
        end = "\n".join(log.splitlines()[-MOST_LOG_LINES:])
        raise InputError(f"{folder}: the RTL cannot be built or run; {LOG} there ends with\n{end}")


def difference(subject: Subject, folder: Path) -> list[str]:
    """Say where the RTL that ran in a folder differs from what is expected, in lines; none if nowhere."""
    expected, made = folder / EXPECTED, folder / TRACE
    found = compare_traces(expected, made)
    if found is not None:
        return [f"A: {expected}, the simulator", f"B: {made}, the RTL", *found.report]
    wrong = wrong_bits(subject, folder)
    return [f"{wrong[0]} in {folder / OUTPUT}"] if wrong else []


def wrong_bits(subject: Subject, folder: Path) -> list[str]:
    """Say which bits of the activation buffer are wrong in the end: output bits, and others that changed.

    Output bits are to be those of functional inference, and all other bits what they were before.
    """
    regions, width = subject.regions, subject.architecture.pe.width_edges
    wanted, made = (_bits(folder / name, width) for name in (ACTIVATIONS, OUTPUT))
    described: dict[int, str] = {}
    for number, (layer, bits) in enumerate(zip(subject.layers, output_bits(subject), strict=True)):
        places = regions.output_places(number)
        wanted[places] = bits.ravel()
        of_layer = f" of layer {layer.name}" if subject.count > 1 else ""
        described |= {
            place: f"output bit of window {window}{of_layer} is wrong"
            for window, place in enumerate(places.tolist())
        }
    return [
        described.get(at, f"bit {at % width} of word {at // width}, no output bit, has changed")
        for at in np.flatnonzero(wanted != made).tolist()
    ]


def _bits(path: Path, width: int) -> NDArray[np.uint8]:
    """Read a memory as Verilog writes it: its words, and of each the bits, lowest first."""
    words = [int(line, 16) for line in path.read_text().splitlines() if not line.startswith("//")]
    return np.array([word >> place & 1 for word in words for place in range(width)], np.uint8)


def cycles_of(trace: Path) -> int:
    """Count the cycles of a trace, by its last event."""
    last = [line for line in trace.read_text().splitlines() if not line.startswith("#")][-1]
    return int(last.split()[0]) + 1


def events_of(folder: Path) -> int:
    """Count the events of the trace that the RTL left."""
    with (folder / TRACE).open() as lines:
        return sum(not line.startswith("#") for line in lines)
