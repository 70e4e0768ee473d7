"""The figures of a run of which layers were sampled: what its estimates may be off by."""

from __future__ import annotations

from dataclasses import dataclass

from o3sim.contract.declared import Declared, declared

CONFIDENCE = 0.95
"""Share of runs with other seeds, 0..1, whose intervals hold the exact value."""


@dataclass(frozen=True)
class HalfWidths(Declared[float]):
    """Half the widths of intervals around figures that are sums over all images."""

    cycles: float = declared("of `cycles`")
    activation_reads: float = declared("of `events.activation_reads`")
    line_buffer_reads: float = declared("of `events.line_buffer_reads`")
    weight_reads: float = declared("of `events.weight_reads`")
    energy_pj: float = declared("of `energy_pj.total`")


@dataclass(frozen=True)
class SampledLayer:
    """A layer that was sampled.

    Attributes
    ----------
    name : str
    stretches : int
        That were run of it, besides its beginning and its end, over all images.
    simulated_ops_share : float
        Ops that were run of it, 0..1.
    half_widths : HalfWidths
    """

    name: str
    stretches: int
    simulated_ops_share: float
    half_widths: HalfWidths


@dataclass(frozen=True)
class SampledFigures:
    """What was sampled, and how far the figures of the run may be off for it.

    Attributes
    ----------
    seed : int
        By which the stretches were drawn.
    simulated_ops_share : float
        Ops that were run, of those of all layers, 0..1.
    half_widths : HalfWidths
        Of the whole run.
    layers : tuple of SampledLayer
        In the order of the network; all others were run exactly.
    confidence : float
    """

    seed: int
    simulated_ops_share: float
    half_widths: HalfWidths
    layers: tuple[SampledLayer, ...]
    confidence: float = CONFIDENCE
