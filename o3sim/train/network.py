"""A trainable network: the layers of a topology, and their regularisers weighted by edges at stake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from o3sim.network.flow import source_numbers
from o3sim.network.layer import Geometry, LayerSize
from o3sim.network.parameters import Shapes
from o3sim.network.preprocess import BinaryInput, FixedInput, InputSpec
from o3sim.train.config import Order
from o3sim.train.layers import BinaryLayer, Terms
from o3sim.train.regularisers import WantedTerms
from o3sim.train.sums import SummingLayer, added, fraction_bits_of


class BinaryNetwork(nn.Module):
    """All layers, first to last.

    Parameters
    ----------
    shapes : list of (str, Geometry, bool)
        As :func:`o3sim.network.load.layer_shapes` gives them.
    spec : InputSpec
    order : {"bn_pool", "pool_bn"}
    """

    def __init__(self, shapes: Shapes, spec: InputSpec, order: Order) -> None:
        super().__init__()
        self.spec, self.order = spec, order
        self.names = [name for name, _, _ in shapes]
        self.layers = nn.ModuleList(
            (SummingLayer if geometry.makes_sums else BinaryLayer)(
                geometry, order, scores, pad_value(geometry, spec, first=index == 0)
            )
            for index, (_, geometry, scores) in enumerate(shapes)
        )
        self.sources = source_numbers([LayerSize(*shape) for shape in shapes])
        edges = [edges_of(geometry) for _, geometry, _ in shapes]
        at_stake = [
            0 if geometry.planes > 1 or scores or geometry.makes_sums else count
            for count, (_, geometry, scores) in zip(edges, shapes, strict=True)
        ]
        self.shares = [count / max(1, sum(at_stake)) for count in at_stake]

    def want(self, terms: WantedTerms, weights: Mapping[str, float] | None = None) -> None:
        """Say which of the regularisers' terms to compute.

        Parameters
        ----------
        weights : mapping, optional
            How much layers count by name, in place of their edges at stake; others do not at all.
        """
        for layer in self.binary_layers():
            layer.wanted = terms
        if weights is not None:
            total = sum(weights.values())
            self.shares = [weights.get(name, 0.0) / total for name in self.names]

    def binary_layers(self) -> Sequence[BinaryLayer]:
        """Return the layers with their type."""
        return [layer for layer in self.layers if isinstance(layer, BinaryLayer)]

    def forward(self, codes: Tensor) -> tuple[Tensor, Terms]:
        """Evaluate while training.

        Parameters
        ----------
        codes : Tensor, shape (images, channels, height, width)
            Inputs as numbers (see :func:`input_values`).

        Returns
        -------
        Tensor, shape (images, classes)
            Scores.
        Terms
            Sums over layers, each weighted by its share of the edges that pruning can act on.
        """
        total = Terms()
        flow = _Flow(self, codes)
        for layer, share in zip(self.binary_layers(), self.shares, strict=True):
            x = flow.inputs_of(layer)
            if isinstance(layer, SummingLayer):
                flow.put(*layer.normed_sums(x, flow.addition_of(layer, exact=False)))
                continue
            x, terms = layer(x)
            flow.put(x)
            if terms is not None:
                total = Terms(
                    _plus(total.pooling, terms.pooling, share), _plus(total.threshold, terms.threshold, share)
                )
        return x, total

    @torch.no_grad()
    def evaluate(self, codes: Tensor) -> list[Tensor]:
        """Return the output of every layer as the exported network computes it, +-1, scores last."""
        flow, fraction_bits = _Flow(self, codes), self.fraction_bits()
        for layer in self.binary_layers():
            x, sums = flow.inputs_of(layer), None
            if isinstance(layer, SummingLayer):
                bits, sums = layer.integer_sums(x, flow.addition_of(layer, exact=True), fraction_bits)
            else:
                bits = layer.evaluate(x)
            flow.put(bits.to(codes.dtype if not layer.scores else torch.float64), sums)
        return flow.bits

    @property
    def makes_sums(self) -> bool:
        """Whether some layer makes sums."""
        return any(isinstance(layer, SummingLayer) for layer in self.layers)

    def fraction_bits(self) -> int:
        """Return the bits of fraction of the constants of layers that make sums."""
        return fraction_bits_of(self.names, self.binary_layers(), self.spec.offset)

    def clip(self) -> None:
        """Bring all parameters back into their ranges after a step."""
        for layer in self.binary_layers():
            layer.clip()


class _Flow:
    """Outputs of layers on their way to those that take them."""

    def __init__(self, network: BinaryNetwork, codes: Tensor) -> None:
        self._network, self._codes = network, codes
        self.bits: list[Tensor] = []
        self._sums: list[Tensor | None] = []

    def inputs_of(self, layer: BinaryLayer) -> Tensor:
        """Return what the next layer takes."""
        source = self._network.sources[len(self.bits)]
        return _fitted(self._codes if source is None else self.bits[source], layer.geometry)

    def addition_of(self, layer: BinaryLayer, *, exact: bool) -> Tensor | None:
        """Return what the next layer adds; None if it adds nothing."""
        addend = layer.geometry.addend
        if addend is None:
            return None
        number = self._network.names.index(addend.layer)
        sums = self._sums[number]
        values = self.bits[number] if addend.bits == 1 or sums is None else sums
        return added(
            addend, layer.geometry.out_channels, values.to(torch.float64 if exact else values.dtype), exact
        )

    def put(self, bits: Tensor, sums: Tensor | None = None) -> None:
        """Take what the next layer gave."""
        self.bits.append(bits)
        self._sums.append(sums)


def input_values(spec: InputSpec, codes: Tensor) -> Tensor:
    """Turn codes into the numbers that weights multiply: ``q``, or +-1 for binary input."""
    if isinstance(spec, BinaryInput):
        return codes * 2.0 - 1.0
    return codes.float() + spec.least


def pad_value(geometry: Geometry, spec: InputSpec, first: bool) -> float:
    """Return what a padded tap holds: no edge is a 0, which adds nothing to a dot."""
    if geometry.padding == "exclude":
        return 0.0
    high = geometry.padding == "+1"
    if first and isinstance(spec, FixedInput):
        return float(spec.least + (2**spec.bits - 1 if high else 0))
    return 1.0 if high else -1.0


def edges_of(geometry: Geometry) -> int:
    """Count the edges of a layer."""
    return int(geometry.n_edges_map().sum()) * geometry.out_channels


def _fitted(x: Tensor, geometry: Geometry) -> Tensor:
    """Flatten a map as y, x, c before a dense layer."""
    if geometry.kind == "dense":
        return x.permute(0, 2, 3, 1).reshape(x.shape[0], -1, 1, 1)
    return x


def _plus(total: Tensor | None, term: Tensor | None, share: float) -> Tensor | None:
    if term is None:
        return total
    return share * term if total is None else total + share * term
