"""Which maps the activation buffer holds while a layer runs: of a network that is a graph more than two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from o3sim.config.host_ops import FIRST
from o3sim.errors import InputError
from o3sim.network.flow import CODES, sources_of

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Geometry, Sized


class LiveBits(NamedTuple):
    """Bits of the maps that are held while a layer runs.

    Attributes
    ----------
    plain : int
        The layer's input and its output bits, without padding.
    borders : int
        Their padding; around each map of bits that of the reader that has most.
    others : int
        Sums, and bits of other layers that somebody still takes.
    """

    plain: int
    borders: int
    others: int


def live_bits(layers: Sequence[Sized]) -> list[LiveBits]:
    """Count the bits of the maps that are held while each layer runs."""
    sources, shapes = sources_of(layers), {layer.name: layer.geometry for layer in layers}
    uses = _Uses(layers, sources)
    host = _host_bits(layers)
    found = []
    for number, (layer, source) in enumerate(zip(layers, sources, strict=True)):
        g = layer.geometry
        inputs = g.planes * g.in_height * g.in_width * g.in_channels
        borders = _padding(g) if source == CODES else uses.padding(source)
        others = host if uses.last_sum_use.get(FIRST, -1) >= number else 0
        for name in [each.name for each in layers[: number + 1]]:
            if name == layer.name or uses.last_sum_use.get(name, -1) >= number:
                others += _outputs(shapes[name]) * shapes[name].sum_bits
            if name not in (source, layer.name) and uses.last_bit_use.get(name, -1) >= number:
                others += _outputs(shapes[name]) + uses.padding(name)
        found.append(LiveBits(inputs + _outputs(g), borders + uses.padding(layer.name), others))
    return found


def check_activations_fit(name: str, live: LiveBits, architecture: Architecture) -> None:
    """Refuse an activation buffer that cannot hold the maps that are held while a layer runs.

    Raises
    ------
    InputError
        With what would do.
    """
    needed = -(-(live.plain + live.borders + live.others) // 1024)
    if needed > architecture.activation_buffer.size_kbit:
        others = ", and what later layers still take" if live.others else ""
        raise InputError(
            f"architecture {architecture.name}: activation_buffer.size_kbit: layer {name} needs "
            f"{needed} kbit for its input and output with their padding{others}, there are "
            f"{architecture.activation_buffer.size_kbit}"
        )


class _Uses:
    """Who takes a layer's bits, and its sums, last; and the padding that its readers ask for."""

    def __init__(self, layers: Sequence[Sized], sources: Sequence[str]) -> None:
        self.last_bit_use: dict[str, int] = {}
        self.last_sum_use: dict[str, int] = {}
        self._padding: dict[str, int] = {}
        for number, (layer, source) in enumerate(zip(layers, sources, strict=True)):
            self.last_bit_use[source] = number
            self._padding[source] = max(self._padding.get(source, 0), _padding(layer.geometry))
            addend = layer.geometry.addend
            if addend is not None:
                uses = self.last_sum_use if addend.bits > 1 else self.last_bit_use
                uses[addend.layer] = number

    def padding(self, name: str) -> int:
        """Count the bits of the padding around a layer's output bits."""
        return self._padding.get(name, 0)


def _host_bits(layers: Sequence[Sized]) -> int:
    """Count the bits of sums that the host's first layers give, if a layer adds them."""
    if any(layer.name == FIRST for layer in layers):
        return 0
    addends = [layer.geometry.addend for layer in layers]
    sizes = [a.height * a.width * a.channels * a.bits for a in addends if a is not None and a.layer == FIRST]
    return max(sizes, default=0)


def _outputs(geometry: Geometry) -> int:
    return geometry.pooled_height * geometry.pooled_width * geometry.out_channels


def _padding(geometry: Geometry) -> int:
    """Count the bits of the padding around a layer's input."""
    pixels = 2 * geometry.padding_pixels
    padded = (geometry.in_height + pixels) * (geometry.in_width + pixels)
    return geometry.planes * (padded - geometry.in_height * geometry.in_width) * geometry.in_channels
