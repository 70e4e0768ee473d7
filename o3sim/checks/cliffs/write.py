"""Write cliffs as files: a machine, a workload and the expected trace of each, and the reading it shows."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from o3sim.checks.cliffs.layers import CLASSES, LAYER, PIXEL_THRESHOLD, Made, make_layer
from o3sim.config.yaml_marks import dump_yaml
from o3sim.contract.events import EventWindow
from o3sim.errors import InputError
from o3sim.files import save_npz, write_atomic
from o3sim.files.folders import replacing_folder
from o3sim.network.images import Images
from o3sim.runs.case import Case
from o3sim.trace.session import trace_layer
from o3sim.trace.writers.canonical import make_writer

if TYPE_CHECKING:
    from o3sim.checks.cliffs.rows import Cliff, Cliffs
    from o3sim.config.architecture import Architecture

INDEX, MACHINE, WORKLOAD, EXPECTED = "readings.txt", "machine.yaml", "workload.yaml", "expected.txt"
PARAMETERS, IMAGES = "parameters.npz", "image.npz"


def expected_trace(machine: Architecture, made: Made) -> bytes:
    """Trace the first layer of a network on its image, in canonical form."""
    stream = io.BytesIO()
    case = Case(made.network, Images(made.image[None], None))
    trace_layer(machine, case, EventWindow(0), make_writer, stream, engine="simpy")
    return stream.getvalue()


def write_cliffs(cliffs: Cliffs, folder: Path) -> None:
    """Write all cliffs, each in a folder of its own, whole or not at all.

    Raises
    ------
    InputError
        If there is something else in that place, or it cannot be written.
    """
    if folder.is_dir() and any(folder.iterdir()) and not (folder / INDEX).is_file():
        raise InputError(f"--output {folder}: holds files that are not of `o3sim cliffs`; name a new folder")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with replacing_folder(folder) as made:
            for cliff in cliffs.cliffs:
                (made / cliff.folder).mkdir()
                _write(cliff, cliffs.machine_of(cliff), made / cliff.folder)
            write_atomic(made / INDEX, index(cliffs))
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror or error}") from None


def _write(cliff: Cliff, machine: Architecture, folder: Path) -> None:
    made = make_layer(cliff.folder, cliff.ops)
    layers = made.network.layers
    weights = {f"{layer.name}_weights": layer.weights for layer in layers}
    thresholds = {f"{layer.name}_theta": layer.theta for layer in layers if layer.theta is not None}
    save_npz(folder / PARAMETERS, weights | thresholds)
    save_npz(folder / IMAGES, {"x": made.image[None], "y": np.array([0])})
    write_atomic(folder / WORKLOAD, dump_yaml(_workload(cliff, made)))
    write_atomic(folder / MACHINE, dump_yaml(machine.model_dump()))
    write_atomic(folder / EXPECTED, expected_trace(machine, made).decode())


def _workload(cliff: Cliff, made: Made) -> dict[str, object]:
    """Return the keys of a cliff's workload."""
    geometry = made.network.layers[0].geometry
    height, width, channels = made.network.input_shape
    layer: dict[str, object] = {"name": LAYER, "type": "dense", "features": geometry.out_channels}
    if geometry.kind == "conv":
        layer = {"name": LAYER, "type": "conv", "channels": geometry.out_channels, "kernel": 1}
        if geometry.pool is not None:
            layer["pool"] = {"size": geometry.pool.size, "stride": geometry.pool.stride}
    encoding = {"type": "binary", "threshold": PIXEL_THRESHOLD}
    return {
        "name": cliff.folder,
        "classes": list(CLASSES),
        "input": {"height": height, "width": width, "channels": channels, "encoding": encoding},
        "layers": [layer, {"name": "scores", "type": "dense", "features": len(CLASSES), "scores": True}],
        "parameters": PARAMETERS,
        "images": {"file": IMAGES},
    }


def index(cliffs: Cliffs) -> str:
    """Say which cliff shows which reading, by what lines, and of which readings there is none."""
    lines = ["# Readings of docs/machine.md, what shows them, and the lines of expected.txt to look at."]
    for cliff in cliffs.cliffs:
        lines += ["", cliff.folder, f"  {cliff.says}", *(f"    {line}" for line in cliff.shows)]
    why, shown = cliffs.why_no_trace(), {cliff.reading for cliff in cliffs.cliffs}
    lines += ["", "# Readings that no trace of one layer shows."]
    lines += [f"{number}: {reason}" for number, reason in sorted(why.items())]
    others = [str(n) for n in range(1, READINGS + 1) if n not in shown and n not in why]
    lines += [
        "",
        "# Readings that none of these shows; their tests are named in docs/machine.md.",
        " ".join(others),
    ]
    return "\n".join(lines) + "\n"


READINGS = 168
"""Settled readings of docs/machine.md."""
