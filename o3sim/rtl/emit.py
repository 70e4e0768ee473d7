"""Write a machine and a layer as SystemVerilog: units as they are, a header of sizes, memories as hex."""

from __future__ import annotations

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
from o3sim.rtl.memories import activation_words, hex_text, old_words, thresholds, weight_memory
from o3sim.rtl.parameters import header, parameters
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
    """A machine, and the layer of a network on one image that it is to run.

    Attributes
    ----------
    architecture : Architecture
    network : Network
    number : int
        Of the layer, from 0.
    image : uint8 array
    """

    architecture: Architecture
    network: Network
    number: int
    image: NDArray[np.uint8]

    @property
    def layer(self) -> Layer:
        """The layer."""
        return self.network.layers[self.number]


def texts(subject: Subject) -> dict[str, str]:
    """Return the files that are to be written, by name.

    Raises
    ------
    InputError
        If there is no RTL of the machine or the layer.
    """
    architecture, layer = subject.architecture, subject.layer
    check_scope(architecture, subject.network, subject.number)
    width = architecture.pe.width_edges
    values = parameters(architecture, layer, subject.number)
    count_bits = max(1, (2 * layer.geometry.n_edges_full + 1).bit_length())
    activations = activation_words(layer.geometry, input_bits(subject), width)
    activations += old_words(int(values["ACTIVATION_WORDS"]) - len(activations), width)
    window = describe(layer.name, subject.number, EventWindow(subject.number))
    return {
        **_units(architecture),
        PARAMETERS: header(values, _title(subject)),
        "activations.hex": hex_text(activations, width),
        "weights.hex": hex_text(weight_memory(layer, architecture), width),
        "thresholds.hex": hex_text(thresholds(layer), count_bits),
        **table_files(layer, architecture),
        "window.txt": f"{HEADER}\n{WINDOW}{window}\n",
    }


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
    """Return the bits that the layer reads."""
    from o3sim.network.flow import source_numbers
    from o3sim.network.infer import infer
    from o3sim.network.own_input import own_input

    network, image, layer = subject.network, subject.image, subject.layer
    if layer.geometry.own_input:
        return own_input(layer.name, layer.geometry, image)
    source = source_numbers(network.layers)[subject.number]
    return network.encode(image) if source is None else infer(network, image).bits[source]


def output_bits(subject: Subject) -> NDArray[np.uint8]:
    """Return the bits that the layer is to give, by functional inference."""
    from o3sim.network.infer import infer

    return infer(subject.network, subject.image).bits[subject.number]


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
    names = subject.architecture.name, subject.layer.name, subject.network.name
    machine, layer, network = (" ".join(name.split()) for name in names)
    return f"Sizes of machine {machine} and layer {layer} of {network}; written by `o3sim rtl`."
