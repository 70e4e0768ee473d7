"""The figures of samples: half-widths of intervals, of layers and of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import fsum
from typing import TYPE_CHECKING

from o3sim.results.sampled import HalfWidths, SampledFigures, SampledLayer
from o3sim.runs.sampling.estimate import LayerSample, Value, half_width

if TYPE_CHECKING:
    from o3sim.contract.counters import LayerCounters
    from o3sim.energy.model import EnergyModel


def sampled_figures(
    seed: int,
    layers: Sequence[LayerCounters],
    samples: Sequence[Mapping[int, LayerSample]],
    model: EnergyModel,
    staying: Sequence[int],
) -> SampledFigures:
    """Compute the figures of a sampled run.

    Parameters
    ----------
    layers : sequence of LayerCounters
        Of all layers, summed over the images.
    samples : sequence of mapping of int to LayerSample
        Of each image, by the numbers of the layers.
    model : EnergyModel
    staying : sequence of int
        Layers whose weights stay on the chip.
    """
    values = [_values(model, number in staying) for number in range(len(layers))]
    of_layer = {
        number: [image[number] for image in samples]
        for number in sorted({n for image in samples for n in image})
    }
    spared = sum(sample.ops - sample.simulated_ops for found in of_layer.values() for sample in found)
    return SampledFigures(
        seed,
        1 - spared / sum(counters.ops for counters in layers),
        _half_widths([(sample, values[number]) for number, found in of_layer.items() for sample in found]),
        tuple(
            SampledLayer(
                layers[number].name,
                sum(len(stratum.seen) for sample in found for stratum in sample.strata),
                sum(sample.simulated_ops for sample in found) / layers[number].ops,
                _half_widths([(sample, values[number]) for sample in found]),
            )
            for number, found in of_layer.items()
        ),
    )


def _half_widths(samples: Sequence[tuple[LayerSample, Mapping[str, Value]]]) -> HalfWidths:
    names = HalfWidths.__dataclass_fields__
    return HalfWidths(
        **{name: half_width((sample, values[name]) for sample, values in samples) for name in names}
    )


def _values(model: EnergyModel, stays: bool) -> dict[str, Value]:
    """Return what is taken of counts for each half-width; a line buffer takes the PEs' reads."""
    buffered = model.architecture.activation_buffer.line_buffer

    def energy_pj(counters: LayerCounters) -> float:
        """Price what was counted."""
        return fsum(model.energy_pj(counters, stays).values())

    return {
        "cycles": lambda counters: counters.cycles,
        "activation_reads": lambda counters: 0 if buffered else counters.activation_reads,
        "line_buffer_reads": lambda counters: counters.activation_reads if buffered else 0,
        "weight_reads": lambda counters: counters.weight_reads,
        "energy_pj": energy_pj,
    }
