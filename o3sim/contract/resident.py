"""Which layers' weights stay in the weight buffer between images, and what it takes to load them once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from o3sim.contract.weight_groups import buffer_bits, dram_bits
from o3sim.errors import InputError

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Sized


@dataclass(frozen=True)
class ResidentWeights:
    """The layers whose weights stay, by number, and what is loaded before the first image.

    Attributes
    ----------
    layers : tuple of int
        In the order of the network.
    load_bits : int
        Their bits in DRAM.
    load_cycles : int
        From the first request to the arrival of the last bit.
    """

    layers: tuple[int, ...]
    load_bits: int
    load_cycles: int


def resident_weights(architecture: Architecture, layers: Sequence[Sized]) -> ResidentWeights:
    """Choose the layers whose weights stay in ``weight_buffer.resident_kbit``.

    Layers are asked in the order of the positions of their maps, fewest first: there a weight serves
    fewest neurons, and streaming it costs most for each. Of as many positions the first in the network is
    asked first. Each that fits what is left stays, as a whole. Of a pipeline none is chosen: each of its
    stages keeps all its weights, and has them before the first image.

    Raises
    ------
    InputError
        If the machine has such a part, and no layer fits it.
    """
    if architecture.is_pipelined or not architecture.weight_buffer.resident_kbit:
        return ResidentWeights((), 0, 0)
    asked = sorted(enumerate(layers), key=lambda numbered: _positions(numbered[1]))
    left = architecture.weight_buffer.resident_kbit * 1024
    staying = []
    for number, layer in asked:
        bits = buffer_bits(layer.geometry, architecture)
        if bits <= left:
            staying.append(number)
            left -= bits
    if not staying:
        raise _no_layer_fits(architecture, layers)
    loaded = [dram_bits(layers[number].geometry) for number in sorted(staying)]
    return ResidentWeights(tuple(sorted(staying)), sum(loaded), _load_cycles(architecture, loaded))


def _positions(layer: Sized) -> int:
    return layer.geometry.out_height * layer.geometry.out_width


def _load_cycles(architecture: Architecture, loaded: Sequence[int]) -> int:
    """Count the cycles of one transfer a layer, one behind the other."""
    bits_per_cycle = architecture.dram.bits_per_cycle
    if isinstance(bits_per_cycle, str):
        return 0
    return sum(-(-bits // bits_per_cycle) for bits in loaded) + architecture.dram.latency_cycles


def _no_layer_fits(architecture: Architecture, layers: Sequence[Sized]) -> InputError:
    """Say that the part for weights that stay is too small for any layer, and what would do."""
    smallest = min(layers, key=lambda layer: buffer_bits(layer.geometry, architecture))
    return InputError(
        f"architecture {architecture.name}: weight_buffer.resident_kbit: "
        f"{architecture.weight_buffer.resident_kbit} kbit hold the weights of no layer; the smallest, "
        f"{smallest.name}, takes {-(-buffer_bits(smallest.geometry, architecture) // 1024)}; 0 streams all"
    )
