"""`o3sim order`: evaluate edges, and the members of windows, in an order that decides earlier."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from o3sim.errors import InputError

if TYPE_CHECKING:
    from o3sim.profile.ordering.workload import LayerOrders

MOST_WIDTH_EDGES = 4096


def order(
    workload: Annotated[str, typer.Argument(metavar="WORKLOAD", help="Workload: shipped name or YAML file.")],
    images: Annotated[
        Path, typer.Option("--images", metavar="FILE.npz", help="Calibration images: of the training set.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="NAME", help="Write NAME.yaml and NAME.npz.")
    ],
    count: Annotated[int, typer.Option(metavar="N", help="Images to take, from the first on.")] = 100,
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
    members: Annotated[
        bool, typer.Option("--members/--no-members", help="Order the members of windows too.")
    ] = True,
) -> None:
    """Learn from calibration images in which order neurons are decided early, and write the workload with it.

    Every output bit stays as it is. What the order saves and what it costs depends on the machine:
    run both workloads. docs/edge-order.md.
    """
    for name, value in (("count", count), ("share-channels", share_channels), ("width", width)):
        if value < 1:
            raise InputError(f"--{name} {value}: expected at least 1")
    if width > MOST_WIDTH_EDGES:
        raise InputError(f"--width {width}: expected at most {MOST_WIDTH_EDGES}, the widest that a PE can be")
    target = output.with_suffix("") if output.suffix in (".yaml", ".npz") else output
    if granularity == "none" and not members:
        raise InputError("--granularity none --no-members: nothing is left to order")
    from o3sim.cli.progress import progress_on_stderr
    from o3sim.network.load import load_network, load_workload, workload_images
    from o3sim.profile.ordering.choose import Ordering
    from o3sim.profile.ordering.workload import choose_orders, reordered_workload

    files = load_workload(workload)
    network = load_network(files)
    chosen = workload_images(files, network, images, count)
    reordered_workload(files, [], target)  # refuses what cannot be written, before the work
    how = Ordering(width if granularity == "word" else 1, share_channels, width)
    with progress_on_stderr() as progress:
        orders = list(
            choose_orders(network, list(chosen.x), None if granularity == "none" else how, members, progress)
        )
    written = reordered_workload(files, orders, target).write(target)
    _print_gains(orders, count)
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
