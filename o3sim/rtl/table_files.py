"""The tables that a way to dispatch has beside its memories, as hex."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from o3sim.config.dispatch import CAROUSEL
from o3sim.rtl.lines import FIELD_BITS, line
from o3sim.rtl.lists import is_listed, list_length, list_words
from o3sim.rtl.memories import hex_text
from o3sim.rtl.tiles import tables

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Layer


def table_files(layers: Sequence[Layer], architecture: Architecture) -> dict[str, str]:
    """Return the tables of layers, one layer's after another's, by the names of their files.

    Of most machines there are none.
    """
    if architecture.scheduler.dispatch == CAROUSEL:
        return _of_carousel(layers, architecture)
    if is_listed(architecture):
        length = max(list_length(layer.geometry, architecture) for layer in layers)
        words = [word for layer in layers for word in list_words(layer.geometry, architecture, length)]
        return {"lists.hex": hex_text(words, 1 + 3 * FIELD_BITS)}
    return {}


def _of_carousel(layers: Sequence[Layer], architecture: Architecture) -> dict[str, str]:
    made = [tables(layer.name, layer.geometry, architecture) for layer in layers]
    locations = [place for each in made for place in each.locations]
    lines = {
        "windows.hex": (2, [line(*window) for each in made for window in each.windows]),
        "tiles.hex": (2, [line(*tile) for each in made for tile in each.tiles]),
        "reads.hex": (4, [line(*read) for each in made for read in each.reads]),
        "locations.hex": (2, [line(place is not None, place or 0) for place in locations]),
    }
    return {name: hex_text(words, fields * FIELD_BITS) for name, (fields, words) in lines.items()}
