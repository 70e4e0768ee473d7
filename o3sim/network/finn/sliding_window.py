"""The sliding-window unit: takes in a map as it comes, puts out windows, SIMD channels a cycle each.

Rule: ``ConvolutionInputGenerator_rtl.get_exp_cycles`` of Xilinx/finn: of each row of outputs the longer of
``k * k * C / SIMD`` cycles an output and ``C / SIMD`` an input, but for the rows that fill the buffer first,
which belong to the latency; and where a whole window is put out at once one cycle an input and two more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from o3sim.network.layer import Geometry


def sliding_window_cycles(geometry: Geometry, simd: int, whole_windows: bool = False) -> int:
    """Return cycles an image for the windows of a convolution.

    Parameters
    ----------
    geometry : Geometry
    simd : int
        Channels of a pixel.
    whole_windows : bool
        FINN's ``parallel_window``.

    Examples
    --------
    >>> from o3sim.network.layer import Geometry
    >>> sliding_window_cycles(Geometry("conv", 32, 32, 3, 64, 3, 3), 3)
    8100
    """
    width = geometry.in_width + 2 * geometry.padding_pixels
    height = geometry.in_height + 2 * geometry.padding_pixels
    folds = -(-geometry.in_channels // simd)
    if whole_windows:
        return height * width * folds + 2
    put_out = geometry.out_width * geometry.kernel_height * geometry.kernel_width * folds
    taken_in = geometry.stride * width * folds
    return geometry.out_height * max(put_out, taken_in)
