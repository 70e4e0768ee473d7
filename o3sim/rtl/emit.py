"""Write a machine and a layer as SystemVerilog: units as they are, a header of sizes, memories as hex."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from o3sim.config.dispatch import CAROUSEL
from o3sim.contract.events import EventWindow
from o3sim.errors import InputError
from o3sim.files import write_atomic
from o3sim.files.folders import replacing_folder
from o3sim.rtl.header import header, layer_names
from o3sim.rtl.layer_sizes import weight_places
from o3sim.rtl.memories import hex_text, thresholds, weight_memory
from o3sim.rtl.parameters import parameters
from o3sim.rtl.regions import Regions, regions_of
from o3sim.rtl.scope import check_scope
from o3sim.rtl.table_files import table_files
from o3sim.trace.canonical import HEADER, WINDOW
from o3sim.trace.writers.canonical import describe

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Layer
    from o3sim.network.network import Network

UNITS = Path(__file__).parent / "units"
"""Files that are the same for every machine and layer."""

PARAMETERS = "o3_parameters.svh"


@dataclass(frozen=True, eq=False)
class Subject:
    """A machine, and the layer of a network on one image that it is to run, or several in a row.

    Attributes
    ----------
    architecture : Architecture
    network : Network
    number : int
        Of the first layer, from 0.
    image : uint8 array
    count : int
        Layers.
    """

    architecture: Architecture
    network: Network
    number: int
    image: NDArray[np.uint8]
    count: int = 1

    @property
    def layer(self) -> Layer:
        """The first layer."""
        return self.network.layers[self.number]

    @property
    def numbers(self) -> range:
        """Numbers of the layers."""
        return range(self.number, self.number + self.count)

    @property
    def layers(self) -> Sequence[Layer]:
        """The layers, in their order."""
        return self.network.layers[self.number : self.number + self.count]

    @property
    def regions(self) -> Regions:
        """Where their maps lie in the activation buffer."""
        return regions_of([layer.geometry for layer in self.layers], self.architecture)

    @property
    def title(self) -> str:
        """What they are called together."""
        names = [layer.name for layer in self.layers]
        return names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"


def texts(subject: Subject) -> dict[str, str]:
    """Return the files that are to be written, by name.

    Raises
    ------
    InputError
        If there is no RTL of the machine or the layer.
    """
    architecture, layers = subject.architecture, subject.layers
    check_scope(architecture, subject.network, subject.numbers)
    width = architecture.pe.width_edges
    values = parameters(architecture, layers, subject.number)
    full = max(layer.geometry.fan_in * (2**layer.geometry.planes - 1) for layer in layers)
    limits = [limit for layer in layers for limit in thresholds(layer)]
    names = layer_names([layer.name for layer in layers])
    return {
        **_units(architecture),
        PARAMETERS: header(values, _title(subject)) + names,
        "activations.hex": hex_text(subject.regions.content(input_bits(subject)), width),
        "weights.hex": hex_text(_weights(layers, architecture), width),
        "thresholds.hex": hex_text(limits, (2 * full + 1).bit_length()),
        **table_files(layers, architecture),
        "window.txt": f"{HEADER}\n{window_line(subject)}",
    }


def window_line(subject: Subject) -> str:
    """Return the line of a trace that says of which layers it is."""
    return f"{WINDOW}{describe(subject.title, subject.number, EventWindow(subject.number))}\n"


def _weights(layers: Sequence[Layer], architecture: Architecture) -> list[int]:
    """Return what the weight buffer holds: the words of each layer from the first bank on."""
    words: list[int] = []
    for layer, first in zip(layers, weight_places(layers, architecture), strict=False):
        words += [0] * (first - len(words)) + weight_memory(layer, architecture)
    return words


def _units(architecture: Architecture) -> dict[str, str]:
    """Return the files that depend on no size: those of all machines, and of the way to dispatch."""
    paths = sorted(
        path for folder in unit_folders(architecture) for path in folder.iterdir() if path.is_file()
    )
    return {path.name: path.read_text() for path in paths}


def unit_folders(architecture: Architecture) -> list[Path]:
    """Return the folders that the units of a machine lie in."""
    if architecture.scheduler.dispatch == CAROUSEL:
        return [UNITS, UNITS / "carousel"]
    way = "queue" if architecture.scheduler.has_queue else "window"
    return [UNITS, UNITS / "operands", UNITS / way]


def input_bits(subject: Subject) -> NDArray[np.integer]:
    """Return the bits that the first layer reads, or codes of a fixed-point input."""
    from o3sim.network.flow import source_numbers
    from o3sim.network.infer import infer
    from o3sim.network.own_input import own_input

    network, image, layer = subject.network, subject.image, subject.layer
    if layer.geometry.own_input:
        return own_input(layer.name, layer.geometry, image)
    source = source_numbers(network.layers)[subject.number]
    return network.encode(image) if source is None else infer(network, image).bits[source]


def output_bits(subject: Subject) -> list[NDArray[np.uint8]]:
    """Return the bits that each layer is to give, by functional inference."""
    from o3sim.network.infer import infer

    bits = infer(subject.network, subject.image).bits
    return [bits[number] for number in subject.numbers]


def prepare_folder(folder: Path) -> None:
    """Refuse a folder whose place RTL cannot take: one that holds other things.

    Raises
    ------
    InputError
        With what to do.
    """
    if folder.is_dir() and any(folder.iterdir()) and not (folder / PARAMETERS).is_file():
        raise InputError(f"--output {folder}: holds files that are not of `o3sim rtl`; name a new folder")


def write(files: dict[str, str], folder: Path) -> None:
    """Write files as a folder, all or none; RTL that was there before is replaced.

    Raises
    ------
    InputError
        If one cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with replacing_folder(folder) as made:
            for name, text in files.items():
                write_atomic(made / name, text)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror or error}") from None


def _title(subject: Subject) -> str:
    names = subject.architecture.name, subject.title, subject.network.name
    machine, layers, network = (" ".join(name.split()) for name in names)
    return f"Sizes of machine {machine} and layer {layers} of {network}; written by `o3sim rtl`."
