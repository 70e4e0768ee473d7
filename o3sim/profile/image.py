"""The function of a network on one image, as a machine is shown it and held to it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from o3sim.network.flow import source_numbers
from o3sim.network.infer import Inference, class_scores, host_scores, infer
from o3sim.network.network import Network
from o3sim.network.own_input import own_input
from o3sim.profile.profile import LayerProfile, profile_layers


class ProfiledImage(Protocol):
    """An image whose profiles can be had, from wherever they come."""

    def profiles(self) -> Iterator[LayerProfile]:
        """Yield the profile of each layer, in order, when it is asked for."""

    def exact_bits(self, layer: int) -> NDArray[np.uint8]:
        """Return the output of a layer by functional inference; all 0 for the scores layer."""

    def profiled_bits(self, layer: int) -> NDArray[np.uint8]:
        """Return the output of a layer that follows from its profile, once all have been asked for."""

    @property
    def exact_class(self) -> int | None:
        """The class by functional inference; None of a network without classes."""

    @property
    def scores(self) -> NDArray[np.float64]:
        """Score of each class that follows from the profiles, once all have been asked for."""


class ComputedImage:
    """Computes profiles as they are asked for: one layer is in memory at a time, unless all are kept.

    Parameters
    ----------
    network : Network
    pixels : ndarray of uint8
        As the network's input takes it.
    speculative : bool
        Call outcomes by the network's bounds: profiles are not exact then.
    keep : bool
        Keep the profiles, for several machines that read the same.
    """

    def __init__(
        self, network: Network, pixels: NDArray[Any], speculative: bool = False, keep: bool = False
    ) -> None:
        self._network, self._pixels, self._speculative = network, pixels, speculative
        self._kept: list[LayerProfile] | None = [] if keep else None
        self._bits: list[NDArray[np.uint8]] = []
        self._last_sums: NDArray[np.int64] | None = None

    def profiles(self) -> Iterator[LayerProfile]:
        """Yield the profile of each layer, in order, when it is asked for.

        Raises
        ------
        InputError
            If the image does not fit the network.
        """
        if self._kept is not None and len(self._kept) == len(self._network.layers):
            yield from self._kept
            return
        self._bits, self._kept = [], None if self._kept is None else []
        for profile, bits in profile_layers(self._network, self._pixels, self._speculative):
            self._bits.append(bits)
            self._last_sums = profile.sums
            if self._kept is not None:
                self._kept.append(profile)
            yield profile

    @cached_property
    def exact(self) -> Inference:
        """Functional inference: a computation of its own, which shares no kernel with the profile."""
        return infer(self._network, self._pixels)

    def exact_bits(self, layer: int) -> NDArray[np.uint8]:
        """Return the output of a layer by functional inference; all 0 for the scores layer."""
        return self.exact.bits[layer]

    def profiled_bits(self, layer: int) -> NDArray[np.uint8]:
        """Return the output of a layer that follows from its profile, once all have been asked for."""
        return self._bits[layer]

    @property
    def exact_class(self) -> int | None:
        """The class by functional inference; None of a network without classes."""
        return self.exact.predicted

    @property
    def scores(self) -> NDArray[np.float64]:
        """Score of each class that follows from the profiles, once all have been asked for."""
        last, side = self._network.layers[-1], self._network.last
        if side is not None:
            return host_scores(side, self._bits[-1], self._last_sums)
        if not last.scores:
            return np.zeros(0)
        if last.geometry.own_input:
            return class_scores(last, own_input(last.name, last.geometry, self._pixels))
        source = source_numbers(self._network.layers)[-1]
        taken = self._network.encode(self._pixels) if source is None else self._bits[source]
        return class_scores(last, taken)
