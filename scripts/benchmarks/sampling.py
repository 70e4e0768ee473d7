"""Sampled runs beside exact ones: how often intervals hold, how wide they are, what is saved."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from o3sim.compiled.run import run_layers
from o3sim.compiled.section import run_section
from o3sim.config.architecture import Architecture
from o3sim.config.controls import CONTROLS, control_of
from o3sim.config.load import load_architecture
from o3sim.contract.counters import LayerCounters
from o3sim.contract.plan import plan_groups
from o3sim.contract.resident import resident_weights
from o3sim.contract.sections import parts_of
from o3sim.energy.model import EnergyModel
from o3sim.energy.table import load_table
from o3sim.profile.profile import LayerProfile
from o3sim.runs.sampling.choice import choose_layers
from o3sim.runs.sampling.estimate import LayerSample, Value, half_width
from o3sim.runs.sampling.layer import sample_layer
from scripts.benchmarks.fast import cpu_name
from scripts.benchmarks.measure import Case, workload_case

WARM_UPS = (0, 16, 64, 128, 256, 512)
"""Ops of a PE before a part, whose counts are held against those of the same part in the whole layer."""

TRIALS = 24
"""Parts of a layer that each warm-up is tried on."""


class Sampled(NamedTuple):
    """A layer as it was sampled: its counts, and its stretches."""

    counters: LayerCounters
    sample: LayerSample


def machine_called(name: str) -> Architecture:
    """Return a machine, or the control of one: ``MACHINE-CONTROL``."""
    for control in CONTROLS:
        machine = name.removesuffix(f"-{control}")
        if machine != name:
            return control_of(load_architecture(machine), control)
    return load_architecture(name)


class Machine:
    """A machine, the layers of a network that are sampled on it, and all layers exactly."""

    def __init__(self, name: str, case: Case, profiles: list[LayerProfile]) -> None:
        self.architecture = machine_called(name)
        self.network, self.profiles = case.network, profiles
        self.cuts = plan_groups(self.architecture, case.network.layers)
        self.chosen = sorted(choose_layers(self.architecture, case.network.layers, None).layers)
        table = load_table(self.architecture.energy.table)
        self.model = EnergyModel(self.architecture, table, case.network.layers)
        self.staying = resident_weights(self.architecture, case.network.layers).layers
        self.exact = self.run()

    def run(self) -> list[LayerCounters]:
        """Run all layers exactly."""
        return run_layers(self.architecture, self.cuts, self.profiles).layers

    def sample(self, number: int, seed: int) -> Sampled:
        """Sample a layer."""
        run, sample = sample_layer(
            self.architecture, self.profiles[number], self.cuts[number][0], (seed, 0, number)
        )
        return Sampled(run.counters, sample)

    def run_others(self) -> None:
        """Run the layers that are not sampled, one by one."""
        others = [number for number in range(len(self.profiles)) if number not in self.chosen]
        run_layers(
            self.architecture,
            [self.cuts[number] for number in others],
            [self.profiles[number] for number in others],
        )

    def values(self, number: int) -> dict[str, Value]:
        """Return what is estimated of a layer's counts."""
        return {
            "cycles": lambda counters: counters.cycles,
            "activation reads": lambda counters: counters.activation_reads,
            "weight reads": lambda counters: counters.weight_reads,
            "energy": lambda counters: sum(self.model.energy_pj(counters, number in self.staying).values()),
        }


def measure_coverage(machine: Machine, seeds: int) -> dict[str, Any]:
    """Sample with so many seeds; tell how often intervals held the exact values, and how wide they were."""
    sampled = [{number: machine.sample(number, seed) for number in machine.chosen} for seed in range(seeds)]
    values = [machine.values(number) for number in range(len(machine.exact))]
    found: dict[str, Any] = {}
    for name in values[0]:
        exact = [value[name](counters) for value, counters in zip(values, machine.exact, strict=True)]
        layers = {
            machine.exact[number].name: _held(
                [
                    (values[number][name](each[number].counters) - exact[number],
                     half_width([(each[number].sample, values[number][name])]))
                    for each in sampled
                ],
                exact[number],
            )
            for number in machine.chosen
        }  # fmt: skip
        whole = [
            (
                sum(values[number][name](each[number].counters) - exact[number] for number in machine.chosen),
                half_width((each[number].sample, values[number][name]) for number in machine.chosen),
            )
            for each in sampled
        ]
        found[name] = {**layers, "all layers": _held(whole, sum(exact))}
    return found


def _held(pairs: list[tuple[float, float]], exact: float) -> dict[str, float]:
    """Sum up errors and half-widths of an estimate."""
    return {
        "held": sum(abs(error) <= half for error, half in pairs),
        "half_percent": 100 * statistics.mean(half for _, half in pairs) / exact,
        "mean_error_percent": 100 * statistics.mean(error for error, _ in pairs) / exact,
    }


def measure_time(machine: Machine, seeds: int) -> dict[str, float]:
    """Take CPU seconds of an image exactly and sampled, in turn, the computing of its profile not counted."""

    def sampled(seed: int) -> None:
        """Sample what is sampled, and run the rest."""
        for number in machine.chosen:
            machine.sample(number, seed)
        machine.run_others()

    sampled(0)
    pairs = [
        (_seconds(machine.run), _seconds(lambda: sampled(seed)))  # noqa: B023 - called at once
        for seed in range(seeds)
    ]
    return {
        "exact_s": statistics.median(exact for exact, _ in pairs),
        "sampled_s": statistics.median(each for _, each in pairs),
        "ratio": statistics.median(exact / each for exact, each in pairs),
    }


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _by_parts(machine: Machine, number: int) -> tuple[NDArray[np.int64], int, int]:
    """Run a layer; return what was counted up to the end of each part, and ops of a window and a part."""
    parts = parts_of(machine.architecture, machine.profiles[number].geometry)
    part_ops = parts.part_windows * parts.window_ops
    ran = run_section(
        machine.architecture,
        machine.profiles[number],
        machine.cuts[number][0],
        range(parts.windows),
        range(part_ops, parts.ops, part_ops),
    )
    rows = [_row(counters) for counters in ran.marks]
    return np.array([_row(LayerCounters("none")), *rows]), parts.window_ops, part_ops


def _row(counters: LayerCounters) -> list[int]:
    reads = counters.activation_reads + counters.weight_reads
    return [counters.cycles, reads, counters.pe_cycles["useful"]]


def measure_designs(machine: Machine) -> dict[str, tuple[float, float]]:
    """Tell by how much cycles of parts vary, over what of that words do not account for.

    So much narrower is an interval from the same parts than one of a simple random sample. The second is
    what of it is left within two halves of the parts by their words.
    """
    found = {}
    for number in machine.chosen:
        counted, _, _ = _by_parts(machine, number)
        cycles, _, words = np.diff(counted, axis=0)[2:].T
        left = cycles - words * cycles.sum() / words.sum()
        halves = np.array_split(left[np.argsort(words, kind="stable")], 2)
        within, whole = np.sqrt(np.mean([half.var() for half in halves])), max(left.std(), 1e-9)
        found[machine.exact[number].name] = float(cycles.std() / whole), float(within / whole)
    return found


def measure_warm_up(machine: Machine) -> dict[str, list[tuple[float, float, float, float]]]:
    """Hold parts after warm-ups of several lengths against the same parts of the whole layer.

    Returns
    -------
    dict of str to list
        By layer, for each of ``WARM_UPS``: mean and standard error of what cycles of a word are off by, in
        percent, and the same of reads of a word.
    """
    found = {}
    pes = machine.architecture.pe.count
    for number in machine.chosen:
        counted, window_ops, part_ops = _by_parts(machine, number)
        parts = np.random.default_rng(number).integers(5, len(counted) - 2, TRIALS).tolist()
        exact = [counted[part + 1] - counted[part] for part in parts]
        found[machine.exact[number].name] = [
            _off(
                exact,
                [_alone(machine, number, part * part_ops, part_ops, ops * pes, window_ops) for part in parts],
            )
            for ops in WARM_UPS
        ]
    return found


def _alone(
    machine: Machine, number: int, first_op: int, part_ops: int, warm_up_ops: int, window_ops: int
) -> NDArray[np.int64]:
    """Run a part by itself, after so many ops."""
    tail = parts_of(machine.architecture, machine.profiles[number].geometry).tail_windows
    windows = range((first_op - warm_up_ops) // window_ops, (first_op + part_ops) // window_ops + tail)
    ran = run_section(
        machine.architecture,
        machine.profiles[number],
        machine.cuts[number][0],
        windows,
        [warm_up_ops, warm_up_ops + part_ops] if warm_up_ops else [part_ops],
    )
    begin = _row(ran.marks[0]) if warm_up_ops else [0, 0, 0]
    return np.array(_row(ran.marks[-1]), np.int64) - np.array(begin, np.int64)


def _off(exact: list[NDArray[np.int64]], alone: list[NDArray[np.int64]]) -> tuple[float, float, float, float]:
    """Tell what counts of a word are off by."""
    wanted, found = np.array(exact, float), np.array(alone, float)
    off = 100 * ((found[:, :2] / found[:, 2:]) / (wanted[:, :2] / wanted[:, 2:]) - 1)
    error = off.std(axis=0, ddof=1) / np.sqrt(len(off))
    return float(off[:, 0].mean()), float(error[0]), float(off[:, 1].mean()), float(error[1])


def print_coverage(name: str, found: dict[str, Any], seeds: int) -> None:
    """Print a row for each layer and the whole."""
    print(f"\n{name}: intervals of {seeds} seeds that hold the exact value, half-width, mean error in %\n")
    print(f"{'':12}" + "".join(f"{figure:>24}" for figure in found))
    for layer in found["cycles"]:
        cells = (found[figure][layer] for figure in found)
        print(
            f"{layer:12}"
            + "".join(
                f"{cell['held']:8.0f} {cell['half_percent']:7.3f} {cell['mean_error_percent']:+7.3f}"
                for cell in cells
            )
        )


def main() -> None:
    """Measure a network on some machines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", nargs="?", default="vgg16")
    parser.add_argument("--machines", default="o3bnn-64pe,o3bnn-64pe-ideal")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--warm-up", action="store_true")
    asked = parser.parse_args()
    case = workload_case(asked.network)
    profiles = case.profiles()
    print(f"{asked.network}, {cpu_name()}")
    for name in asked.machines.split(","):
        machine = Machine(name, case, profiles)
        if asked.warm_up:
            print(
                f"\n{name}: what is off after a warm-up of so many ops a PE, in %: cycles, reads of a word\n"
            )
            print(f"{'':12}" + "".join(f"{ops:>28}" for ops in WARM_UPS))
            for layer, cells in measure_warm_up(machine).items():
                texts = (f"{a:+.2f} ({b:.2f}), {c:+.2f} ({d:.2f})" for a, b, c, d in cells)
                print(f"{layer:12}" + "".join(f"{text:>28}" for text in texts))
            continue
        print_coverage(name, measure_coverage(machine, asked.seeds), asked.seeds)
        designs = measure_designs(machine)
        print("\nwidth of simple random samples over this, and what halves by words leave of this one:")
        print(", ".join(f"{layer} {simple:.3g} {within:.2f}" for layer, (simple, within) in designs.items()))
        seconds = measure_time(machine, max(3, asked.seeds // 4))
        print(
            f"CPU seconds of all layers: exact {seconds['exact_s']:.2f}, sampled {seconds['sampled_s']:.2f},"
            f" ratio {seconds['ratio']:.2f}"
        )


if __name__ == "__main__":
    main()
