"""Run a case and write what a golden keeps of it: the results and the first cycles of its layers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from o3sim.checks.golden.case import (
    FORMAT_VERSION,
    MANIFEST,
    RESULT,
    Case,
    digest,
    folder_name,
    seen_from,
    trace_name,
)
from o3sim.contract.events import Event, EventKind, EventWindow
from o3sim.errors import InputError
from o3sim.files import write_atomic
from o3sim.trace.files import open_trace
from o3sim.trace.window import NO_END, Range, event_window, layer_number
from o3sim.trace.writer import TracedLayer

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.images import Images
    from o3sim.network.network import Network
    from o3sim.runs.simulation import Progress
    from o3sim.trace.writers.canonical import CanonicalWriter


@dataclass(frozen=True)
class Inputs:
    """The inputs of a case, loaded."""

    case: Case
    architecture: Architecture
    network: Network
    images: Images
    layers: tuple[int, ...]

    @property
    def folder_name(self) -> str:
        """Name of the golden's folder."""
        return folder_name(self.architecture.name, self.network.name)


def load_inputs(case: Case) -> Inputs:
    """Load what a case names.

    Raises
    ------
    InputError
        If any of it is wrong.
    """
    from o3sim.config.load import load_architecture
    from o3sim.network.load import load_network, load_workload, workload_images

    if case.cycles < 1:
        raise InputError(f"{case.cycles} cycles of trace asked for, at least 1 is needed")
    if case.cycles > NO_END:
        raise InputError(f"{case.cycles} cycles of trace asked for, beyond the {NO_END:,} that are counted")
    architecture = load_architecture(case.architecture)
    files = load_workload(case.workload)
    network = load_network(files)
    image_file = None if case.image_file is None else Path(case.image_file)
    images = workload_images(files, network, image_file, case.images)
    names = [layer.name for layer in network.layers]
    wanted = names if case.layers is None else case.layers
    layers = sorted({layer_number(layer, names) for layer in wanted})
    return Inputs(case, architecture, network, images, tuple(layers))


def record(inputs: Inputs, folder: Path, home: Path | None = None, progress: Progress | None = None) -> None:
    """Run a case and write its golden.

    Parameters
    ----------
    inputs : Inputs
    folder : Path
        Is made if need be; traces of an older golden in it are removed.
    home : Path, optional
        Folder that paths in the manifest are relative to, if it is not that one.
    progress : callable, optional
        Told of every layer that begins.

    Raises
    ------
    InputError
        If the case cannot be run, or a file not be written.
    """
    from o3sim.results.document import to_document
    from o3sim.runs.simulation import simulate

    images = inputs.images
    labels = None if images.y is None else images.y.tolist()
    result = simulate(
        inputs.architecture, inputs.network, images.x, labels, progress, synthetic_images=images.synthetic
    )
    document = to_document(result)
    traces = layer_traces(inputs, images.x[0])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("trace-*.txt.gz"):
            old.unlink()
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror or error}") from None
    for name, content in traces.items():
        with open_trace(folder / name) as stream:
            stream.write(content)
    write_atomic(folder / RESULT, _json(document))
    write_atomic(folder / MANIFEST, _json(_manifest(inputs, document["configuration"], home or folder)))


def layer_traces(inputs: Inputs, image: NDArray[Any]) -> dict[str, bytes]:
    """Trace the first cycles of all layers of a case in one run.

    Returns
    -------
    dict of str to bytes
        Canonical traces, without words and stalls, by file name.
    """
    from o3sim.profile.profile import profile_layers
    from o3sim.runs.engines import run_on_engine

    split = _ByLayer(inputs)
    window = EventWindow(end_cycle=inputs.case.cycles, of_layer=True)
    profiles = (profile for profile, _ in profile_layers(inputs.network, image))
    run_on_engine(inputs.architecture, inputs.network, profiles, (split,), window)
    return split.texts()


class _ByLayer:
    """An observer that writes each layer's events to a trace of its own."""

    def __init__(self, inputs: Inputs) -> None:
        self._inputs = inputs
        self._traces: dict[int, tuple[BytesIO, CanonicalWriter]] = {}
        self._writer: CanonicalWriter | None = None

    def see(self, event: Event) -> None:
        """Take one event; a layer begins with its ``layer_start``."""
        if event.kind is EventKind.LAYER_START:
            self._begin(event.op)
        if self._writer is not None:
            self._writer.see(event)

    def texts(self) -> dict[str, bytes]:
        """End all traces; return them by file name."""
        for _, writer in self._traces.values():
            writer.close()
        layers = self._inputs.network.layers
        return {trace_name(i, layers[i].name): file.getvalue() for i, (file, _) in self._traces.items()}

    def _begin(self, number: int) -> None:
        from o3sim.trace.writers.canonical import CanonicalWriter

        self._writer = None
        if number in self._inputs.layers:
            file = BytesIO()
            self._writer = CanonicalWriter(file, self._layer(number), operands=False)
            self._traces[number] = file, self._writer

    def _layer(self, number: int) -> TracedLayer:
        inputs = self._inputs
        window = event_window(number, cycles=Range(0, inputs.case.cycles))
        name = inputs.network.layers[number].name
        return TracedLayer(inputs.architecture, inputs.network.name, name, number, window, _no_program)


def _no_program() -> Any:
    raise AssertionError("the canonical trace asks for no program")


def _manifest(inputs: Inputs, configuration: dict[str, Any], home: Path) -> dict[str, Any]:
    """Describe the inputs: what they are called, and hashes of what they hold."""
    from o3sim.energy.table import load_table

    case, table = seen_from(inputs.case, home), load_table(inputs.architecture.energy.table)
    layers = [inputs.network.layers[number].name for number in inputs.layers]
    return {
        "o3sim_golden": FORMAT_VERSION,
        "architecture": {
            "name": inputs.architecture.name,
            "source": case.architecture,
            "sha256": digest(configuration),
        },
        "energy_table": {"name": table.name, "sha256": digest(table.model_dump(mode="json"))},
        "workload": {
            "name": inputs.network.name,
            "source": case.workload,
            "network_sha256": inputs.network.digest(),
        },
        "images": {"count": case.images, "file": case.image_file, "sha256": inputs.images.digest()},
        "traces": {"layers": layers, "cycles": case.cycles},
    }


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, allow_nan=False) + "\n"
