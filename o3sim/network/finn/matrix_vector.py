"""The matrix-vector unit: SIMD inputs for each of PE output channels a cycle.

Rule: Umuroglu et al., FINN (FPGA'17), section 4.3, and ``MVAU.get_exp_cycles`` of Xilinx/finn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from o3sim.network.layer import Geometry


def inputs_of(geometry: Geometry) -> int:
    """Return the inputs of a neuron: pixel values, however many bits each has."""
    return geometry.kernel_height * geometry.kernel_width * geometry.in_channels


def matrix_vector_cycles(geometry: Geometry, simd: int, pe: int) -> int:
    """Return cycles an image, with the columns of a last fold left empty.

    >>> from o3sim.network.layer import Geometry
    >>> matrix_vector_cycles(Geometry("conv", 32, 32, 3, 64, 3, 3), 3, 16)
    32400
    """
    folds = -(-inputs_of(geometry) // simd) * -(-geometry.out_channels // pe)
    return folds * geometry.out_height * geometry.out_width
