"""The tables of a carousel: which buffer words fill its tiles, where in a PE each word of a neuron lies."""

from __future__ import annotations

import pytest

from o3sim.contract.carousel.plan import tiles_for
from o3sim.network.layer import Geometry
from o3sim.rtl.emit import texts
from o3sim.rtl.tiles import Tables, tables
from tests.rtl.samples import GATHERED, TILED, gone_round


def made(geometry: Geometry, patch_kbit: int = 1) -> Tables:
    machine = gone_round(geometry, activation_buffer__patch_kbit=patch_kbit).architecture
    return tables("drawn", geometry, machine)


@pytest.mark.parametrize("geometry", [TILED, GATHERED], ids=["filled words", "gathered words"])
def test_reads_are_those_of_the_contract(geometry: Geometry) -> None:
    """Both are made of the same reading, each in its own way."""
    cut, found = tiles_for("drawn", geometry, gone_round(geometry).architecture), made(geometry)
    assert [read.address for read in found.reads] == cut.reads.tolist()
    assert [end for _, end in found.tiles] == cut.first_read[1:].tolist()
    assert [place for place, _ in found.tiles] == cut.start[0, 1:].tolist()
    firsts = [0, *(end for _, end in found.tiles)]
    tile_of = [sum(place >= end for end, _ in found.tiles) for place in range(len(found.windows))]
    needed = [out - firsts[tile] for (_, out), tile in zip(found.windows, tile_of, strict=True)]
    assert needed == cut.need.tolist()


def test_pixels_of_a_tile_are_held_once_and_tiles_take_the_halves_in_turns() -> None:
    """1 kbit is 128 words of 8 bits, 64 in each half; a pixel is four words."""
    found = made(TILED)
    assert len(found.tiles) > 1
    begin = 0
    for number, (_, end) in enumerate(found.tiles):
        part = found.reads[begin:end]
        first = 64 * (number % 2)
        assert [read.location for read in part] == list(range(first, first + end - begin))
        assert len({read.address for read in part}) == len(part) <= 64
        begin = end


def test_words_of_the_padding_lie_nowhere_and_neighbours_share_theirs() -> None:
    """Of the first neuron the first row of taps and the first of each further row lie in the padding."""
    found = made(TILED)
    words = 36
    first, second = found.locations[:words], found.locations[words : 2 * words]
    assert [place is None for place in first] == [True] * 12 + ([True] * 4 + [False] * 8) * 2
    assert second[12:20] == first[16:24]


def test_words_that_are_gathered_are_of_one_neuron_each() -> None:
    found = made(GATHERED, patch_kbit=2)
    held = [place for place in found.locations if place is not None]
    assert len(set(held)) == len(held)
    assert {read.location for read in found.reads} == set(held)
    assert len(found.reads) > len(held)  # most are put together from several


def test_tables_are_written_a_line_a_row() -> None:
    subject = gone_round()
    files, found = texts(subject), made(TILED)
    sizes = {name: len(text.split()) for name, text in files.items() if name.endswith(".hex")}
    assert sizes["windows.hex"] == len(found.windows) == 9
    assert sizes["tiles.hex"] == len(found.tiles)
    assert sizes["reads.hex"] == len(found.reads)
    assert sizes["locations.hex"] == 9 * 4 * 36
    assert files["locations.hex"].split()[0] == "0" * 16
    assert not {"o3_gathering.sv", "o3_memories.sv"} & set(files)
