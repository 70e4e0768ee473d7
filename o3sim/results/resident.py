"""The figures of weights that stay on the chip: what loading them once takes, in no image's figures."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ResidentFigures:
    """Weights that are loaded before the first image and stay.

    Attributes
    ----------
    layers : tuple of str
        Names of the layers, in the order of the network.
    load_cycles : int
        From the first request to the arrival of the last bit.
    load_bits : int
        Bits that come from DRAM.
    load_energy_pj : float
        DRAM transfers, writes to the weight buffer, and leakage over the cycles.
    """

    layers: tuple[str, ...]
    load_cycles: int
    load_bits: int
    load_energy_pj: float
