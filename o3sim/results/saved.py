"""Results read back from their JSON, as far as explanations and figures need them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

from o3sim.contract.counters import PE_CYCLE_CAUSES, PeCycles
from o3sim.errors import InputError
from o3sim.files.inputs import MOST_JSON_BYTES, first_line, parse_json, read_input
from o3sim.results.result import SCHEMA_VERSION


@dataclass(frozen=True)
class SavedLayer:
    """One layer of a saved run, summed over its images."""

    name: str
    cycles: int
    pe_cycles: Mapping[str, int]


@dataclass(frozen=True)
class SavedRun:
    """One architecture of a saved result; the fields are those of the JSON (``docs/results.md``).

    ``peak`` is in edges a second, times 1e-6, and ``image_latencies_us`` has what each image took.
    """

    architecture: str
    workload: str
    network_digest: str
    images: int
    synthetic: bool
    latency_us: float
    configuration: Mapping[str, Any]
    cycles: int
    pe_cycles: Mapping[str, int]
    layers: tuple[SavedLayer, ...]
    peak: float
    image_latencies_us: tuple[float, ...]
    sampled: bool = False

    @property
    def title(self) -> str:
        """The workload, that it is made up if any part of it is, and that layers were sampled if any were."""
        marks = [mark for mark, holds in (("synthetic", self.synthetic), ("sampled", self.sampled)) if holds]
        return f"{self.workload} ({', '.join(marks)})" if marks else self.workload


def load_runs(path: Path) -> list[SavedRun]:
    """Read a result: the main run first, then those it was compared with.

    Raises
    ------
    InputError
        If the file is not a result of `o3sim run --json`, is cut short, or is of another version.
    """
    raw = read_input(path, MOST_JSON_BYTES)
    try:
        document = parse_json(raw)
    except ValueError as error:
        raise InputError(f"{path}: not the JSON of a result, or cut short: {first_line(error)}") from None
    if not isinstance(document, dict) or "schema_version" not in document:
        raise InputError(f"{path}: not a result of `o3sim run --json`")
    if document["schema_version"] != SCHEMA_VERSION:
        found = document["schema_version"]
        raise InputError(
            f"{path}: is of schema version {found}, this o3sim reads {SCHEMA_VERSION}: run it again"
        )
    try:
        return list(_runs(document))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InputError(f"{path}: not a whole result: {type(error).__name__}: {error}") from None


def _runs(document: Mapping[str, Any]) -> Iterator[SavedRun]:
    yield _run(document)
    for other in document["compare"]:
        yield _run(other)


def _run(values: Mapping[str, Any]) -> SavedRun:
    architecture = str(values["architecture"])
    clock_mhz = _positive(values["configuration"]["clock_mhz"])
    latencies = tuple(_count(image["cycles"]) / clock_mhz for image in values["per_image"])
    if len(latencies) != values["images"]:
        raise ValueError(f"{len(latencies)} entries of per_image for {values['images']} images")
    return SavedRun(
        architecture=architecture,
        workload=str(values["workload"]),
        network_digest=str(values["network_digest"]),
        images=_count(values["images"]),
        synthetic=bool(values["synthetic"]),
        sampled=values.get("sampled") is not None,
        latency_us=_positive(values["latency_us"]),
        configuration=dict(values["configuration"]),
        cycles=_count(values["cycles"]),
        pe_cycles=_causes(values["pe_cycles"]),
        layers=tuple(
            SavedLayer(str(layer["name"]), _count(layer["cycles"]), _causes(layer["pe_cycles"]))
            for layer in values["layers"]
        ),
        peak=_peak_edges(values) * clock_mhz,
        image_latencies_us=latencies,
    )


def _peak_edges(values: Mapping[str, Any]) -> int:
    """Return the edges that a machine evaluates in a cycle at most, in a pipeline those of all stages."""
    if values["pipeline"] is not None:
        stages = values["pipeline"]["stages"]
        return sum(_count(stage["pe_count"]) * _count(stage["pe_width_edges"]) for stage in stages)
    pe = values["configuration"]["pe"]
    return _count(pe["count"]) * _count(pe["width_edges"])


def _positive(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < inf:
        raise ValueError(f"expected a number above 0, found {value!r}")
    return float(value)


def _count(value: Any) -> int:
    if type(value) is not int or value < 1:
        raise ValueError(f"expected a count, found {value!r}")
    return value


def _causes(values: Mapping[str, Any]) -> PeCycles:
    """Read PE-cycles; of a cause that the o3sim which wrote them did not know there were none."""
    found = PeCycles(**{cause: values.get(cause, 0) for cause in PE_CYCLE_CAUSES})
    if any(type(count) is not int or count < 0 for count in found.values()) or not any(found.values()):
        raise ValueError("PE-cycles are not counts")
    return found
