"""What Yosys counted of a machine beside what the forms estimate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from o3sim.area.effort import Counted, key_of
from o3sim.area.machine import total_of
from o3sim.area.pieces import Piece, Taken
from o3sim.report.console import make_table, print_note
from o3sim.report.numbers import grouped

if TYPE_CHECKING:
    from rich.console import Console

NOTE = (
    "error: how much too large the estimate is. Each module was synthesised by itself, once a size, and is"
    " counted as often as the machine has it; what was not synthesised has no count"
)

Rows = Sequence[tuple[str, Sequence[Piece]]]
"""Pieces by the name of their row."""


@dataclass(frozen=True)
class Both:
    """What something takes by the forms, and by Yosys: None if not all of it was synthesised."""

    estimated: Taken
    counted: Taken | None

    @classmethod
    def of(cls, pieces: Sequence[Piece], counted: Counted) -> Both:
        """Set estimate and count of some pieces side by side."""
        return cls(total_of(pieces), counted_of(pieces, counted))


def counted_of(pieces: Iterable[Piece], counted: Counted) -> Taken | None:
    """Add up what Yosys counted of pieces; registers by rule are what they are."""
    total = Taken()
    for piece in pieces:
        if not piece.unit:
            total += piece.taken
            continue
        cells = counted.get(key_of(piece))
        if cells is None:
            return None
        total += Taken(cells.lut, cells.ff, cells.bram36).times(piece.count)
    return total


def print_counted(console: Console, name: str, by: str, rows: Rows, counted: Counted) -> None:
    """Write a row for each unit, or module, and one for all that were synthesised."""
    table = make_table(
        f"Area of {name} (Xilinx 7, estimated and synthesised)", 1,
        by, "LUT\nest.", "LUT\nYosys", "error\n%", "FF\nest.", "FF\nYosys", "error\n%",
        "BRAM\nest.", "BRAM\nYosys", gap=1,
    )  # fmt: skip
    each = [(row, Both.of(pieces, counted)) for row, pieces in rows]
    for row, both in each:
        table.add_row(row, *_cells(both))
    whole = [both for _, both in each if both.counted is not None]
    table.add_section()
    table.add_row("all" if len(whole) == len(each) else "all synthesised", *_cells(_sum(whole)))
    console.print(table)
    print_note(console, NOTE)


def _sum(rows: Iterable[Both]) -> Both:
    estimated, counted = Taken(), Taken()
    for both in rows:
        estimated += both.estimated
        counted += both.counted or Taken()
    return Both(estimated, counted)


def _cells(both: Both) -> list[str]:
    estimated, counted = both.estimated, both.counted
    cells = []
    for what in ("lut", "ff"):
        guess = getattr(estimated, what)
        found = None if counted is None else getattr(counted, what)
        cells += [grouped(guess), "" if found is None else grouped(found), error_percent(guess, found)]
    return [*cells, _blocks(estimated.bram36), "" if counted is None else _blocks(counted.bram36)]


def _blocks(count: float) -> str:
    return f"{count:,.1f}".removesuffix(".0")


def error_percent(estimated: float, counted: float | None) -> str:
    """Write how much too large an estimate is; nothing where nothing was counted.

    >>> error_percent(110, 100), error_percent(90, 100), error_percent(3, 0), error_percent(3, None)
    ('+10.0', '-10.0', '', '')
    """
    return f"{100 * (estimated / counted - 1):+.1f}" if counted else ""


def counted_json(units: Rows, pieces: Iterable[Piece], counted: Counted) -> dict[str, Any]:
    """Return what Yosys counted as JSON has it: null where not all of something was synthesised."""
    return {
        "units": {name: _as_json(counted_of(own, counted)) for name, own in units},
        "modules": [_as_json(counted_of([piece], counted)) for piece in pieces],
    }


def _as_json(taken: Taken | None) -> dict[str, Any] | None:
    return None if taken is None else asdict(taken)
