"""`o3sim import`: workloads, and foldings, out of other projects' files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from o3sim.cli import options
from o3sim.errors import InputError
from o3sim.files.foreign import foreign

import_app = typer.Typer(
    help="Take over other projects' networks and foldings.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _check_kind(path: Path, kind: str) -> None:
    """Refuse what another import takes, where that is plain from its name."""
    found = foreign(path, kind)
    if found and path.exists():
        raise InputError(f"{path}: {found}")


@import_app.callback()
def _commands() -> None:
    """Hold the importers, so that a lone one keeps its name."""


@import_app.command("bnn-pynq")
def bnn_pynq(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder with L-P-weights.bin, L-P-thres.bin, classes.txt.")
    ],
    net: Annotated[str, typer.Option(metavar="cnv|lfc", help="Which network it is, W1A1.")],
    output: options.OutputName,
) -> None:
    """Import CNV-W1A1 or LFC-W1A1 from BNN-PYNQ's parameter files.

    The class is the highest integer score, also for LFC, where BNN-PYNQ itself takes the highest
    class whose thresholded bit is set.
    """
    from o3sim.formats.importers.bnn_pynq import import_bnn_pynq

    _check_kind(folder, "bnn-pynq")
    for path in import_bnn_pynq(folder, net, output.name).write(output):
        print(f"wrote {path}")


@import_app.command("scalesim")
def scalesim(
    topology: Annotated[Path, typer.Argument(metavar="TOPOLOGY.csv", help="SCALE-Sim's table of layers.")],
    output: options.OutputName,
    layers: Annotated[
        bool, typer.Option("--layers", help="Take each layer by itself, with an input of its own.")
    ] = False,
) -> None:
    """Turn a SCALE-Sim topology into a workload with synthetic parameters and images.

    Pools and padding, which such a table leaves out, are inferred from the sizes of the maps; what
    was inferred is printed. With --layers nothing has to follow from anything: tables with branches
    and shortcuts, parts of networks, and matrix products (`Layer, M, N, K`).
    """
    from o3sim.formats.importers.scalesim.chain import import_scalesim
    from o3sim.formats.importers.scalesim.layers import import_layers

    _check_kind(topology, "scalesim")
    read = import_layers if layers else import_scalesim
    imported = read(topology, output.name)
    path = imported.write(output)
    for note in imported.notes:
        print(note)
    print(f"wrote {path}")


@import_app.command("onnx")
def onnx(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL.onnx", help="As PyTorch exports it, or QONNX (Brevitas, FINN).")
    ],
    output: options.OutputName,
    input_range: Annotated[
        tuple[float, float] | None,
        typer.Option(
            metavar="LO HI",
            help="What the model's input is for the pixel values 0 and 255; 0 and 1, or 0 and 255 of UINT8.",
        ),
    ] = None,
    first: Annotated[
        str | None,
        typer.Option(
            metavar="host", help="`host`: leave float first layers to the host, not timed, not counted."
        ),
    ] = None,
    last: Annotated[
        str | None, typer.Option(metavar="host", help="`host`: the same for float last layers.")
    ] = None,
    layout: Annotated[
        str | None,
        typer.Option(
            metavar="nchw|nhwc",
            help="Where channels are in an image; else the first convolution and what is before it say.",
        ),
    ] = None,
    fraction_bits: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Write sums that are added in fixed point, 1 to 24 fraction bits; prints what that rounds.",
        ),
    ] = None,
) -> None:
    """Import a binarized network in ONNX or QONNX.

    Batch norm, scales, thresholds and max pooling are folded exactly into one integer threshold per
    channel. What a machine of this kind cannot run is refused by the name of its node; docs/importing.md
    says what that is. Needs the extra `onnx`.
    """
    from o3sim.formats.importers.qonnx.walk import import_onnx

    _check_kind(model, "onnx")
    ends = {"first": first, "last": last}
    for end, where in ends.items():
        if where not in (None, "host"):
            raise InputError(f"--{end} {where}: expected `host`")
    host = [end for end, where in ends.items() if where]
    imported = import_onnx(model, output.name, input_range, layout, host, fraction_bits)
    for note in imported.notes:
        print(note)
    for path in imported.write(output):
        print(f"wrote {path}")


@import_app.command("finn-folding")
def finn_folding(
    folding: Annotated[Path, typer.Argument(metavar="FILE.json", help="FINN's folding configuration.")],
    workload: options.Workload,
    output: options.OutputName,
    clock: Annotated[float, typer.Option(metavar="MHZ", help="Clock of the machine.")] = 100.0,
) -> None:
    """Turn a folding of FINN's into an architecture: a pipeline of its units, dense.

    WORKLOAD has the layers that it folds. A fold takes a cycle whatever the bits of weights and
    activations, so that foldings of W1A2 and W2A2 networks are timed too, by the topology. Prints what
    an image takes each unit.
    """
    from o3sim.formats.importers.finn_folding import import_folding
    from o3sim.network.load import load_network, load_workload

    if not 0 < clock <= 1_000_000:
        raise InputError(f"--clock {clock:g}: expected MHz, above 0 and up to 1,000,000")
    network = load_network(load_workload(workload))
    imported = import_folding(folding, network.layers, output.name, clock)
    path = imported.write(output)
    for unit in imported.folding.units:
        print(f"{unit.cycles:>11,} cycles an image: {unit.node}, {unit.kind} of {unit.layer}")
    slowest = imported.folding.slowest
    print(f"{1e6 * clock / slowest.cycles:,.1f} images/s at most, by {slowest.node}")
    if imported.folding.not_read:
        print(f"without effect here: {', '.join(imported.folding.not_read)}")
    print("timed dense, nothing pruned; thresholds of the input and labels are not in the machine")
    print(f"wrote {path}")


@import_app.command("npz")
def npz(
    arrays: Annotated[Path, typer.Argument(metavar="FILE.npz", help="Kernels and batch norms by name.")],
    output: options.OutputName,
) -> None:
    """Import plain arrays, as PyTorch or Larq users save them.

    docs/importing.md lists the names and shapes, and has the few lines that save them.
    """
    from o3sim.formats.importers.plain.network import import_npz

    _check_kind(arrays, "npz")
    if os.path.realpath(output.with_name(f"{output.name}.npz")) == os.path.realpath(arrays):
        raise InputError(f"--output {output}: would overwrite {arrays}; choose another name")
    for path in import_npz(arrays, output.name).write(output):
        print(f"wrote {path}")
