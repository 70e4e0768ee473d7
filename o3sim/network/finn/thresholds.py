"""The thresholding unit before the first layer, and the one that picks a class: PE values a cycle.

Rules: ``Thresholding.get_exp_cycles`` and ``LabelSelect.get_exp_cycles`` of Xilinx/finn: values over PE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from o3sim.network.layer import Geometry


def input_threshold_cycles(geometry: Geometry, pe: int) -> int:
    """Return cycles an image to threshold what the first layer reads.

    >>> from o3sim.network.layer import Geometry
    >>> input_threshold_cycles(Geometry("dense", 1, 1, 784, 64), 98)
    8
    """
    return geometry.in_height * geometry.in_width * -(-geometry.in_channels // pe)


def label_cycles(classes: int, pe: int) -> int:
    """Return cycles an image to pick its class."""
    return -(-classes // pe)
