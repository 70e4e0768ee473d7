"""Build and run RTL as fast as it goes: what all testbenches have in common is compiled once."""

from __future__ import annotations

import subprocess
from pathlib import Path

from o3sim.network.images import Images
from o3sim.rtl.check import difference, run_rtl, write_expected
from o3sim.rtl.emit import Subject, texts, write
from o3sim.runs.case import Case

FLAGS = '--output-split 0 -MAKEFLAGS "OPT_FAST=-O0 OPT_GLOBAL=-O0 OPT_SLOW=-O0'


def build_runtime(folder: Path) -> list[str]:
    """Compile what Verilator brings along; return what to tell make about it."""
    root = subprocess.run(
        ["verilator", "--getenv", "VERILATOR_ROOT"], capture_output=True, text=True, check=True
    ).stdout.strip()
    made = [folder / f"{name}.o" for name in ("verilated", "verilated_threads")]
    include = f"{root}/include"
    for path in made:
        source = f"{include}/{path.stem}.cpp"
        command = ["g++", f"-I{include}", f"-I{include}/vltstd", "-O0", "-c", source, "-o", str(path)]
        subprocess.run(command, check=True)
    objects = " ".join(str(path) for path in made)
    return [f'VERILATOR_FLAGS={FLAGS} VM_GLOBAL_FAST=" -LDFLAGS "{objects}"']


def emit(subject: Subject, folder: Path) -> None:
    """Write RTL, and what is expected of it."""
    write(texts(subject), folder)
    write_expected(subject, Case(subject.network, Images(subject.image[None], None)), folder)


def disagreement(subject: Subject, folder: Path, settings: list[str]) -> list[str]:
    """Hold a machine's RTL against the simulator; say where they differ, in lines."""
    emit(subject, folder)
    run_rtl(folder, *settings)
    return difference(subject, folder)
