"""The result of a run: every figure of the machine on a network and some images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from o3sim.config.architecture import Architecture
from o3sim.config.custom_code import CUSTOM_KEYS, without_folder
from o3sim.contract.counters import LayerCounters
from o3sim.contract.resident import ResidentWeights
from o3sim.contract.storage import StorageKbit, total_of
from o3sim.energy.model import EnergyModel
from o3sim.results.area import AreaFigures
from o3sim.results.columns import measure_columns
from o3sim.results.images import ImageResult, Spread, spread_of
from o3sim.results.measures import Measures, measure, sum_energy, values_of
from o3sim.results.pipeline import PipelineFigures, of_stream
from o3sim.results.resident import ResidentFigures
from o3sim.results.sampled import SampledFigures

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]  # ships no types


SCHEMA_VERSION = 1
"""Goes up when a key of a result changes its meaning or goes away; new keys do not change it."""


@dataclass(frozen=True, kw_only=True)
class LayerResult(Measures):
    """One layer, over all images."""

    name: str


@dataclass(frozen=True, kw_only=True)
class RunResult(Measures):
    """One architecture, one network, some images.

    Attributes
    ----------
    architecture, workload : str
        Names.
    network_digest : str
        SHA-256 over the network's topology and parameters.
    configuration : mapping
        The architecture, fully expanded; its energy table by name.
    images : int
    synthetic : tuple of str
        What was made up: ``parameters``, ``images``, both or nothing.
    float_ends : tuple of str
        Which ends are float layers on the host, in no figure: ``first``, ``last``, both or nothing.
    accuracy : float or None
        Share of images whose class is the label, 0..1; None without labels.
    classes : tuple of (int or None)
        Class of each image, in order; None of a network without classes.
    per_image : tuple of ImageResult
        Cycles, class, label and scores of each image, in order.
    layers : tuple of LayerResult
        In the order of the network.
    agreement : float or None
        Share of images whose class is the exact one, for a machine that calls outcomes speculatively.
    storage_kbit : StorageKbit
        Memories that no key sizes, in kbit.
    area : AreaFigures or None
        What the machine takes of a chip, estimated, and how fast it is for that; None where nobody asked.
    pipeline : PipelineFigures or None
        Figures of organization ``layer_pipelined`` only.
    sampled : SampledFigures or None
        How far estimates may be off, where layers were sampled.
    resident : ResidentFigures or None
        What loading weights that stay on the chip took, if some do; in no other figure.
    schema_version : int
        Version of the JSON that this is written as.
    """

    architecture: str
    workload: str
    network_digest: str
    configuration: Mapping[str, Any]
    images: int
    synthetic: tuple[str, ...]
    float_ends: tuple[str, ...]
    accuracy: float | None
    classes: tuple[int | None, ...]
    layers: tuple[LayerResult, ...]
    storage_kbit: StorageKbit
    per_image: tuple[ImageResult, ...]
    area: AreaFigures | None = None
    agreement: float | None = None
    pipeline: PipelineFigures | None = None
    sampled: SampledFigures | None = None
    resident: ResidentFigures | None = None
    schema_version: int = SCHEMA_VERSION

    @property
    def spread(self) -> Spread:
        """How far the cycles of images spread: ``p50``, ``p99``, ``worst``."""
        return spread_of([image.cycles for image in self.per_image])

    @property
    def clock_mhz(self) -> float:
        """Clock of the machine."""
        return float(self.configuration["clock_mhz"])

    @property
    def peak_edges_per_cycle(self) -> int:
        """PEs times their width, in a pipeline those of all stages: it evaluates no more in a cycle."""
        if self.pipeline is not None:
            return sum(stage.pe_count * stage.pe_width_edges for stage in self.pipeline.stages)
        pe = self.configuration["pe"]
        return int(pe["count"] * pe["width_edges"])

    def to_frame(self) -> pd.DataFrame:
        """Return the layers as a DataFrame, a column for each figure (extra ``frames``)."""
        from o3sim.results.frames import frame_of

        return frame_of([{"layer": layer.name, **measure_columns(layer)} for layer in self.layers])


@dataclass(frozen=True)
class Subject:
    """What was run on an architecture, and what came of each image."""

    workload: str
    network_digest: str
    images: tuple[ImageResult, ...]
    synthetic: tuple[str, ...] = ()
    float_ends: tuple[str, ...] = ()

    @property
    def classes(self) -> tuple[int | None, ...]:
        """Class of each image; None of a network without classes."""
        return tuple(image.predicted for image in self.images)

    @property
    def accuracy(self) -> float | None:
        """Share of images whose class is the label; None without labels."""
        if any(image.label is None for image in self.images):
            return None
        return sum(image.predicted == image.label for image in self.images) / len(self.images)


def run_result(
    architecture: Architecture,
    model: EnergyModel,
    subject: Subject,
    layers: Sequence[LayerCounters],
    layers_exact: Sequence[bool],
    stages: Sequence[EnergyModel] | None = None,
    pipeline: PipelineFigures | None = None,
    resident: ResidentWeights | None = None,
) -> RunResult:
    """Compute the result of a run.

    Parameters
    ----------
    architecture : Architecture
    model : EnergyModel
        Energy model of that architecture.
    subject : Subject
    layers : sequence of LayerCounters
        By layer, each summed over the images.
    layers_exact : sequence of bool
        By layer, whether every output bit of every image equals the functional one.
    stages : sequence of EnergyModel, optional
        That of the machine of each layer, of a pipeline.
    pipeline : PipelineFigures, optional
        Figures of a pipeline.
    resident : ResidentWeights, optional
        Weights that stay on the chip of a machine that has a part for them.
    """
    images, clock_mhz = len(subject.images), architecture.clock_mhz
    models = [model] * len(layers) if stages is None else stages
    staying = () if resident is None else resident.layers
    energies = [
        priced.energy_pj(counters, stays=number in staying)
        for number, (priced, counters) in enumerate(zip(models, layers, strict=True))
    ]
    totals = LayerCounters("total")
    for counters in layers:
        totals.add(counters)
    parts = [
        measure(counters, energy, images=images, clock_mhz=clock_mhz, outputs_exact=exact)
        for counters, energy, exact in zip(layers, energies, layers_exact, strict=True)
    ]
    whole = measure(
        totals, sum_energy(energies), images=images, clock_mhz=clock_mhz, outputs_exact=all(layers_exact)
    )
    if pipeline is not None:
        whole = of_stream(whole, pipeline, images, clock_mhz)
    named = zip(layers, parts, strict=True)
    return RunResult(
        architecture=architecture.name,
        workload=subject.workload,
        network_digest=subject.network_digest,
        configuration=_configuration(architecture, model.table.name),
        images=images,
        synthetic=subject.synthetic,
        float_ends=subject.float_ends,
        accuracy=subject.accuracy,
        classes=subject.classes,
        per_image=subject.images,
        layers=tuple(LayerResult(name=counters.name, **values_of(part)) for counters, part in named),
        pipeline=pipeline,
        resident=_resident_figures(resident, model, layers),
        storage_kbit=total_of([priced.storage_kbit for priced in stages or (model,)]),
        **values_of(whole),
    )


def _resident_figures(
    resident: ResidentWeights | None, model: EnergyModel, layers: Sequence[LayerCounters]
) -> ResidentFigures | None:
    """Return the figures of weights that stay, None where none do."""
    if resident is None or not resident.layers:
        return None
    return ResidentFigures(
        layers=tuple(layers[number].name for number in resident.layers),
        load_cycles=resident.load_cycles,
        load_bits=resident.load_bits,
        load_energy_pj=model.load_pj(resident.load_bits, resident.load_cycles),
    )


def _configuration(architecture: Architecture, table_name: str) -> dict[str, Any]:
    """Expand an architecture; files by their name alone, for a path says nothing elsewhere."""
    values = {**architecture.model_dump(mode="json"), "energy": {"table": table_name}}
    for unit, key in CUSTOM_KEYS:
        if key in values[unit]:
            values[unit][key] = without_folder(values[unit][key])
    return values
