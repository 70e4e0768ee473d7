"""Small valid files of every kind that a command reads, made on the fly."""

from __future__ import annotations

import gzip
import os
import sys
from pathlib import Path

import numpy as np

from o3sim.cli import app as cli
from o3sim.formats.importers.bnn_pynq import NETS
from tests.checks.golden.workload import write_workload
from tests.formats.datasets import samples
from tests.studies.search.samples import SEARCH
from tests.studies.sweep.samples import SWEEP

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"

ARCHITECTURE = """\
extends: base.yaml
name: mutant
description: a machine to damage
pe: {count: 8, width_edges: 32, latency_cycles: 2}
issue_queue: {depth_ops: 32}
pruning: {threshold: true, pooling: true}
clock_mhz: 200
"""
FULL = """\
name: full
description: every key
clock_mhz: 200.0
organization: layer_sequential
pe: {unit: standard, count: 16, width_edges: 32, latency_cycles: 2, contexts: 2, speculate: true}
sequencer: {width_ops: 8, order: window_major, outermost: position, group_windows: 64}
issue_queue: {depth_ops: 64}
scheduler: {policy: out_of_order, issue_width_ops: 8, issue_latency_cycles: 0, window_in_flight_ops: 1}
activation_buffer: {banks: 32, size_kbit: 512}
weight_buffer: {banks: 32, size_kbit: 576}
dram: {bits_per_cycle: 64, latency_cycles: 40}
output_buffer: {write_width_ops: 8}
pruning: {threshold: true, pooling: true, squash_latency_cycles: 1, argmax: false, speculative: false}
energy: {table: asic-45nm}
"""
SYNTHETIC = """\
name: synthetic
description: made up
classes: 5
input:
  height: 10
  width: 10
  channels: 2
  encoding: {type: fixed, bits: 4, signed: true, fraction_bits: 2, range: [-1, 1]}
layers:
  - {name: conv1, type: conv, channels: 6, kernel: 3, stride: 1, padding_pixels: 1, padding: exclude}
  - {name: conv2, type: conv, channels: 8, kernel: 3, pool: {size: 3, stride: 2}}
  - {name: scores, type: dense, features: 5, scores: true}
parameters:
  synthetic: {seed: 1, ones: 0.5, ones_of: {conv2: 0.2}}
images: {synthetic: {seed: 1, count: 2}}
"""
BASE = "extends: small\nname: base\nscheduler: {issue_width_ops: 4}\ndram: {bits_per_cycle: 64}\n"
STAGES = """\
extends: small
name: staged
organization: layer_pipelined
stages:
  - {pe: {count: 4, width_edges: 9}, weight_buffer: {banks: 8, size_kbit: 8}}
  - {pe: {count: 2, width_edges: 32}}
  - {pe: {count: 1, width_edges: 10}}
"""
CUSTOM = 'extends: small\nname: custom\nscheduler: {policy: "newest_first.py:NewestFirst"}\n'
TRAINING = """\
name: net
family: tests
topology: tiny.yaml
order: bn_pool
data: {train: images.npz, test: images.npz}
augmentation: {shift_pixels: 1, flip: true}
epochs: 1
batch_images: 2
regularisers: {pooling: 0.1, threshold: 0.1}
seed: 1
"""
CLUSTER = """\
workers: 2
cores: 4
memory: 8GB
walltime: "02:00:00"
queue: batch
local_directory: /scratch/$USER
directives: ["--exclusive"]
prologue: ["module load python"]
"""
TOPOLOGY = """\
Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,
Conv1, 10, 10, 3, 3, 3, 8, 1,
Conv2, 10, 10, 3, 3, 8, 8, 1,
FC, 1, 1, 1, 1, 128, 10, 1,
"""


def write_seeds(folder: Path) -> None:
    """Fill a folder; ``kinds`` names the files.

    Raises
    ------
    RuntimeError
        If a command that makes one refuses to.
    """
    before = Path.cwd()
    os.chdir(folder)  # results and goldens name the files that they were made from
    try:
        write_texts(Path())
        _write_arrays(Path())
        _write_data_sets(Path())
        _write_parameter_files(Path("pynq"))
        _call_commands()
    finally:
        os.chdir(before)


def write_texts(folder: Path) -> None:
    """Write the small network and every kind of text file."""
    write_workload(folder)
    texts = {
        "arch.yaml": ARCHITECTURE,
        "base.yaml": BASE,
        "full.yaml": FULL,
        "synthetic.yaml": SYNTHETIC,
        "staged.yaml": STAGES,
        "custom.yaml": CUSTOM,
        "sweep.yaml": SWEEP.replace("to: 6", "to: 3"),
        "explore.yaml": SEARCH.replace("trials: 20", "trials: 4"),
        "training.yaml": TRAINING,
        "cluster.yaml": CLUSTER,
        "topology.csv": TOPOLOGY,
        "energy.yaml": (Path(cli.__file__).parents[1] / "energy/tables/asic-45nm.yaml").read_text(),
        "priced.yaml": "extends: small\nname: priced\nenergy: {table: energy.yaml}\n",
        "newest_first.py": (EXAMPLES / "newest_first.py").read_text(),
    }
    for name, text in texts.items():
        (folder / name).write_text(text)


def _write_arrays(folder: Path) -> None:
    random = np.random.default_rng(4)
    np.savez(
        folder / "arrays.npz",
        layout="pytorch",
        layers=["conv", "scores"],
        input_shape=[6, 6, 1],
        input_threshold=100,
        conv_kernel=random.choice([-1.0, 1.0], (3, 1, 3, 3)),
        conv_gamma=random.normal(size=3),
        conv_beta=random.normal(size=3),
        conv_mean=random.normal(size=3),
        conv_variance=random.uniform(1, 2, 3),
        conv_epsilon=1e-5,
        conv_pool=[2, 2],
        scores_kernel=random.choice([-1.0, 1.0], (4, 12)),
    )


def _write_data_sets(folder: Path) -> None:
    for name, (files, _) in samples.FORMATS.items():
        samples.write_folder(folder / f"data_{name}", files())
    samples.write_folder(folder / "data_zipped", samples.idx(), zipped=True)
    samples.write_archive(folder / "data.tgz", samples.cifar_python())


def _write_parameter_files(folder: Path) -> None:
    """Write random words in the sizes of BNN-PYNQ's LFC."""
    folder.mkdir()
    random = np.random.default_rng(3)
    for number, layer in enumerate(NETS["lfc"].layers):
        words = layer.rows * layer.columns // (layer.pe * layer.simd)
        for pe in range(layer.pe):
            lanes = random.integers(0, 2**layer.simd, words, np.uint64, endpoint=False)
            lanes.astype("<u8").tofile(folder / f"{number}-{pe}-weights.bin")
            if not layer.scores:
                limits = random.integers(0, layer.columns, layer.rows // layer.pe)
                limits.astype("<i8").tofile(folder / f"{number}-{pe}-thres.bin")
    (folder / "classes.txt").write_text("".join(f"class {number}\n" for number in range(10)))


def _call_commands() -> None:
    for words in (
        "run small tiny.yaml --images 2 --json result.json",
        "run small tiny.yaml --compare dense --json other.json",
        "trace small tiny.yaml --layer 0 --cycles :60 -o layer.trace",
        "golden record golden small tiny.yaml --cycles 20",
        "sweep sweep.yaml -o swept",
        "explore explore.yaml -o found",
        "profile tiny.yaml --images 2 --save profiles",
        "export tiny.yaml -o model.onnx",
    ):
        call(words.split())
    Path("layer.trace.gz").write_bytes(gzip.compress(Path("layer.trace").read_bytes(), mtime=0))


def call(words: list[str]) -> None:
    """Call a command in this process, silently.

    Raises
    ------
    RuntimeError
        If it is refused.
    """
    kept, sys.argv = sys.argv, ["o3sim", *words]
    streams = sys.stdout, sys.stderr
    with open(os.devnull, "w") as nothing:
        sys.stdout = sys.stderr = nothing
        try:
            cli.main()
        except SystemExit as ended:
            if ended.code not in (0, None):
                raise RuntimeError(f"o3sim {' '.join(words)}: exit status {ended.code}") from None
        finally:
            sys.argv = kept
            sys.stdout, sys.stderr = streams
