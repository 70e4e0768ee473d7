"""What conditions and derived values may read: every architecture key, and figures computed from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from o3sim.area import area_mtransistors
from o3sim.config.architecture import PIPELINED, SEQUENTIAL, Architecture
from o3sim.config.changes import ChangeError
from o3sim.config.flat import flattened, nested
from o3sim.config.overrides import laid_over
from o3sim.energy.model import BITS_PER_KBIT, OP_BITS

Figure = Callable[[Mapping[str, Any]], float]


def peak_edges_per_cycle(values: Mapping[str, Any]) -> int:
    """Return PEs times their width: no machine evaluates more in a cycle."""
    return int(values["pe.count"] * values["pe.width_edges"])


def on_chip_kbit(values: Mapping[str, Any]) -> float:
    """Return both buffers, the issue queue and the patches, the memories that leakage is counted for."""
    queue_kbit = values.get("issue_queue.depth_ops", 0) * OP_BITS / BITS_PER_KBIT
    patches_kbit = values.get("activation_buffer.patch_kbit", 0) * values["pe.count"]
    buffers_kbit = values["activation_buffer.size_kbit"] + values["weight_buffer.size_kbit"]
    return float(buffers_kbit + queue_kbit + patches_kbit)


def _area(values: Mapping[str, Any]) -> float:
    try:
        return area_mtransistors(Architecture.of(nested(values)))
    except ChangeError as error:
        raise ValueError(f"no such machine: {error.refusals[0]}") from None


FIGURES: dict[str, Figure] = {
    "peak_edges_per_cycle": peak_edges_per_cycle,
    "on_chip_kbit": on_chip_kbit,
    "area_mtransistors": _area,
}
"""By name, each computed from a machine's dotted keys; they stand in result tables too."""


class Readable(Mapping[str, Any]):
    """A machine's dotted keys, with the figures of :data:`FIGURES` computed when they are read.

    Parameters
    ----------
    values : mapping of str to scalar
        By dotted key, every key of an architecture.
    layers : int
        Layers of the network it is for: a pipeline that states no stages has as many.
    """

    def __init__(self, values: Mapping[str, Any], layers: int) -> None:
        self._values, self._layers = values, layers

    def __getitem__(self, name: str) -> Any:
        if name in self._values:
            return self._values[name]
        return _summed(FIGURES[name], self._values, self._layers)

    def __iter__(self) -> Iterator[str]:
        yield from self._values
        yield from FIGURES

    def __len__(self) -> int:
        return len(self._values) + len(FIGURES)

    def __contains__(self, name: object) -> bool:
        return name in self._values or name in FIGURES


def figures_of(architecture: Architecture, layers: int) -> dict[str, Any]:
    """Return the figures of a machine by name; of a pipeline they are summed over its stages.

    Parameters
    ----------
    layers : int
        Layers of the network it is for.

    Examples
    --------
    >>> from o3sim.config.load import load_architecture
    >>> figures_of(load_architecture("small"), 5)["peak_edges_per_cycle"]
    512
    >>> figures_of(load_architecture("finn-cnv"), 9)["peak_edges_per_cycle"]
    2608
    """
    values = flattened(architecture.model_dump(mode="json"))
    return {name: _summed(figure, values, layers) for name, figure in FIGURES.items()}


def _summed(figure: Figure, values: Mapping[str, Any], layers: int) -> float:
    """Compute a figure of a machine, or of all stages of a pipeline."""
    if values["organization"] != PIPELINED:
        return figure(values)
    whole = nested(values)
    stages = whole.pop("stages", None) or [{}] * layers
    base = {**whole, "organization": SEQUENTIAL}
    return sum(figure(flattened(laid_over(base, stage))) for stage in stages)


def value_before(values: Mapping[str, Any], key: str) -> Any:
    """Return the value of a key; of one that a stage does not state, the machine's."""
    return values[key] if key in values else values.get(".".join(key.split(".")[2:]))
