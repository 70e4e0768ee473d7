"""Build the RTL with Verilator, run it, and hold its events and output bits against the simulator's."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

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
    return [f"{wrong[0]} in {folder / OUTPUT}"] if wrong else []


def wrong_bits(subject: Subject, folder: Path) -> list[str]:
    """Say which bits of the activation buffer are wrong after a layer: output bits, and others that changed.

    Output bits are to be those of functional inference, and all other bits what they were before.
    """
    from o3sim.contract.output_addresses import first_output_word

    width, bits = subject.architecture.pe.width_edges, output_bits(subject)
    first = first_output_word(subject.layer.geometry, width)
    wanted, made = (_words(folder / name) for name in (ACTIVATIONS, OUTPUT))
    words, in_last = output_words(bits, width), bits.size % width or width
    behind = wanted[first + len(words) - 1] >> in_last << in_last  # what else the last word holds
    wanted[first : first + len(words)] = [*words[:-1], words[-1] | behind]
    return [
        _described((word - first) * width + place, bits.size, word, place)
        for word, (is_right, is_there) in enumerate(zip(wanted, made, strict=True))
        for place in range(width)
        if (is_right ^ is_there) >> place & 1
    ]


def _words(path: Path) -> list[int]:
    """Read a memory as Verilog writes it."""
    return [int(line, 16) for line in path.read_text().splitlines() if not line.startswith("//")]


def _described(window: int, windows: int, word: int, place: int) -> str:
    if 0 <= window < windows:
        return f"output bit of window {window} is wrong"
    return f"bit {place} of word {word}, no output bit, has changed"


def cycles_of(trace: Path) -> int:
    """Count the cycles of a trace, by its last event."""
    last = [line for line in trace.read_text().splitlines() if not line.startswith("#")][-1]
    return int(last.split()[0]) + 1


def events_of(folder: Path) -> int:
    """Count the events of the trace that the RTL left."""
    with (folder / TRACE).open() as lines:
        return sum(not line.startswith("#") for line in lines)
