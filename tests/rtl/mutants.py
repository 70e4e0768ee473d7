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
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, NamedTuple

import numpy as np

from o3sim.config.architecture import Architecture
from o3sim.rtl.check import EXPECTED, check_tools, cycles_of, wrong_bits
from o3sim.rtl.emit import Subject
from o3sim.rtl.layer_sizes import memory_places, pool_size
from tests.rtl.building import build_runtime, emit
from tests.rtl.draws import subject
from tests.rtl.samples import FULL, MANY, windows

BITS = 12
"""Of the number of a mutant."""

IMAGES = 64
"""Weights, thresholds and images that each mutant runs on until one tells."""

FIRST = 4
"""Of these before it is asked whether a mutant changes anything."""

CONSTANT_SHARES = 0.0, 0.3, 0.6, 0.9
"""Of channels, image by image: ops that need no word end together, and their outcomes wait in PEs."""

UNUSED = {
    "o3_sequencer": ("exhausted",),
    "o3_output_bits": ("will_write",),
    "o3_pe": ("oldest_place",),
    "o3_counters": ("next_place",),
}
"""Outputs that only lockstep groups, machines without a queue or those with patches hear: here unheard."""


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
    """Return the units that only the machine without a queue has.

    The other way round Yosys 0.70 does not get through reading the second.
    """
    return [Unit("o3_pe", {"GROUP_NUMBER": 0}), Unit("o3_counters", {})]


def _op_bits(made: Subject) -> int:
    """Return the bits of an op: its number, window, channel and place in the buffer."""
    g, size = made.layer.geometry, pool_size(made.layer.geometry)
    windows_ = g.pooled_height * g.pooled_width * g.out_channels
    numbers = windows_ * size**2, windows_ - 1, g.out_channels - 1
    base_bits = memory_places(made.layers, made.architecture)["BASE_BITS"]
    assert isinstance(base_bits, int)
    return sum(number.bit_length() for number in numbers) + base_bits


def run_on(machine: Architecture, seed: int) -> Subject:
    """Give a machine the layer with random weights, and so many constant channels as the seed has."""
    made = subject(machine, FULL, seed)
    hidden, *others = made.network.layers
    random, n_edges = np.random.default_rng(seed), FULL.n_edges_full
    is_constant = random.random(FULL.out_channels) < CONSTANT_SHARES[seed % len(CONSTANT_SHARES)]
    theta = np.where(is_constant, random.choice([-n_edges - 1, n_edges + 2], FULL.out_channels), hidden.theta)
    return replace(made, network=replace(made.network, layers=(replace(hidden, theta=theta), *others)))


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
    status, inner = folder / f"{name}.status", folder / f"{name}.inner"

    def run(*commands: str) -> None:
        for each in commands:
            libyosys.run_pass(f"tee -q -o /dev/null {each}", design)

    # Outputs and registers are to be the same after a cycle; wires between them may differ.
    wires = f"{name}/w:* {name}/t:$*ff* %co1:+[Q] {name}/w:* %i {name}/x:* %u %d"
    run(f"design -load {name}", "memory_map", "opt_clean")
    libyosys.run_pass(f"tee -q -o {inner} select -list {wires}", design)
    names = [line.partition("/")[2] for line in inner.read_text().splitlines()]
    inner.write_text("\n".join(each if each[:1] == "$" else f"\\{each}" for each in names))
    run(
        f"design -load {name}",
        f"rename {name} gold",
        "copy gold gate",
        plain,
        *(f"delete -output {side}/w:{port}" for side in ("gold", "gate") for port in UNUSED.get(name, ())),
        "memory_map",
        f"equiv_make -blacklist {inner} gold gate both",
        "hierarchy -top both",
        "opt -full",
        "equiv_simple -seq 2",
    )
    libyosys.run_pass(f"tee -q -o {status} equiv_status", design)
    return "and 0 are unproven" in status.read_text()


_NOT_MUTATED = "o3_core", "o3_testbench", "o3_memories", "o3_banks", "o3_line_buffer", "o3_thresholds"
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
    testbench = folder / "build" / "Vo3_testbench"
    return any(_shows(testbench, *each, number) for each in made)


def _shows(testbench: Path, run: Subject, folder: Path, number: int) -> bool:
    most = 2 * cycles_of(folder / EXPECTED)
    registers = [
        "+verilator+rand+reset+2",
        f"+verilator+seed+{1 + int(folder.name)}",
    ]  # before they are reset
    command = [str(testbench), *registers, f"+cycles={most}", f"+mutant={number}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    events = sorted((line.split() for line in done.stdout.splitlines() if line[:1].isdigit()), key=_place)
    lines = [" ".join([words[0], *words[2:]]) for words in events]
    expected = [line for line in (folder / EXPECTED).read_text().splitlines() if not line.startswith("#")]
    return done.returncode != 0 or lines != expected or bool(wrong_bits(run, folder))


def _place(words: list[str]) -> tuple[int, int, int]:
    return int(words[0]), int(words[1]), int(words[3])


MACHINES: dict[str, tuple[Architecture, Callable[[Subject], list[Unit]]]] = {
    "queue": (MANY, queue_units),
    "window": (windows("window").architecture, window_units),
}
"""Machines to mutate. Each takes a process of its own: numbers of cells go on from one to the next, and which
mutants are drawn depends on them."""


def main() -> int:
    """Build a machine with its mutants, run all, and count."""
    parser = argparse.ArgumentParser(prog="scripts/mutants", description=__doc__)
    parser.add_argument("machine", choices=sorted(MACHINES), help="with an issue queue, or without one")
    parser.add_argument("--each", type=int, default=30, help="mutants of each unit (30)")
    parser.add_argument("--seed", type=int, default=1, help="other mutants for each (1)")
    arguments = parser.parse_args()
    check_tools()
    home = Path(mkdtemp(prefix="o3sim-mutants-"))
    settings = [each.replace("OPT_FAST=-O0", "OPT_FAST=-O1") for each in build_runtime(home)]
    machine, units_of = MACHINES[arguments.machine]
    runs = [(run_on(machine, n), home / str(n)) for n in range(IMAGES)]
    for run, folder in runs:
        emit(run, folder)
    built = runs[0][1]
    drawn: list[tuple[str, str]] = []
    for unit in units_of(runs[0][0]):
        commands = mutate(built, unit, 1 + len(drawn), arguments.each, arguments.seed)
        drawn += [(unit.name, command) for command in commands]
    make = ["make", "-C", str(built), "build/Vo3_testbench", *settings]
    subprocess.run(make, check=True, capture_output=True)
    assert not killed(built, runs, 0), "the netlists without a mutant differ"
    _count(runs, drawn)
    print(f"their RTL is in {home}", file=sys.stderr)
    return 0


def _count(runs: list[tuple[Subject, Path]], drawn: list[tuple[str, str]]) -> None:
    """Run mutants 1, 2, ...; print which survive, and how many of each unit do not."""
    built, same = runs[0][1], 0
    total: Counter[str] = Counter()
    dead: Counter[str] = Counter()
    for number, (name, command) in enumerate(drawn, 1):
        shows = killed(built, runs[:FIRST], number)
        if not shows and is_equivalent(built, name, command):
            same += 1
            continue
        shows = shows or killed(built, runs[FIRST:], number)
        total[name] += 1
        dead[name] += shows
        if not shows:
            print(f"{name}: survivor {number}: {command}", flush=True)
    for name, count in total.items():
        print(f"{name}: {dead[name]} of {count} killed")
    share = 100 * dead.total() / total.total()
    print(f"{same} that change nothing, as is proved, left out")
    print(f"all others: {dead.total()} of {total.total()} killed, {share:.1f} %")


if __name__ == "__main__":
    sys.exit(main())
