"""What a machine takes of a chip, as tables and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

from o3sim.area.machine import pieces_of
from o3sim.area.parts import Part
from o3sim.area.pieces import Piece, Taken
from o3sim.report.console import make_table, print_note
from o3sim.report.numbers import grouped, percent

if TYPE_CHECKING:
    from rich.console import Console

    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Sized

IDEAL = (
    "ideal banks are counted as a memory of its own for each PE, all together of the stated size: no such"
    " machine can be built, but where each PE holds the weights that it alone reads"
)


@dataclass(frozen=True)
class AreaReport:
    """What a machine takes, piece by piece, and the chip that it is held against, if any."""

    name: str
    pieces: tuple[Piece, ...]
    part: Part | None
    has_ideal: bool

    @classmethod
    def of(cls, architecture: Architecture, layers: Sequence[Sized], part: Part | None) -> Self:
        """Make the report of a machine for a network."""
        buffers = architecture.activation_buffer, architecture.weight_buffer
        ideal = any(buffer.banks == "ideal" for buffer in buffers)
        return cls(architecture.name, tuple(pieces_of(architecture, layers)), part, ideal)

    @property
    def total(self) -> Taken:
        """What all of it takes."""
        return total_of(self.pieces)

    def by_unit(self) -> dict[str, Taken]:
        """Return what each unit takes, in the order of the block diagram."""
        names = dict.fromkeys(piece.part_of for piece in self.pieces)
        return {name: total_of(piece for piece in self.pieces if piece.part_of == name) for name in names}


def total_of(pieces: Iterable[Piece]) -> Taken:
    """Add up what pieces take."""
    return sum((piece.taken for piece in pieces), Taken())


def print_area(console: Console, report: AreaReport, by: str) -> None:
    """Write the table, and whether the machine fits."""
    rows: dict[str, Taken] = {}
    if by == "unit":
        rows = report.by_unit()
    elif by == "module":
        rows = {_spelled(piece, at): piece.taken for at, piece in enumerate(report.pieces)}
    table = make_table(
        f"Area of {report.name} (Xilinx 7, estimated)", 1, by, "LUT", "% of\nLUT", "FF", "BRAM36"
    )
    total = report.total
    for name, taken in rows.items():
        table.add_row(name.rsplit("#", 1)[0], *_cells(taken, total))
    table.add_section()
    table.add_row("all", *_cells(total, total))
    console.print(table)
    if report.has_ideal:
        print_note(console, IDEAL)
    if report.part is not None:
        print_note(console, fit_note(report.part, total))


def _spelled(piece: Piece, at: int) -> str:
    sizes = ", ".join(f"{name.lower()} {size}" for name, size in piece.sizes.items())
    what = f"{piece.unit} ({sizes})" if piece.unit else "registers or memory"
    return f"{piece.count} x {piece.part_of}: {what}#{at}"


def _cells(taken: Taken, total: Taken) -> list[str]:
    share = percent(taken.lut / total.lut) if total.lut else ""
    return [grouped(taken.lut), share, grouped(taken.ff), f"{taken.bram36:,.1f}".removesuffix(".0")]


def fit_note(part: Part, taken: Taken) -> str:
    """Say whether a machine fits a chip.

    >>> fit_note(Part("tiny", "X1", 100, 200, 10), Taken(50, 20, 10.5))
    'does not fit tiny (X1): 10.5 BRAM36 of 10'
    """
    lacking = part.lacks(taken)
    if lacking:
        return f"does not fit {part.name} ({part.chip}): {', '.join(lacking)}"
    shares = (
        f"{percent(taken.lut / part.lut)} % of its LUTs, {percent(taken.bram36 / part.bram36)} % of its BRAMs"
    )
    return f"fits {part.name} ({part.chip}): {shares}"


def to_json(report: AreaReport) -> str:
    """Write the report as JSON text, ending in a newline."""
    part = report.part
    document: dict[str, Any] = {
        "architecture": report.name,
        **asdict(report.total),
        "units": {name: asdict(taken) for name, taken in report.by_unit().items()},
        "modules": [
            {
                "unit": each.part_of,
                "module": each.unit,
                "sizes": each.sizes,
                "count": each.count,
                **asdict(each.taken),
            }
            for each in report.pieces
        ],
        "part": None if part is None else {**asdict(part), "fits": not part.lacks(report.total)},
    }
    return json.dumps(document, indent=2) + "\n"
