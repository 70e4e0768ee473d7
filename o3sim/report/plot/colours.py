"""Colours: one for each unit, cause and kind of pruning, the same in all figures.

What is of one family has one colour, and a hatch tells its members apart. In shades of grey, parts that
stand on each other in a stack differ too, unless a hatch is between them; the tests hold all of it.
"""

from __future__ import annotations

from typing import Any

ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILION, PURPLE, BLACK = (
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#F0E442",
    "#0072B2",
    "#D55E00",
    "#CC79A7",
    "#000000",
)
"""The palette of Okabe and Ito, "Color Universal Design" (2008), for every kind of colour vision."""

NAVY = "#004C7F"
"""Their blue, darker: in shades of grey it is apart from vermilion."""

SILVER, GREY, PALE = "#C4C4C4", "#858585", "#E6E6E6"

LINE_COLOURS = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, BLACK)

Look = tuple[str, str]
"""A colour, and a hatch: empty for a plain area."""

UNKNOWN: Look = (GREY, "xxxx")
"""Of what has no look of its own, such as a cause or a unit from custom code."""

CAUSES: dict[str, Look] = {
    "useful": (NAVY, ""),
    "wasted": (YELLOW, ""),
    "squashed": (VERMILION, ""),
    "operand_stall": (SILVER, ""),
    "write_stall": (GREEN, ""),
    "verdict_wait": (GREEN, "////"),
    "weight_wait": (PURPLE, ""),
    "issue_wait": (ORANGE, "////"),
    "no_ready_op": (ORANGE, ""),
    "queue_empty": (SKY, "////"),
    "input_wait": (PURPLE, "////"),
    "blocked": (GREEN, "xxxx"),
    "drain": (PALE, ""),
}
"""Of PE-cycles."""

UNITS: dict[str, Look] = {
    "pe": (NAVY, ""),
    "threshold_compare": (NAVY, "////"),
    "activation_buffer": (ORANGE, ""),
    "line_buffer": (ORANGE, "////"),
    "weight_buffer": (GREEN, ""),
    "threshold_table": (GREEN, "////"),
    "sums": (NAVY, "xxxx"),
    "patch_memory": (ORANGE, "...."),
    "activation_gather": (ORANGE, "xxxx"),
    "issue_queue": (YELLOW, ""),
    "scheduler": (YELLOW, "////"),
    "sequencer": (VERMILION, ""),
    "scoreboard": (VERMILION, "////"),
    "output_buffer": (SKY, ""),
    "dram": (PURPLE, ""),
    "leakage": (PALE, ""),
}
"""Of a machine."""

PRUNINGS: dict[str, Look] = {"threshold": (BLUE, ""), "pooling": (ORANGE, ""), "argmax": (GREEN, "////")}
"""What left an edge out."""


def fill(look: Look) -> dict[str, Any]:
    """Return how to draw an area: without an outline, in which thin parts would drown.

    Examples
    --------
    >>> fill(CAUSES["useful"])["linewidth"]
    0
    """
    colour, hatch = look
    dark = colour in (NAVY, BLUE, GREEN, VERMILION)
    return {"facecolor": colour, "hatch": hatch, "edgecolor": "white" if dark else BLACK, "linewidth": 0}


def words(name: str) -> str:
    """Return a key as words.

    Examples
    --------
    >>> words("no_ready_op"), words("pe"), words("dram")
    ('no ready op', 'PE', 'DRAM')
    """
    return {"pe": "PE", "dram": "DRAM"}.get(name, name.replace("_", " "))
