"""Predict the figures of boards: their foldings run as pipelines, with the ends that are stated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from o3sim.checks.boards.rows import BoardFolding, BoardRow, load_boards
from o3sim.config.architecture import Architecture
from o3sim.config.load import load_architecture
from o3sim.config.overrides import laid_over
from o3sim.network.finn.folding import Folding
from o3sim.network.finn.machine import folded_keys
from o3sim.network.finn.matrix_vector import matrix_vector_cycles
from o3sim.network.finn.pooling import pool_cycles
from o3sim.network.finn.sliding_window import sliding_window_cycles
from o3sim.network.finn.stream_end import stream_cycles
from o3sim.network.load import load_network, load_workload, workload_images
from o3sim.runs.simulation import simulate

if TYPE_CHECKING:
    from o3sim.network.network import Network
    from o3sim.results.pipeline import PipelineFigures

IMAGES = 4
"""Through each pipeline: their intervals are all the same, for nothing is pruned."""

VALUE_BITS = 8
"""Of a pixel value, as it comes."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Prediction:
    """A row with what is predicted for it.

    Attributes
    ----------
    row : BoardRow
    predicted : float or None
        In the row's unit; None if what ran is not known.
    bound : str
        The unit that sets the rate.
    bound_cycles : int
        What an image takes it, by its closed form.
    """

    row: BoardRow
    predicted: float | None
    bound: str
    bound_cycles: int = 0

    @property
    def error(self) -> float | None:
        """By how much of the measured figure the predicted one is above it."""
        return None if self.predicted is None else self.predicted / self.row.measured - 1


def predictions(progress: Progress | None = None) -> list[Prediction]:
    """Predict every row, in their order."""
    boards, found = load_boards(), []
    for number, row in enumerate(boards.rows):
        if progress is not None:
            progress(f"{row.network} on {row.board}", number, len(boards.rows))
        found.append(_predicted(row, boards.foldings))
    return found


def _predicted(row: BoardRow, foldings: dict[str, BoardFolding]) -> Prediction:
    if not row.folding or row.clock_mhz is None:
        return Prediction(row, None, "")
    folding = foldings[row.folding]
    figures = _simulated(row.folding, row.input_bits_per_cycle)
    if row.unit == "us":
        predicted = figures.latency_cycles / row.clock_mhz
    else:
        predicted = 1e6 * row.clock_mhz / (figures.initiation_interval_cycles or figures.latency_cycles)
    network = _network(folding.network)
    cycles, unit = max(_units(network, folding, row.input_bits_per_cycle))
    return Prediction(row, predicted, unit, cycles)


@lru_cache(maxsize=32)  # rows of the same folding
def _simulated(name: str, input_bits_per_cycle: float | None) -> PipelineFigures:
    """Run a folding, clocked as its input end; the clock makes no other difference."""
    folding = load_boards().foldings[name]
    files = load_workload(folding.network)
    network = _network(folding.network)
    images = workload_images(files, network, None, IMAGES).x
    figures = simulate(board_machine(name, folding, input_bits_per_cycle), network, images).pipeline
    if figures is None:
        raise TypeError(f"folding {name}: its machine is no pipeline")
    return figures


def board_machine(name: str, folding: BoardFolding, input_bits_per_cycle: float | None) -> Architecture:
    """Make the machine of a folding."""
    shapes = [layer.geometry for layer in _network(folding.network).layers]
    none = (0,) * len(shapes)
    sizes = Folding(folding.pe, folding.simd, folding.windows or none, folding.pools or none, ())
    keys: dict[str, Any] = {**folded_keys(shapes, sizes), "name": name}
    if input_bits_per_cycle is not None:
        clock_mhz = load_architecture("dense").clock_mhz
        keys["input_end"] = {"bits_per_cycle": input_bits_per_cycle, "clock_mhz": clock_mhz}
    return Architecture.of(laid_over(load_architecture("dense").model_dump(), keys))


@lru_cache(maxsize=4)
def _network(name: str) -> Network:
    return load_network(load_workload(name))


def _units(
    network: Network, folding: BoardFolding, input_bits_per_cycle: float | None
) -> Iterator[tuple[int, str]]:
    """Yield the cycles of an image in each unit by its closed form, and what the unit is."""
    for number, layer in enumerate(network.layers):
        shape = layer.geometry
        cycles = matrix_vector_cycles(shape, folding.simd[number], folding.pe[number])
        yield cycles, layer.name
        if folding.windows and folding.windows[number]:
            yield sliding_window_cycles(shape, folding.windows[number]), f"windows of {layer.name}"
        if folding.pools and folding.pools[number]:
            yield pool_cycles(shape, folding.pools[number]), f"pool of {layer.name}"
    if input_bits_per_cycle is not None:
        first = network.layers[0].geometry
        bits = first.in_height * first.in_width * first.in_channels * VALUE_BITS
        yield stream_cycles(bits, input_bits_per_cycle, 1, 1), "input"
