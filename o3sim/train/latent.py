"""What a training has learnt, in floats: for others to begin from, or to learn from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from o3sim.errors import InputError
from o3sim.files import load_npz
from o3sim.train.network import BinaryNetwork
from o3sim.train.topology import Topology

ORDER_KEY = "order"
"""Entry that says which of the two orders of batch norm and pool the numbers are of."""


def latent_arrays(network: BinaryNetwork) -> dict[str, NDArray[Any]]:
    """Return latent weights and batch norms of all layers, and the order that they are of."""
    arrays = {key: values.detach().cpu().numpy() for key, values in network.state_dict().items()}
    return {ORDER_KEY: np.array(network.order), **arrays}


def load_latent(path: Path, topology: Topology) -> BinaryNetwork:
    """Return a network with the numbers of a file.

    Raises
    ------
    InputError
        If the file is unusable, or of another topology.
    """
    arrays = load_npz(path)
    order = str(arrays.pop(ORDER_KEY, ""))
    if order not in ("bn_pool", "pool_bn"):
        raise InputError(f"{path}: not what `keep_latent` writes: no `{ORDER_KEY}` of batch norm and pool")
    network = BinaryNetwork(topology.shapes, topology.spec, "bn_pool" if order == "bn_pool" else "pool_bn")
    wanted = {key: tuple(values.shape) for key, values in network.state_dict().items()}
    for key in sorted(wanted.keys() | arrays.keys()):
        found = arrays[key].shape if key in arrays else None
        if found != wanted.get(key):
            raise InputError(
                f"{path}: of another topology or width: {key} is {found or 'not there'},"
                f" here {wanted.get(key, 'not there')}"
            )
        if arrays[key].dtype != np.float32 or not np.isfinite(arrays[key]).all():
            raise InputError(f"{path}: {key} is no finite float32")
    network.load_state_dict({key: torch.from_numpy(values) for key, values in arrays.items()})
    return network
