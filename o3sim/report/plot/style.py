"""What all figures have in common: size, fonts, panels, and files with the same bytes every time."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from o3sim.files import write_atomic

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

WHOLE_FROM = 10_000
"""Numbers along an axis from here on have no decimals."""

TWO_COLUMNS_INCHES = 7.16
"""Text width of the two-column page that most venues print on."""

TEXT_POINTS = 8.0
"""Text of a figure for a paper, however wide; heights and lines are stated for it."""


@dataclass(frozen=True)
class FigureSize:
    """How wide figures are, and how large what is written in them.

    Attributes
    ----------
    width_inches : float
    text_points : float
    """

    width_inches: float = TWO_COLUMNS_INCHES
    text_points: float = TEXT_POINTS


STYLES = {"paper": FigureSize(), "slides": FigureSize(10.0, 16.0)}
"""Of a slide the text is as large as the figure is when it fills three quarters of 13.3 inches."""

LEAST_INCHES, MOST_INCHES = 2.0, 40.0
PANEL_INCHES = 2.2
"""A panel narrower than this, at text of 8 points, has no room for the numbers along its axis."""

# No date and no version: the same figure is the same file.
_METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
FORMATS = tuple(_METADATA)

_RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with Matplotlib, so it is everywhere
    "axes.titlesize": "medium",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.parse_math": False,  # a name may have dollars in it
    "legend.frameon": False,
    "legend.fontsize": "medium",
    "xtick.labelsize": "medium",
    "ytick.labelsize": "medium",
    "svg.hashsalt": "o3sim",
    "pdf.fonttype": 42,  # TrueType, embedded: what venues ask for in place of Type 3
    "savefig.dpi": 200,
}
_THICKNESSES: dict[Any, float] = {"axes.linewidth": 0.6, "hatch.linewidth": 0.5, "grid.linewidth": 0.3}


@contextmanager
def figure_style(size: FigureSize | None = None) -> Iterator[None]:
    """Draw and save in the house style, whatever the user's settings are."""
    import matplotlib as mpl

    size = size or STYLES["paper"]
    with mpl.rc_context(), warnings.catch_warnings():
        mpl.rcdefaults()
        mpl.rcParams.update(_RC)
        mpl.rcParams.update({"font.size": size.text_points, "figure.figsize": (size.width_inches, 1.0)})
        mpl.rcParams.update({name: scaled(width) for name, width in _THICKNESSES.items()})
        # Names may have letters that no font has, or be too long for any layout: drawn as well as can be.
        warnings.filterwarnings("ignore", "Glyph|constrained_layout not applied|Tight layout")
        yield


def scaled(length: float) -> float:
    """Scale a length that is stated for text of 8 points to the text of the style that is in use."""
    import matplotlib as mpl

    return length * float(mpl.rcParams["font.size"]) / TEXT_POINTS


def width_inches() -> float:
    """Return how wide figures are in the style that is in use."""
    import matplotlib as mpl

    return float(mpl.rcParams["figure.figsize"][0])


def new_figure(height_inches: float) -> Figure:
    """Make an empty figure that needs no display and lays itself out; the height is that at 8 points."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width_inches(), scaled(height_inches)), layout="constrained")


def new_panels(count: int, height_inches: float) -> tuple[Figure, list[Axes]]:
    """Make a figure of panels of a height: as many beside each other as there is room for."""
    beside = min(count, max(1, int(width_inches() / scaled(PANEL_INCHES))))
    rows = -(-count // beside)
    figure = new_figure(height_inches * rows)
    panels = list(figure.subplots(rows, beside, squeeze=False).ravel())
    for unused in panels[count:]:
        unused.remove()
    return figure, panels[:count]


def text_inches(text: str) -> float:
    """Return how wide a line of text is, as it is drawn."""
    import matplotlib as mpl
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    size = float(mpl.rcParams["font.size"])
    width, _, _ = text_to_path.get_text_width_height_descent(text, FontProperties(size=size), False)
    return float(width) / 72


def wrapped(text: str, inches: float, share: float = 1.0) -> str:
    """Break text into lines that are no wider; ``share`` is the size of its letters beside that of text."""
    lines = text.splitlines() or [""]
    return "\n".join(part for line in lines for part in _wrapped_line(line, inches, share))


def _wrapped_line(line: str, inches: float, share: float) -> list[str]:
    wide = share * text_inches(line)
    if wide <= inches:
        return [line]
    # Wrapped here: Matplotlib takes dollars for mathematics when it wraps, whatever it is told.
    return wrap(line, max(8, int(len(line) * inches / wide)), break_on_hyphens=False) or [line]


def add_note(figure: Figure, notes: Sequence[str]) -> None:
    """Write what a reader has to know beneath a figure, in lines that fit; nothing where there is nothing."""
    if not notes:
        return
    text = "\n".join(wrapped(note, width_inches() - scaled(0.2), 0.83) for note in notes)
    figure.supxlabel(text, x=0.01, ha="left", fontsize="small")
    width, height = figure.get_size_inches()
    figure.set_size_inches(width, height + scaled(0.13) * (text.count("\n") + 1))


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


def short(value: float) -> str:
    """Write a number in four digits, and in full where it has more.

    Examples
    --------
    >>> short(29_981.4), short(1234.5), short(0.123456)
    ('29,981', '1,234', '0.1235')
    """
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, SVG or PDF, by the file's suffix; inside :func:`figure_style`."""
    form = path.suffix[1:].lower()
    buffer = io.BytesIO()
    figure.savefig(buffer, format=form, metadata=_METADATA[form])
    write_atomic(path, buffer.getvalue())
