"""Build the RTL with Verilator, run it, and hold its events and output bits against the simulator's."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from o3sim.checks.diff.traces import compare_traces
from o3sim.errors import InputError
from o3sim.rtl.emit import output_bits
from o3sim.rtl.memories import output_words
from o3sim.runs.case import Case
from o3sim.trace.session import trace_layer
from o3sim.trace.window import event_window
from o3sim.trace.writers.canonical import make_writer

if TYPE_CHECKING:
    from o3sim.rtl.emit import Subject
    from o3sim.runs.progress import Progress

EXPECTED, TRACE, OUTPUT, LOG = "expected.txt", "trace.txt", "output.hex", "build.log"
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
    """Trace the layer on the simulator, into the folder of the RTL.

    Parameters
    ----------
    subject : Subject
    case : Case
        Of its network, its image being the first.
    folder : Path
    progress : callable, optional
        Told of every layer that begins.
    """
    with (folder / EXPECTED).open("wb") as stream:
        trace_layer(
            subject.architecture, case, event_window(subject.number), make_writer, stream, progress=progress
        )


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
    return [f"output bit of window {wrong[0]} is wrong in {folder / OUTPUT}"] if len(wrong) else []


def wrong_bits(subject: Subject, folder: Path) -> list[int]:
    """Return the windows whose output bit in the activation buffer is not that of functional inference."""
    from o3sim.contract.output_addresses import first_output_word

    width, bits = subject.architecture.pe.width_edges, output_bits(subject)
    first = first_output_word(subject.layer.geometry, width)
    lines = (line for line in (folder / OUTPUT).read_text().splitlines() if not line.startswith("//"))
    made = [int(line, 16) for line in lines][first:]
    places = np.arange(bits.size)
    pairs = zip(output_words(bits, width), made, strict=True)
    unequal = [wanted ^ got for wanted, got in pairs]
    return [int(n) for n in places if unequal[n // width] >> (n % width) & 1]


def cycles_of(trace: Path) -> int:
    """Count the cycles of a trace, by its last event."""
    last = [line for line in trace.read_text().splitlines() if not line.startswith("#")][-1]
    return int(last.split()[0]) + 1


def events_of(folder: Path) -> int:
    """Count the events of the trace that the RTL left."""
    with (folder / TRACE).open() as lines:
        return sum(not line.startswith("#") for line in lines)
