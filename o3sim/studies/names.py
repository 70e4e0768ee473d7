"""What conditions and derived values may read: every architecture key, and figures computed from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from o3sim.area.clock import clock_of
from o3sim.area.machine import pieces_of, total_of
from o3sim.config.architecture import PIPELINED, SEQUENTIAL, Architecture
from o3sim.config.changes import ChangeError
from o3sim.config.flat import flattened, nested
from o3sim.config.overrides import laid_over
from o3sim.config.streaming import STREAMING
from o3sim.contract.storage import BITS_PER_KBIT, OP_BITS, storage_of

if TYPE_CHECKING:
    from o3sim.area.pieces import Piece
    from o3sim.network.layer import Sized

Figure = Callable[[Mapping[str, Any], "Sequence[Sized]"], float]


def peak_edges_per_cycle(values: Mapping[str, Any], _layers: Sequence[Sized]) -> int:
    """Return PEs times their width: no machine evaluates more in a cycle."""
    return int(values["pe.count"] * values["pe.width_edges"])


def on_chip_kbit(values: Mapping[str, Any], layers: Sequence[Sized]) -> float:
    """Return buffers, issue queue, patches and what no key sizes: what leakage is counted for."""
    queue_kbit = values.get("issue_queue.depth_ops", 0) * OP_BITS / BITS_PER_KBIT
    patches_kbit = values.get("activation_buffer.patch_kbit", 0) * values["pe.count"]
    own_kbit = storage_of(_machine(values), layers).own
    buffers_kbit = values["activation_buffer.size_kbit"] + values["weight_buffer.size_kbit"]
    return float(buffers_kbit + queue_kbit + patches_kbit + own_kbit)


def _area(what: str) -> Figure:
    def figure(values: Mapping[str, Any], layers: Sequence[Sized]) -> float:
        return float(getattr(total_of(_pieces(values, layers)), what))

    return figure


def _clock_mhz(values: Mapping[str, Any], layers: Sequence[Sized]) -> float:
    return clock_of(_pieces(values, layers)).mhz


def _pieces(values: Mapping[str, Any], layers: Sequence[Sized]) -> tuple[Piece, ...]:
    return _pieces_of(tuple(values.items()), tuple(layers))


@lru_cache(maxsize=1)  # for all figures of a machine
def _pieces_of(values: tuple[tuple[str, Any], ...], layers: tuple[Sized, ...]) -> tuple[Piece, ...]:
    return tuple(pieces_of(_machine_of(values), layers))


def _machine(values: Mapping[str, Any]) -> Architecture:
    return _machine_of(tuple(values.items()))


@lru_cache(maxsize=1)  # for all figures of a machine
def _machine_of(values: tuple[tuple[str, Any], ...]) -> Architecture:
    try:
        return Architecture.of(nested(dict(values)))
    except ChangeError as error:
        raise ValueError(f"no such machine: {error.refusals[0]}") from None


FIGURES: dict[str, Figure] = {
    "peak_edges_per_cycle": peak_edges_per_cycle,
    "on_chip_kbit": on_chip_kbit,
    "area.lut": _area("lut"),
    "area.ff": _area("ff"),
    "area.bram36": _area("bram36"),
    "area.clock_mhz": _clock_mhz,
}
"""By name, each computed from a machine's dotted keys; they stand in result tables too."""


class Readable(Mapping[str, Any]):
    """A machine's dotted keys, with the figures of :data:`FIGURES` computed when they are read.

    Parameters
    ----------
    values : mapping of str to scalar
        By dotted key, every key of an architecture.
    layers : sequence of Sized
        The network it is for: some memories are as large as it asks, and a pipeline that states no stages
        has one for each layer.
    """

    def __init__(self, values: Mapping[str, Any], layers: Sequence[Sized]) -> None:
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


def figures_of(architecture: Architecture, layers: Sequence[Sized]) -> dict[str, Any]:
    """Return the figures of a machine by name; of a pipeline they are summed over its stages.

    Parameters
    ----------
    layers : sequence of Sized
        The network it is for.

    Examples
    --------
    >>> from o3sim.config.load import load_architecture
    >>> figures_of(load_architecture("small"), [])["peak_edges_per_cycle"]
    512
    """
    values = flattened(architecture.model_dump(mode="json"))
    return {name: _summed(figure, values, layers) for name, figure in FIGURES.items()}


def _summed(figure: Figure, values: Mapping[str, Any], layers: Sequence[Sized]) -> float:
    """Compute a figure of a machine, or of all stages of a pipeline, without the units between these."""
    if values["organization"] != PIPELINED:
        return figure(values, layers)
    whole = nested(values)
    stages = whole.pop("stages", None) or [{}] * len(layers)
    base = {**whole, "organization": SEQUENTIAL}
    own = [layers[number : number + 1] for number in range(len(stages))]
    alone = [
        {unit: keys for unit, keys in laid_over(base, stage).items() if unit not in STREAMING}
        for stage in stages
    ]
    return sum(figure(flattened(machine), layer) for machine, layer in zip(alone, own, strict=True))


def value_before(values: Mapping[str, Any], key: str) -> Any:
    """Return the value of a key; of one that a stage does not state, the machine's."""
    return values[key] if key in values else values.get(".".join(key.split(".")[2:]))
