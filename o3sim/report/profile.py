"""The tables of `o3sim profile`."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from o3sim.profile.rates import LayerRates
from o3sim.profile.survey import Survey
from o3sim.report.console import make_table, print_note
from o3sim.report.host import host_note
from o3sim.report.numbers import ABSENT, grouped, percent
from o3sim.report.synthetic import synthetic_note

_NOTES = (
    "* not in the total: fixed-point input, or scores",
    "p1: share of ones before the pool    margin: mean |S - T| / n",
    "pooling: pruned with the members of a window one after another",
    "oracle: pruned by threshold if each neuron took its deciding edges first",
    "docs/profile.md has the formula of every figure.",
)


def print_survey(console: Console, found: Survey) -> None:
    """Print what the layers are like, then what is pruned at each check width."""
    images = len(found.classes)
    title = f"{found.network}, {images} image{'s' * (images != 1)}"
    if found.accuracy is not None:
        title += f", accuracy {percent(found.accuracy)} %"
    if found.synthetic:
        print_note(console, synthetic_note(found.synthetic))
    if found.float_ends:
        print_note(console, host_note(found.float_ends))
    console.print(_layer_table(title, found, images))
    console.print(_width_table(found))
    console.print("\n".join(_NOTES))


def _layer_table(title: str, found: Survey, images: int) -> Table:
    columns = ("edges/image", "p1", "margin %", "pooling %", "oracle %")
    table = make_table(title, 1, "layer", *columns)
    for name, rates in _rows(found):
        thresholded = rates.margin_count > 0
        table.add_row(
            name,
            grouped(rates.edges / images),
            f"{rates.p1:.3f}" if thresholded or rates.ones else ABSENT,
            percent(rates.mean_margin) if thresholded else ABSENT,
            f"{rates.percent_pruned(rates.pooling):.1f}",
            f"{rates.percent_pruned(rates.oracle):.1f}" if rates.in_total else ABSENT,
        )
    return table


def _width_table(found: Survey) -> Table:
    title = "Percent of edges pruned, by threshold alone / with pooling, bounds checked every W edges"
    table = make_table(title, 1, "layer", *(f"W={width}" for width in found.widths))
    for name, rates in _rows(found):
        cells = (
            f"{rates.percent_pruned(rates.threshold[width]):.1f}"
            f" / {rates.percent_pruned(rates.both[width]):.1f}"
            for width in rates.widths
        )
        table.add_row(name, *cells)
    return table


def _rows(found: Survey) -> list[tuple[str, LayerRates]]:
    layers = [(layer.name if layer.in_total else f"{layer.name} *", layer) for layer in found.layers]
    return [*layers, ("total", found.total)]
