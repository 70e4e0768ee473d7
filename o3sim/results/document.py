"""The JSON form of a result: stable keys in a stable order, nothing of the machine it ran on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from o3sim.results.columns import GROUPS
from o3sim.results.comparison import Comparison
from o3sim.results.images import ImageResult
from o3sim.results.measures import Measures, values_of
from o3sim.results.pipeline import PipelineFigures
from o3sim.results.resident import ResidentFigures
from o3sim.results.result import RunResult
from o3sim.results.sampled import SampledFigures


def to_document(result: RunResult, comparisons: Sequence[Comparison] = ()) -> dict[str, Any]:
    """Turn a result into plain values; every key is described in ``docs/results.md``."""
    return {
        "schema_version": result.schema_version,
        **_run(result),
        "compare": [_comparison(other) for other in comparisons],
    }


def to_json(result: RunResult, comparisons: Sequence[Comparison] = ()) -> str:
    """Write a result as JSON text, ending in a newline.

    The same result gives the same bytes: keys in a fixed order, floats as their shortest exact
    form, and no date, path or host.
    """
    return json.dumps(to_document(result, comparisons), indent=2, allow_nan=False) + "\n"


def _comparison(other: Comparison) -> dict[str, Any]:
    energies = other.on_chip_energy_ratio_spread
    return {
        "peak_ratio": other.peak_ratio,
        "speed_up": other.speed_up,
        "speed_up_spread": asdict(other.speed_up_spread),
        "energy_ratio": other.energy_ratio,
        "on_chip_energy_ratio": other.on_chip_energy_ratio,
        "on_chip_energy_ratio_spread": None if energies is None else asdict(energies),
        **_run(other.result),
    }


def _run(result: RunResult) -> dict[str, Any]:
    return {
        "architecture": result.architecture,
        "workload": result.workload,
        "network_digest": result.network_digest,
        "images": result.images,
        "synthetic": list(result.synthetic),
        "float_ends": list(result.float_ends),
        "accuracy": result.accuracy,
        "agreement": result.agreement,
        "classes": list(result.classes),
        "spread": asdict(result.spread),
        **_measures(result),
        "storage_kbit": asdict(result.storage_kbit),
        "area": None if result.area is None else asdict(result.area),
        "sampled": None if result.sampled is None else _sampled(result.sampled),
        "pipeline": None if result.pipeline is None else _pipeline(result.pipeline),
        "resident": None if result.resident is None else _resident(result.resident),
        "layers": [{"name": layer.name, **_measures(layer)} for layer in result.layers],
        "per_image": [_image(image) for image in result.per_image],
        "configuration": dict(result.configuration),
    }


def _image(image: ImageResult) -> dict[str, Any]:
    return {**asdict(image), "scores": None if image.scores is None else list(image.scores)}


def _pipeline(figures: PipelineFigures) -> dict[str, Any]:
    return {**asdict(figures), "stages": [asdict(stage) for stage in figures.stages]}


def _sampled(figures: SampledFigures) -> dict[str, Any]:
    return {**asdict(figures), "layers": [asdict(layer) for layer in figures.layers]}


def _resident(figures: ResidentFigures) -> dict[str, Any]:
    return {**asdict(figures), "layers": list(figures.layers)}


def _measures(measures: Measures) -> dict[str, Any]:
    values = values_of(measures).items()
    return {name: asdict(value) if name in GROUPS else value for name, value in values}
