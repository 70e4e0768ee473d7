"""What a machine takes of a chip, as tables and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

from o3sim.area.clock import clock_of, clocks_by_unit, is_extrapolated
from o3sim.area.machine import pieces_of, total_of
from o3sim.area.parts import Part
from o3sim.area.pieces import Piece, Taken
from o3sim.report.console import make_table, print_note
from o3sim.report.counted import counted_json
from o3sim.report.numbers import grouped, percent

if TYPE_CHECKING:
    from rich.console import Console

    from o3sim.area.effort import Counted
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Sized

IDEAL = (
    "ideal banks are counted as a memory of its own for each PE, all together of the stated size: no such"
    " machine can be built, but where each PE holds the weights that it alone reads"
)

CLOCK = (
    "MHz: what a unit between registers reaches, placed and routed on an ECP5 (speed grade 6) at small sizes"
    " and estimated for this one; units that follow one another within a cycle are slower (docs/area.md)"
)
BEYOND = "*: extrapolated, larger than what was placed"


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

    def rows(self, by: str) -> list[tuple[str, list[Piece]]]:
        """Return the pieces of each row of a table by unit or module, in the order of the block diagram."""
        if by == "module":
            return [(_spelled(piece), [piece]) for piece in self.pieces]
        units: dict[str, list[Piece]] = {}
        for piece in self.pieces if by == "unit" else ():
            units.setdefault(piece.part_of, []).append(piece)
        return list(units.items())


def print_area(console: Console, report: AreaReport, by: str) -> None:
    """Write the table, and whether the machine fits."""
    table = make_table(
        f"Area and clock of {report.name} (Xilinx 7 and ECP5, estimated)", 1,
        by, "LUT", "% of\nLUT", "FF", "BRAM36", "MHz",
    )  # fmt: skip
    total, slowest = report.total, clock_of(report.pieces)
    for name, own in report.rows(by):
        table.add_row(name, *_cells(total_of(own), total), _mhz(own))
    table.add_section()
    table.add_row("all", *_cells(total, total), _mhz(report.pieces))
    console.print(table)
    print_note(console, f"clock estimate: {slowest.mhz:.1f} MHz, by {slowest.unit}\n{CLOCK}")
    if any(is_extrapolated(piece) for piece in report.pieces):
        print_note(console, BEYOND)
    if report.has_ideal:
        print_note(console, IDEAL)
    if report.part is not None:
        print_note(console, fit_note(report.part, total))


def _spelled(piece: Piece) -> str:
    sizes = ", ".join(f"{name.lower()} {size}" for name, size in piece.sizes.items())
    what = f"{piece.unit} ({sizes})" if piece.unit else "registers"
    return f"{piece.count} x {piece.part_of}: {what}"


def _mhz(pieces: Sequence[Piece]) -> str:
    """Write the clock that the slowest of some pieces allows, with a mark where one is extrapolated."""
    clocks = clocks_by_unit(pieces).values()
    mark = "*" if any(is_extrapolated(piece) for piece in pieces) else " "
    return f"{min(clocks):.0f}{mark}" if clocks else ""


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


def to_json(report: AreaReport, counted: Counted | None = None) -> str:
    """Write the report as JSON text, ending in a newline; with what Yosys counted, if it did."""
    part, clocks = report.part, clocks_by_unit(report.pieces)
    document: dict[str, Any] = {
        "architecture": report.name,
        **asdict(report.total),
        "clock": {
            **clock_of(report.pieces)._asdict(),
            "extrapolated": any(is_extrapolated(piece) for piece in report.pieces),
        },
        "units": {
            name: {**asdict(total_of(own)), "clock_mhz": clocks.get(name)}
            for name, own in report.rows("unit")
        },
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
    if counted is not None:
        document["synthesized"] = counted_json(report.rows("unit"), report.pieces, counted)
    return json.dumps(document, indent=2) + "\n"
