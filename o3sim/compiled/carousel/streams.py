"""The streams of a group of PEs, and the broadcast that fills the PEs' memories."""

from __future__ import annotations

from o3sim.compiled.carousel.memory import CarouselMemory
from o3sim.compiled.carousel.records import (
    Stream,
    age_at,
    bank_of,
    channel_of,
    cursor_at,
    first_read,
    group_at,
    need,
    pass_at,
    pass_of,
    pe_at,
    read_port_at,
    reads,
    stream_at,
    tile_start,
    tile_words,
)
from o3sim.compiled.kernel import inlined, noinline, remainder
from o3sim.compiled.records.ledger import CAUSE
from o3sim.compiled.records.output_bits import port_at
from o3sim.compiled.weight_stream import arrived
from o3sim.contract.carousel.tiles import HALVES


@inlined
def open_next(x: CarouselMemory, number: int, cycle: int) -> None:
    """Open the next channel of a group if there is room for it, a bank, and its weights are there."""
    group, most = group_at(x.units, number), x.layer.open_channels
    group.handed_out = 0
    if group.next_stream == group.end_stream or group.n_open >= most:
        return
    pass_number = pass_of(x.layer, group.next_stream)
    bank = bank_of(x.layer, group.next_stream)
    if not arrived(x, pass_number // x.layer.tiles, cycle):
        return
    if x.layer.banks > 0:
        for age in range(group.n_open):
            if stream_at(x.units, age_at(x.units, number * most + age).stream).bank == bank:
                return
    stream = stream_at(x.units, age_at(x.units, number * most + group.n_open).stream)
    tile = pass_number % x.layer.tiles
    stream.pass_number = pass_number
    stream.channel = channel_of(x.layer, group.next_stream)
    stream.bank = bank
    stream.left = _begin_lists(x, age_at(x.units, number * most + group.n_open).stream, tile)
    stream.opened_cycle = cycle
    stream.heard_round = -1
    group.n_open += 1
    group.next_stream += 1


@noinline
def _begin_lists(x: CarouselMemory, place: int, tile: int) -> int:
    """Let all windows of a tile be handed out by a stream; return how many there are."""
    windows, lists = 0, x.layer.lists
    for number in range(lists):
        cursor = cursor_at(x.units, place * lists + number)
        start = number * (x.layer.tiles + 1) + tile
        cursor.next_window = tile_start(x.layer, start)
        cursor.end_window = tile_start(x.layer, start + 1)
        cursor.first_taken = cursor.end_window - x.settings.take_from_neighbour
        windows += cursor.end_window - cursor.next_window
    return windows


@inlined
def place_for(x: CarouselMemory, stream_place: int, pe: int) -> int:
    """Return the place of the window of a stream that a PE takes next: its own, or its neighbour's; or -1."""
    lists = x.layer.lists
    number = pe % x.layer.group_pes if lists > 1 else 0
    own = cursor_at(x.units, stream_place * lists + number)
    if own.next_window < own.end_window:
        return own.next_window
    near = cursor_at(x.units, stream_place * lists + _neighbour(number, lists))
    last = near.end_window - 1
    return last if last >= near.next_window and last >= near.first_taken else -1


@inlined
def take(x: CarouselMemory, stream_place: int, pe: int) -> None:
    """Let a PE take that window."""
    lists = x.layer.lists
    number = pe % x.layer.group_pes if lists > 1 else 0
    own = cursor_at(x.units, stream_place * lists + number)
    if own.next_window < own.end_window:
        own.next_window += 1
    else:
        cursor_at(x.units, stream_place * lists + _neighbour(number, lists)).end_window -= 1


@inlined
def _neighbour(number: int, lists: int) -> int:
    """Return the list to the right of one, around the group."""
    return number + 1 if number + 1 < lists else 0


@inlined
def _filled(x: CarouselMemory, stream: Stream, window: int) -> bool:
    """Return whether the memories hold what a window of a stream reads."""
    fill = stream.pass_number if x.layer.fills > 1 else 0
    if fill != x.units.filling:
        return fill < x.units.filling
    return x.units.filled_reads >= need(x.layer, window)


@inlined
def hand_out(x: CarouselMemory, pe: int, cycle: int) -> int:
    """Return the stream of which a PE is handed a window; if it is none, the complement of the cause."""
    number, most = pe // x.layer.group_pes, x.layer.open_channels
    group = group_at(x.units, number)
    unfilled = new = False
    if x.settings.aligned and group.handed_out < x.settings.windows_per_cycle:
        same = _of_same_window(x, number, pe, cycle)
        if same >= 0:
            return same
    for age in range(group.n_open):
        place = age_at(x.units, number * most + age).stream
        stream = stream_at(x.units, place)
        if stream.opened_cycle == cycle:
            new = True
            continue
        window = place_for(x, place, pe)
        if window >= 0:
            if _filled(x, stream, window):
                return ~CAUSE.no_ready_op if group.handed_out == x.settings.windows_per_cycle else place
            unfilled = True
    if unfilled:
        return ~CAUSE.input_wait
    if new:
        return ~CAUSE.queue_empty
    if group.next_stream == group.end_stream:
        return ~CAUSE.drain
    weights = pass_of(x.layer, group.next_stream) // x.layer.tiles
    return ~CAUSE.queue_empty if arrived(x, weights, cycle) else ~CAUSE.weight_wait


@inlined
def _of_same_window(x: CarouselMemory, number: int, pe: int, cycle: int) -> int:
    """Return the oldest stream of which a PE would take the window that it took last of another; or -1."""
    window, most = pe_at(x.units, pe).window, x.layer.open_channels
    if window < 0:
        return -1
    for age in range(group_at(x.units, number).n_open):
        place = age_at(x.units, number * most + age).stream
        stream = stream_at(x.units, place)
        if stream.opened_cycle < cycle and place_for(x, place, pe) == window and _filled(x, stream, window):
            return place
    return -1


@noinline
def close_stream(x: CarouselMemory, number: int, place: int) -> None:
    """Take a stream out of the open ones of a group; its record is the first unused."""
    group, first = group_at(x.units, number), number * x.layer.open_channels
    age = 0
    while age_at(x.units, first + age).stream != place:
        age += 1
    group.n_open -= 1
    while age < group.n_open:
        age_at(x.units, first + age).stream = age_at(x.units, first + age + 1).stream
        age += 1
    age_at(x.units, first + age).stream = place


@inlined
def broadcast(x: CarouselMemory, cycle: int) -> None:
    """Fill for a cycle, if the half is free."""
    units = x.units
    if units.filling == x.layer.fills:
        return
    before = units.filling - HALVES
    if before >= 0 and pass_at(units, before).ended_cycle >= cycle:
        return
    tile = units.filling % x.layer.tiles
    first, words = first_read(x.layer, tile), first_read(x.layer, tile + 1) - first_read(x.layer, tile)
    done = units.filled_reads
    end = min(words, done + x.settings.broadcast_words)
    while done < end and _goes_out(x, reads(x.layer, first + done), cycle):
        done += 1
    x.counts.activation_reads += done - units.filled_reads
    units.filled_reads = done
    if done == words:
        x.counts.patch_writes += tile_words(x.layer, tile) * x.layer.groups
        units.filling += 1
        units.filled_reads = 0


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
