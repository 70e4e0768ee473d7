"""The tables that a way to dispatch has beside its memories, as hex."""

from __future__ import annotations

from typing import TYPE_CHECKING

from o3sim.config.dispatch import CAROUSEL
from o3sim.rtl.lines import FIELD_BITS, line
from o3sim.rtl.lists import is_listed, list_words
from o3sim.rtl.memories import hex_text
from o3sim.rtl.tiles import tables

if TYPE_CHECKING:
    from o3sim.config.architecture import Architecture
    from o3sim.network.layer import Layer


def table_files(layer: Layer, architecture: Architecture) -> dict[str, str]:
    """Return the tables of a layer by the names of their files; of most machines there are none."""
    if architecture.scheduler.dispatch == CAROUSEL:
        return _of_carousel(layer, architecture)
    if is_listed(architecture):
        return {"lists.hex": hex_text(list_words(layer.geometry, architecture), 1 + 3 * FIELD_BITS)}
    return {}


def _of_carousel(layer: Layer, architecture: Architecture) -> dict[str, str]:
    made = tables(layer.name, layer.geometry, architecture)
    lines = {
        "windows.hex": (2, [line(*window) for window in made.windows]),
        "tiles.hex": (2, [line(*tile) for tile in made.tiles]),
        "reads.hex": (4, [line(*read) for read in made.reads]),
        "locations.hex": (2, [line(place is not None, place or 0) for place in made.locations]),
    }
    return {name: hex_text(words, fields * FIELD_BITS) for name, (fields, words) in lines.items()}
