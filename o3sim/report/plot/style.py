"""What all figures have in common: colours, fonts, size, and files with the same bytes every time."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from o3sim.files import write_atomic

if TYPE_CHECKING:
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

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

WHOLE_FROM = 10_000
"""Numbers along an axis from here on have no decimals."""

LINE_COLOURS = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, BLACK)

TWO_COLUMNS_INCHES = 7.16
"""Text width of the two-column page that most venues print on."""

# No date and no version: the same figure is the same file.
_METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
FORMATS = tuple(_METADATA)

_RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with Matplotlib, so it is everywhere
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "text.parse_math": False,  # a name may have dollars in it
    "legend.frameon": False,
    "legend.fontsize": 7,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "hatch.linewidth": 0.5,
    "svg.hashsalt": "o3sim",
    "pdf.fonttype": 42,
    "savefig.dpi": 200,
}


@contextmanager
def figure_style() -> Iterator[None]:
    """Draw and save in the house style, whatever the user's own settings are."""
    import matplotlib as mpl

    with mpl.rc_context(), warnings.catch_warnings():
        mpl.rcdefaults()
        mpl.rcParams.update(_RC)
        # Names may have letters that no font has, or be too long for any layout: drawn as well as can be.
        warnings.filterwarnings("ignore", "Glyph|constrained_layout not applied|Tight layout")
        yield


def new_figure(width_inches: float, height_inches: float) -> Figure:
    """Make an empty figure that needs no display and lays itself out."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width_inches, height_inches), layout="constrained")


def legend_label(text: str) -> str:
    """Return text as a label: Matplotlib leaves those that begin with an underscore out of legends."""
    return f" {text}" if text.startswith("_") else text


def plain_numbers(axis: Axis) -> None:
    """Write the numbers of an axis in full, without a power of ten set apart from them."""
    for set_formatter in (axis.set_major_formatter, axis.set_minor_formatter):
        set_formatter(lambda value, _: plain(value))


def plain(value: float) -> str:
    """Write a number in full.

    Examples
    --------
    >>> plain(8_200_000.0), plain(0.25)
    ('8,200,000', '0.25')
    """
    return f"{value:,.0f}" if abs(value) >= WHOLE_FROM else f"{value:,.6g}"


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, SVG or PDF, by the file's suffix; inside :func:`figure_style`."""
    form = path.suffix[1:].lower()
    buffer = io.BytesIO()
    figure.savefig(buffer, format=form, metadata=_METADATA[form])
    write_atomic(path, buffer.getvalue())
