"""The broadcast that fills the PEs' memories."""

from __future__ import annotations

from o3sim.compiled.carousel.memory import CarouselMemory
from o3sim.compiled.carousel.records import first_read, reads, tile_words
from o3sim.compiled.carousel.units import pass_at, read_port_at
from o3sim.compiled.kernel import inlined, remainder
from o3sim.compiled.records.output_bits import port_at
from o3sim.contract.carousel.tiles import HALVES


@inlined
def broadcast(x: CarouselMemory, cycle: int) -> bool:
    """Fill for a cycle, if the half is free; return whether more is filled by it."""
    units = x.units
    if units.filling == x.layer.fills:
        return False
    before = units.filling - HALVES
    if before >= 0 and pass_at(units, before).ended_cycle >= cycle:
        return False
    tile = units.filling % x.layer.tiles
    first, words = first_read(x.layer, tile), first_read(x.layer, tile + 1) - first_read(x.layer, tile)
    done = units.filled_reads
    end = min(words, done + x.settings.broadcast_words)
    while done < end and _goes_out(x, reads(x.layer, first + done), cycle):
        done += 1
    going = done - units.filled_reads
    x.counts.activation_reads += going
    units.filled_reads = done
    if done == words:
        x.counts.patch_writes += tile_words(x.layer, tile) * x.layer.groups
        units.filling += 1
        units.filled_reads = 0
    return going > 0 or done == words


@inlined
def _goes_out(x: CarouselMemory, word: int, cycle: int) -> bool:
    """Read a word to broadcast it, unless its bank has given one in this cycle, or writes."""
    settings = x.settings
    if settings.written_banks == 0:
        return True
    bank = remainder(word, settings.written_banks, settings.written_shift)
    port = read_port_at(x.units, bank)
    if port.cycle == cycle:
        return False
    if port_at(x.output_bits, bank).cycle == cycle - 1 and x.output_bits.n_writing > 0:
        x.counts.write_conflicts += 1
        return False
    port.cycle = cycle
    return True
