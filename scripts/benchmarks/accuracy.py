"""Accuracy by the simulator's own inference beside the logs of training, for every shipped network with one.

``sh scripts/accuracy CIFAR10-TEST.npz FASHION-MNIST-TEST.npz`` evaluates each network on all images of the
file that it fits, and fails where a log says anything else.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from o3sim.checks.reproduce.evidence import shipped_networks
from o3sim.checks.reproduce.training_logs import TrainingLog, load_logs
from o3sim.errors import InputError
from o3sim.network.images import Images, load_images
from o3sim.network.infer import accuracy
from o3sim.network.load import load_network, load_workload
from o3sim.network.network import Network

LOG_DIGITS = 6
"""To which logs round."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line for each network.

    Returns
    -------
    int
        1 if an accuracy is not that of the log, or no file fits a network.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", type=Path, nargs="+", help="NPZ files of all test images of a data set")
    parser.add_argument("--images", type=int, help="from the first on; all, unless given")
    asked = parser.parse_args(arguments)
    logs = load_logs()
    print("network                             images   inference         log")
    verdicts = [_line(logs[name], asked.files, asked.images) for name in shipped_networks() if name in logs]
    return 0 if verdicts and all(verdicts) else 1


def _line(log: TrainingLog, files: Sequence[Path], most: int | None) -> bool:
    """Print the accuracy of a network, by inference and by its log; return whether they are the same."""
    network = load_network(load_workload(log.name))
    images = _fitting(network, files)
    if images is None or images.y is None:
        print(f"{log.name:<35} no file with labels fits it", flush=True)
        return False
    some = images if most is None else images.first(most)
    found = round(accuracy(network, some.x, some.y if some.y is not None else ()), LOG_DIGITS)
    same = found == log.accuracy
    said = "" if same else "  NOT THE SAME"
    print(f"{log.name:<35} {len(some):>6} {found:>11.6f} {log.accuracy:>11.6f}{said}", flush=True)
    return same


def _fitting(network: Network, files: Sequence[Path]) -> Images | None:
    """Return the images of the first file that the network takes."""
    for path in files:
        try:
            return load_images(path, network)
        except InputError:  # of another shape; a file that fits none leaves networks without
            continue
    return None


if __name__ == "__main__":
    sys.exit(main())
