"""Damaged command lines: any command, with values that its options were not made for."""

from __future__ import annotations

from random import Random
from typing import Any

from scripts.fuzzing import odd
from tests.cli.commands import Command, commands

FITTING = {
    "ARCH": ("small", "arch.yaml", "staged.yaml"),
    "ARCH,...": ("small,dense", "layer.trace", "arch.yaml"),
    "RESULT.json|ARCH": ("result.json", "other.json", "small"),
    "RESULT.json...|DIR": ("result.json", "swept"),
    "RESULT.json...": ("result.json", "other.json"),
    "WORKLOAD": ("tiny.yaml",),
    "DIR": ("swept", "golden", "profiles", "found", "out", "pynq", "data_idx"),
    "SOURCE": ("data_idx", "data.tgz"),
    "FILE": ("out.png", "out.json", "out.txt", "out"),
    "FILE.npz": ("images.npz",),
    "FILE...": ("arch.yaml", "sweep.yaml", "tiny.yaml"),
    "A": ("layer.trace", "result.json"),
    "B": ("layer.trace.gz", "other.json"),
    "LAYER": ("0", "conv1", "scores"),
    "NAME": ("out", "simpy", "chrome", "kanata"),
    "SWEEP.yaml": ("sweep.yaml",),
    "EXPLORE.yaml": ("explore.yaml",),
    "CONFIG.yaml": ("training.yaml",),
    "MODEL.onnx": ("model.onnx",),
    "TOPOLOGY.csv": ("topology.csv",),
    "SLURM.yaml": ("cluster.yaml",),
    "KEY=VALUE": ("pe.count=4", "pe.latency_cycles=1", "workload=tiny"),
    "KEY": ("cycles", "issue_queue.depth_ops", "energy_pj"),
    "A:B": ("0:20", ":9", "5:"),
    "N": ("1", "2"),
    "I": ("0", "1"),
    "W": ("32", "9"),
    "cnv|lfc": ("lfc", "cnv"),
}
"""What to give where the command is not what is damaged, by what help calls it."""

LONGEST = 2000
"""Characters of a word: what somebody typed is told back to them."""

ENDLESS = {"--scheduler"}
"""Options that wait for somebody else."""


def damaged_call(random: Random) -> list[str]:
    """Make up a call of a command, with one or more odd values."""
    command = random.choice([each for each in commands() if each.words != ("reproduce",)])
    words = list(command.words)
    for each in command.arguments():
        words += [_given(each, random)] * (random.random() < 0.97)
    for each in _options(command, random):
        name = random.choice(each.opts)
        words += [name] if each.is_flag else [name, *(_given(each, random) for _ in range(each.nargs))]
    if random.random() < 0.1:
        words.insert(random.randrange(len(words) + 1), odd.string(random))
    return [word.replace("\x00", "")[:LONGEST] for word in words]  # no system passes nulls on


def _options(command: Command, random: Random) -> list[Any]:
    """Pick those that have to be given, and some others."""
    known = [each for each in command.options() if not ENDLESS & set(each.opts) and each.name != "help"]
    picked = [each for each in known if each.required and random.random() < 0.97]
    return picked + random.sample(known, min(len(known), random.choice((0, 1, 2))))


def _given(parameter: Any, random: Random) -> str:
    fitting = FITTING.get(str(parameter.metavar or "").strip("{}"))
    if fitting is None or random.random() < 0.25:
        return str(odd.scalar(random))[:100_000] if random.random() < 0.8 else odd.string(random)
    return random.choice(fitting)
