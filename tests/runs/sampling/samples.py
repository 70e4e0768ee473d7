"""A machine of one PE, for which a layer of some thousand ops is large, and such layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from o3sim.config.architecture import Architecture
from o3sim.contract.plan import cut_layers
from o3sim.contract.weight_groups import WeightGroup
from o3sim.network.layer import Geometry, Layer, Pool
from o3sim.network.network import Network
from o3sim.network.preprocess import BinaryInput
from o3sim.profile.profile import LayerProfile
from tests.machine.harness import architecture, conv, random_profile

POOLED = conv(64, 64, 8, 4, padding_pixels=1, pool=Pool(2, 2))
PLAIN = conv(32, 32, 8, 16, padding_pixels=1)


def machine(**changes: Any) -> Architecture:
    """A PE of two contexts; with banks it never waits, for it asks alone."""
    units = {"pe__count": 1, "pe__contexts": 2, "issue_queue__depth_ops": 8, "sequencer__width_ops": 4}
    return architecture(**{**units, **changes})


def pair(**changes: Any) -> Architecture:
    """Two PEs that meet at two banks, and so words take one cycle or two."""
    return machine(pe__count=2, activation_buffer__banks=2, weight_buffer__banks=2, **changes)


def layer(geometry: Geometry = PLAIN, seed: int = 1) -> LayerProfile:
    """A layer of random decisions, whose channels take more words the higher they are."""
    made = random_profile(geometry, seed)
    share = np.linspace(0.3, 1, geometry.out_channels)
    made.decision[:] = np.ceil(made.decision * share)
    return made


def group_of(architecture: Architecture, profile: LayerProfile) -> WeightGroup:
    """The layer's one weight group."""
    ((group,),) = cut_layers(architecture, [profile])
    return group


def network() -> Network:
    """A convolution of 16,384 ops, pooled, and scores."""
    random = np.random.default_rng(3)
    large = Geometry("conv", 64, 64, 1, 4, 3, 3, padding_pixels=1, pool=Pool(2, 2))
    scores = Geometry("dense", 1, 1, 4096, 2)
    return Network(
        name="large",
        input=BinaryInput(128),
        input_shape=(64, 64, 1),
        layers=(
            Layer("conv1", large, _weights(random, large), np.array([-2, 0, 1, 4])),
            Layer("scores", scores, _weights(random, scores), None, scores=True),
        ),
        classes=("a", "b"),
    )


def _weights(random: np.random.Generator, geometry: Geometry) -> Any:
    bits = np.zeros((geometry.out_channels, geometry.words_per_neuron * 64), np.uint8)
    bits[:, : geometry.fan_in] = random.integers(0, 2, (geometry.out_channels, geometry.fan_in))
    return np.packbits(bits, axis=1, bitorder="little").view("<u8").astype(np.uint64)
