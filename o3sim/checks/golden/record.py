"""Run a case and write what a golden keeps of it: the results and the first cycles of its layers."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from o3sim.checks.golden.case import (
    FORMAT_VERSION,
    MANIFEST,
    RESULT,
    TRACES,
    Case,
    seen_from,
    trace_name,
)
from o3sim.config.identity import Identities, digest
from o3sim.config.ranges import Range
from o3sim.contract.events import Event, EventKind, EventWindow
from o3sim.errors import InputError
from o3sim.files import write_atomic
from o3sim.files.folders import replacing_folder
from o3sim.network.layer_names import layer_number
from o3sim.trace.files import open_trace
from o3sim.trace.window import event_window
from o3sim.trace.writer import TracedLayer

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.images import Images
    from o3sim.network.network import Network
    from o3sim.results.result import RunResult
    from o3sim.runs.simulation import Progress
    from o3sim.trace.writers.canonical import CanonicalWriter


MOST_CYCLES = 10**9
"""Cycles of a layer to keep a trace of: more than any takes, and few enough for the engine's numbers."""


@dataclass(frozen=True)
class Inputs:
    """The inputs of a case, loaded."""

    case: Case
    architecture: Architecture
    network: Network
    images: Images
    layers: tuple[int, ...]

    @property
    def layer_names(self) -> list[str]:
        """Names of the layers to keep traces of."""
        return [self.network.layers[number].name for number in self.layers]


def load_inputs(case: Case) -> Inputs:
    """Load what a case names.

    Raises
    ------
    InputError
        If any of it is wrong, or code of the machine's is not allowed to run.
    """
    from o3sim.config.consent import check_consent
    from o3sim.config.load import load_architecture
    from o3sim.runs.case import load_case

    if not 1 <= case.cycles <= MOST_CYCLES:
        raise InputError(f"{case.cycles:,} cycles of trace asked for, expected 1 to {MOST_CYCLES:,}")
    architecture = load_architecture(case.architecture).with_(case.changes)
    check_consent(architecture)
    image_file = None if case.image_file is None else Path(case.image_file)
    loaded = load_case(case.workload, image_file, case.images, [architecture])
    names = [layer.name for layer in loaded.network.layers]
    wanted = names if case.layers is None else case.layers
    layers = sorted({layer_number(layer, names) for layer in wanted})
    if case.layers is not None:
        case = replace(case, layers=tuple(names[number] for number in layers))
    return Inputs(case, architecture, loaded.network, loaded.images, tuple(layers))


def record(inputs: Inputs, folder: Path, home: Path | None = None, progress: Progress | None = None) -> None:
    """Run a case and write its golden, whole or not at all.

    Parameters
    ----------
    inputs : Inputs
    folder : Path
        Takes the place of an older golden there; files that are no golden's are kept.
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

    result, traces = run_once(inputs, progress)
    document = to_document(result)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with replacing_folder(folder) as made:
            _keep_others(folder, made)
            for name, content in traces.items():
                with open_trace(made / name) as stream:
                    stream.write(content)
            write_atomic(made / RESULT, _json(document))
            write_atomic(made / MANIFEST, _json(_manifest(inputs, home or folder)))
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror or error}") from None


def _keep_others(old: Path, new: Path) -> None:
    """Copy what lies in a golden's folder and is not of the golden: notes, say."""
    for path in old.iterdir() if old.is_dir() else ():
        if path.name in (MANIFEST, RESULT) or path.match(TRACES):
            continue
        if path.is_dir():
            shutil.copytree(path, new / path.name, symlinks=True)
        else:
            shutil.copy2(path, new / path.name, follow_symlinks=False)


def run_once(inputs: Inputs, progress: Progress | None = None) -> tuple[RunResult, dict[str, bytes]]:
    """Run a case, and trace the first cycles of its layers on the first image on the way.

    Returns
    -------
    RunResult
    dict of str to bytes
        Canonical traces, without words and stalls, by file name.
    """
    from o3sim.runs.case import Case as Runnable
    from o3sim.runs.point import Watch
    from o3sim.runs.simulation import simulate_case

    split = _ByLayer(inputs)
    watch = Watch((split,), EventWindow(end_cycle=inputs.case.cycles, of_layer=True))
    case = Runnable(inputs.network, inputs.images)
    (result,) = simulate_case([inputs.architecture], case, progress, watch=watch)
    return result, split.texts()


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


def _manifest(inputs: Inputs, home: Path) -> dict[str, Any]:
    """Describe the inputs: what they are called, and hashes of what they hold."""
    from o3sim.energy.table import load_table

    case, table = seen_from(inputs.case, home), load_table(inputs.architecture.energy.table)
    return {
        "o3sim_golden": FORMAT_VERSION,
        "o3sim_version": version("o3sim"),
        **({"test": case.test} if case.test else {}),
        "architecture": {
            "name": inputs.architecture.name,
            "source": case.architecture,
            **({"changes": dict(case.changes)} if case.changes else {}),
            "sha256": Identities().of(inputs.architecture, without=["energy"]),
        },
        "energy_table": {"name": table.name, "sha256": digest(table.model_dump(mode="json"))},
        "workload": {
            "name": inputs.network.name,
            "source": case.workload,
            "network_sha256": inputs.network.digest(),
        },
        "images": {"count": case.images, "file": case.image_file, "sha256": inputs.images.digest()},
        "traces": {
            "layers": inputs.layer_names,
            "all_layers": case.layers is None,
            "cycles": case.cycles,
        },
    }


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, allow_nan=False) + "\n"
