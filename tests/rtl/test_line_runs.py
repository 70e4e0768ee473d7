"""The runs that a line of a line buffer has: how far rows of a kernel lie apart in the map."""

from __future__ import annotations

import pytest

from o3sim.network.layer import Geometry
from o3sim.rtl.emit import Subject
from o3sim.rtl.header import Value
from o3sim.rtl.line_runs import run_offsets
from o3sim.rtl.parameters import parameters
from tests.machine.harness import conv
from tests.rtl.samples import BEHIND, CODES, GATHERED, in_a_row, windows


@pytest.mark.parametrize(
    ("geometry", "width", "offsets"),
    [
        (conv(6, 6, 8, 5, padding_pixels=1, padding="-1"), 8, [0]),  # channels fill words
        (conv(6, 6, 5, 5, padding_pixels=1, padding="-1"), 8, [0, (8 - 3) * 5]),  # rows of 15 edges
        (conv(6, 6, 1, 5), 8, [0, 6 - 3, 2 * (6 - 3)]),  # a word is of three rows
        (conv(6, 6, 2, 5), 6, [0]),  # and of one: it ends where the row does
        (Geometry("dense", 1, 1, 60, 2), 8, [0]),
        # Planes of 64 bits, rows of 8. Words begin with edge 0 and, of plane 1, the second of row 2.
        (
            CODES,
            16,
            sorted({0, 5, 10, 64 - 9, 72 - 12, 80 - 15} | {128 - 81 - 2, 136 - 81 - 5, 144 - 81 - 8}),
        ),
    ],
)
def test_a_word_goes_on_where_the_next_row_or_plane_of_the_kernel_lies(
    geometry: Geometry, width: int, offsets: list[int]
) -> None:
    assert run_offsets(geometry, width) == offsets


def test_with_a_line_buffer_a_word_is_found_by_its_first_edge_alone() -> None:
    """Words of 8 edges begin with edges 0, 8, 16, ... of 3 rows of 15; rows of the map have 40 bits."""
    values = _values(windows("window", GATHERED, activation_buffer__line_buffer=True))
    bits = int(str(values["BASE_BITS"]))
    assert (values["MOST_READS"], values["FETCHES"], values["LINE_RUNS"]) == (1, 1, 2)
    assert _unpacked(values["FETCH_BITS"], bits) == [0, 8, 41, 49, 82, 90]
    assert _unpacked(values["RUN_OFFSETS"], bits) == [0, 25]
    assert _values(windows("window", GATHERED))["LINE_RUNS"] == 0


def test_a_line_has_the_runs_of_all_layers() -> None:
    """The second layer's map is three pixels narrower, with as many channels."""
    values = _values(in_a_row(windows("window", GATHERED, activation_buffer__line_buffer=True), BEHIND))
    assert _unpacked(values["RUN_OFFSETS"], int(str(values["BASE_BITS"]))) == [0, (5 - 3) * 5, 25]


def _values(subject: Subject) -> dict[str, Value]:
    return parameters(subject.architecture, subject.layers, 0)


def _unpacked(packed: Value, bits: int) -> list[int]:
    size, _, digits = str(packed).partition("'h")
    return [int(digits, 16) >> at & (1 << bits) - 1 for at in range(0, int(size), bits)]
