"""`o3sim order`: evaluate edges, and the members of windows, in an order that decides earlier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from o3sim.cli import options
from o3sim.errors import InputError

if TYPE_CHECKING:
    from o3sim.profile.ordering.workload import LayerOrders

MOST_WIDTH_EDGES = 4096


def order(
    workload: options.Workload,
    image_file: options.NeededImageFile,
    output: options.OutputName,
    images: options.Images = 100,
    granularity: Annotated[
        Literal["edge", "word", "none"],
        typer.Option(help="Move single edges, whole words, or leave edges alone."),
    ] = "edge",
    share_channels: Annotated[
        int, typer.Option(metavar="G", help="Output channels that follow one order, at most.")
    ] = 1,
    width: Annotated[
        int, typer.Option(metavar="W", help="Edges of a word: of the machine that it is for.")
    ] = 32,
    layer: options.Layers = None,
    members: Annotated[
        bool, typer.Option("--members/--no-members", help="Order the members of windows too.")
    ] = True,
) -> None:
    """Learn from calibration images in which order neurons are decided early, and write the workload with it.

    Calibrate on images of the training set. Every output bit stays as it is. What the order saves and
    what it costs depends on the machine: run both workloads. docs/edge-order.md.
    """
    options.at_least_one("--share-channels", share_channels)
    options.at_least_one("--width", width)
    if width > MOST_WIDTH_EDGES:
        raise InputError(f"--width {width}: expected at most {MOST_WIDTH_EDGES}, the widest that a PE can be")
    if granularity == "none" and not members:
        raise InputError("--granularity none --no-members: nothing is left to order")
    if granularity == "none" and layer:
        raise InputError("--layer: says whose edges are ordered, and --granularity none leaves edges alone")
    from o3sim.cli.progress import progress_on_stderr
    from o3sim.profile.ordering.choose import Ordering
    from o3sim.profile.ordering.workload import choose_orders, reordered_workload
    from o3sim.runs.case import load_case

    case = load_case(workload, image_file, images)
    reordered_workload(case.files, [], output)  # refuses what cannot be written, before the work
    how = Ordering(width if granularity == "word" else 1, share_channels, width)
    with progress_on_stderr() as progress:
        moved = None if granularity == "none" else how
        orders = list(choose_orders(case.network, list(case.images.x), moved, members, layer, progress))
    written = reordered_workload(case.files, orders, output).write(output)
    _print_gains(orders, images)
    for path in written:
        print(f"wrote {path}")


def _print_gains(orders: list[LayerOrders], count: int) -> None:
    print(f"on {count} calibration images, edges dropped by threshold pruning; window members evaluated")
    for each in orders:
        edges = members = ""
        if each.edges is not None:
            edges = f"{100 * each.edges.pruned_before:6.1f} -> {each.edges.pruned_after * 100:4.1f} %"
        if each.members:
            members = f"{100 * each.evaluated_before:6.1f} -> {each.evaluated_after * 100:4.1f} %"
        print(f"  {each.name:12}{edges:18}{members}".rstrip())
