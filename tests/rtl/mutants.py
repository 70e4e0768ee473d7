"""How good is the check? Change one gate at a time and see whether traces tell: ``scripts/mutants``.

Every unit is read by Yosys, flattened, and given mutations that a number on the command line chooses one of:
so a machine is built once for all of its mutants.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, NamedTuple

from o3sim.rtl.check import EXPECTED, check_tools, cycles_of, wrong_bits
from o3sim.rtl.emit import Subject
from o3sim.rtl.parameters import parameters
from tests.rtl.building import build_runtime, emit
from tests.rtl.draws import subject
from tests.rtl.samples import GATHERED, MANY, windows

BITS = 12
"""Of the number of a mutant."""

IMAGES = 5
"""Weights, thresholds and images that each mutant runs on until one tells."""

RUN = ["+verilator+rand+reset+2", "+verilator+seed+1"]

UNUSED = {"o3_sequencer": ("exhausted",), "o3_output_bits": ("will_write",)}
"""Outputs that only lockstep groups, and machines without a queue, hear: here nothing comes of them."""


class Unit(NamedTuple):
    """A module to mutate, and the parameters it has in this machine."""

    name: str
    parameters: dict[str, Any]


def queue_units(made: Subject) -> list[Unit]:
    """Return the units of the machine with a queue."""
    a = made.architecture
    placement = {
        "PES": a.pe.count,
        "CONTEXTS": a.pe.contexts,
        "ITEMS": a.scheduler.issue_width_ops,
        "WIDTH": _op_bits(made),
    }
    names = "sequencer", "scoreboard", "issue_queue", "scheduler", "pe", "output_buffer", "output_bits"
    return [Unit("o3_placement", placement), *(Unit(f"o3_{name}", {}) for name in names)]


def window_units(_made: Subject) -> list[Unit]:
    """Return the units that only the machine without a queue has."""
    return [Unit("o3_counters", {}), Unit("o3_pe", {"GROUP_NUMBER": 0})]


def _op_bits(made: Subject) -> int:
    """Return the bits of an op: its number, window, channel and place in the buffer."""
    values = parameters(made.architecture, made.layer, made.number)
    rows, columns, channels, size = (
        int(values[name]) for name in ("POOLED_HEIGHT", "POOLED_WIDTH", "OUT_CHANNELS", "POOL_SIZE")
    )
    windows_ = rows * columns * channels
    numbers = windows_ * size**2, windows_ - 1, channels - 1
    return sum(number.bit_length() for number in numbers) + int(values["BASE_BITS"])


def mutate(folder: Path, unit: Unit, first: int, count: int, seed: int) -> list[str]:
    """Put a unit with mutants ``first`` to ``first + count - 1`` in its place; return what they are."""
    from pyosys import libyosys

    design = libyosys.Design()
    path = folder / f"{unit.name}.sv"
    listed = folder / f"{unit.name}.mutants"
    packages = sorted(folder.glob("*_pkg.sv"), key=lambda each: each.name != "o3_pkg.sv")
    others = [each for each in sorted(folder.glob("o3_*.sv")) if "_pkg" not in each.name]
    values = " ".join(f"-G {name}={value}" for name, value in unit.parameters.items())
    sources = " ".join(str(each) for each in [*packages, *(each for each in others if _is_plain(each))])
    for command in (
        f"read_slang --top {unit.name} {values} -I{folder} {sources}",
        "flatten",
        "bwmuxmap",
        "opt -full",
        "wreduce",
        "opt -full -purge",
        f"design -save {unit.name}",
        f"tee -q -o {listed} mutate -list {count} -seed {seed} -ctrl mutant {BITS} {first}",
    ):
        libyosys.run_pass(f"tee -q -o /dev/null {command}" if "tee" not in command else command, design)
    commands = [line for line in listed.read_text().splitlines() if line.startswith("mutate ")]
    for command in (*commands, f"write_verilog -noattr {path}.v"):
        libyosys.run_pass(f"tee -q -o /dev/null {command}", design)
    path.write_text(_with_plusarg(Path(f"{path}.v").read_text(), unit))
    _SAVED[str(path)] = design
    return commands


_SAVED: dict[str, Any] = {}
"""Designs of units as they were mutated, each with its unmutated self under the name of the unit."""


def is_equivalent(folder: Path, name: str, command: str) -> bool:
    """Return whether a mutant is proved to do what its unit does, whatever comes in and whatever it holds."""
    from pyosys import libyosys

    design = _SAVED[str(folder / f"{name}.sv")]
    plain = re.sub(r"-ctrl \S+ \d+ \d+ ", "", command).replace(f"-module {name} ", "-module gate ")
    status = folder / f"{name}.status"
    for each in (
        f"design -load {name}",
        f"rename {name} gold",
        "copy gold gate",
        plain,
        *(f"delete -output {side}/w:{port}" for side in ("gold", "gate") for port in UNUSED.get(name, ())),
        "memory_map",
        "equiv_make gold gate both",
        "hierarchy -top both",
        "opt -full",
        "equiv_simple",
        "equiv_induct -seq 2",
    ):
        libyosys.run_pass(f"tee -q -o /dev/null {each}", design)
    libyosys.run_pass(f"tee -q -o {status} equiv_status", design)
    return "and 0 are unproven" in status.read_text()


_NOT_MUTATED = "o3_core", "o3_testbench", "o3_memories", "o3_banks", "o3_thresholds"
"""Units that connect others, or hold memories."""


def _is_plain(path: Path) -> bool:
    return path.stem not in _NOT_MUTATED and not path.with_suffix(".sv.v").exists()


def _with_plusarg(text: str, unit: Unit) -> str:
    """Turn the input that chooses a mutant into a number of the command line."""
    wide = f"[{BITS - 1}:0]"
    text = re.sub(
        r"(module \S+?\()(.*?)(\);)", lambda m: m[1] + _without(m[2]) + m[3], text, count=1, flags=re.S
    )
    text = re.sub(rf"  input {re.escape(wide)} mutant;\n  wire {re.escape(wide)} mutant;\n", "", text)
    read = f'  reg {wide} mutant;\n  initial if (!$value$plusargs("mutant=%d", mutant)) mutant = 0;\n'
    head, end, rest = text.partition(");\n")
    if unit.parameters:
        dummies = ", ".join(f"parameter {name} = 0" for name in unit.parameters)
        head = head.replace(f"module {unit.name}(", f"module {unit.name} #({dummies}) (")
    return f"{head}{end}{read}{rest}"


def _without(ports: str) -> str:
    return ", ".join(port for port in (each.strip() for each in ports.split(",")) if port != "mutant")


def killed(folder: Path, made: list[tuple[Subject, Path]], number: int) -> bool:
    """Return whether a mutant shows on one of the images."""
    return any(_shows(folder / "build" / "Vo3_testbench", *each, number) for each in made)


def _shows(testbench: Path, run: Subject, folder: Path, number: int) -> bool:
    most = 2 * cycles_of(folder / EXPECTED)
    command = [str(testbench), *RUN, f"+cycles={most}", f"+mutant={number}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    events = sorted((line.split() for line in done.stdout.splitlines() if line[:1].isdigit()), key=_place)
    lines = [" ".join([words[0], *words[2:]]) for words in events]
    expected = [line for line in (folder / EXPECTED).read_text().splitlines() if not line.startswith("#")]
    return done.returncode != 0 or lines != expected or bool(wrong_bits(run, folder))


def _place(words: list[str]) -> tuple[int, int, int]:
    return int(words[0]), int(words[1]), int(words[3])


def main() -> int:
    """Build the machines with their mutants, run all, and count."""
    parser = argparse.ArgumentParser(prog="scripts/mutants", description=__doc__)
    parser.add_argument("--each", type=int, default=25, help="mutants of each unit (25)")
    parser.add_argument("--seed", type=int, default=1, help="other mutants for each (1)")
    arguments = parser.parse_args()
    check_tools()
    home = Path(mkdtemp(prefix="o3sim-mutants-"))
    settings = [each.replace("OPT_FAST=-O0", "OPT_FAST=-O1") for each in build_runtime(home)]
    kinds = {"queue": (MANY, queue_units), "window": (windows("window").architecture, window_units)}
    total: Counter[str] = Counter()
    for kind, (machine, units_of) in kinds.items():
        runs = [(subject(machine, GATHERED, 1 + n), home / kind / str(n)) for n in range(IMAGES)]
        for run, folder in runs:
            emit(run, folder)
        built, of = runs[0][1], {}
        number = 1
        for unit in units_of(runs[0][0]):
            commands = mutate(built, unit, number, arguments.each, arguments.seed)
            of.update({number + n: (unit.name, command) for n, command in enumerate(commands)})
            number += len(commands)
        subprocess.run(
            ["make", "-C", str(built), "build/Vo3_testbench", *settings], check=True, capture_output=True
        )
        assert not killed(built, runs, 0), "the netlists without a mutant differ"
        for each, (name, command) in of.items():
            shows = killed(built, runs, each)
            if not shows and is_equivalent(built, name, command):
                total.update({"equivalent": 1})
                continue
            total.update({f"{kind} {name}": 1, f"{kind} {name} killed": int(shows)})
            if not shows:
                print(f"{kind} {name}: survivor {each}: {command}", flush=True)
    same = total.pop("equivalent", 0)
    names = [name for name in total if not name.endswith(" killed")]
    for name in names:
        print(f"{name}: {total[f'{name} killed']} of {total[name]} killed")
    count, dead = sum(total[name] for name in names), sum(total[f"{name} killed"] for name in names)
    print(f"{same} that change nothing, as is proved, left out")
    print(f"all others: {dead} of {count} killed, {100 * dead / count:.1f} %")
    print(f"their RTL is in {home}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
