"""The streams of a group of PEs: channels are opened, their windows handed out."""

from __future__ import annotations

from o3sim.compiled.carousel.free import LIMIT, NOTHING, UNFILLED, ask_again
from o3sim.compiled.carousel.memory import CarouselMemory
from o3sim.compiled.carousel.records import bank_of, channel_of, need, pass_of, tile_start
from o3sim.compiled.carousel.units import (
    Group,
    Stream,
    age_at,
    bank_at,
    cursor_at,
    group_at,
    pe_at,
    stream_at,
)
from o3sim.compiled.kernel import inlined, noinline
from o3sim.compiled.weight_stream import arrived


@inlined
def open_next(x: CarouselMemory, number: int, cycle: int) -> None:
    """Open the next channel of a group if there is room for it, a bank, and its weights are there."""
    group, most = group_at(x.units, number), x.layer.open_channels
    group.handed_out = 0
    if group.opened_cycle == cycle - 1:  # from now on windows of the channel that was opened are handed out
        ask_again(x, number, True)
    if group.next_stream == group.end_stream or group.n_open >= most:
        return
    pass_number = pass_of(x.layer, group.next_stream)
    bank = bank_of(x.layer, group.next_stream)
    if not arrived(x, pass_number // x.layer.tiles, cycle):
        return
    if x.layer.banks > 0:
        held = bank_at(x.units, number * x.layer.banks + bank)
        if held.is_open:
            return
        held.is_open = 1
    place = age_at(x.units, number * most + group.n_open).stream
    stream = stream_at(x.units, place)
    stream.pass_number = pass_number
    stream.channel = channel_of(x.layer, group.next_stream)
    stream.bank = bank
    stream.left = stream.to_hand_out = _begin_lists(x, place, pass_number % x.layer.tiles)
    stream.opened_cycle = group.opened_cycle = cycle
    stream.heard_rounds = 0
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
def take(x: CarouselMemory, stream_place: int, pe: int) -> int:
    """Let a PE take that window; return its place."""
    lists = x.layer.lists
    number = pe % x.layer.group_pes if lists > 1 else 0
    stream_at(x.units, stream_place).to_hand_out -= 1
    group_at(x.units, pe // x.layer.group_pes).handed_out += 1
    own = cursor_at(x.units, stream_place * lists + number)
    if own.next_window < own.end_window:
        own.next_window += 1
        return own.next_window - 1
    near = cursor_at(x.units, stream_place * lists + _neighbour(number, lists))
    near.end_window -= 1
    return near.end_window


@inlined
def _neighbour(number: int, lists: int) -> int:
    """Return the list to the right of one, around the group."""
    return number + 1 if number + 1 < lists else 0


@inlined
def _filled(x: CarouselMemory, stream: Stream, window: int) -> bool:
    """Return whether the memories hold what a window of a stream reads; note the least that others lack."""
    units = x.units
    fill = stream.pass_number if x.layer.fills > 1 else 0
    if fill != units.filling:
        return fill < units.filling
    reads = need(x.layer, window)
    if units.filled_reads >= reads:
        return True
    units.least_need = min(units.least_need, reads)
    return False


@inlined
def stream_for(x: CarouselMemory, group: Group, number: int, pe: int, cycle: int) -> int:
    """Return the stream of which a PE is handed a window; if it is none, the reason."""
    most, reason = x.layer.open_channels, NOTHING
    _pass_empty(x, group, number)
    if x.settings.aligned and group.handed_out < x.settings.windows_per_cycle:
        same = _of_same_window(x, group, number, pe, cycle)
        if same >= 0:
            return same
    for age in range(group.first_age, group.n_open):
        place = age_at(x.units, number * most + age).stream
        stream = stream_at(x.units, place)
        if stream.opened_cycle == cycle:
            continue
        window = place_for(x, place, pe)
        if window >= 0:
            if _filled(x, stream, window):
                return LIMIT if group.handed_out == x.settings.windows_per_cycle else place
            reason = UNFILLED
    return reason


@inlined
def _pass_empty(x: CarouselMemory, group: Group, number: int) -> None:
    """Pass the oldest streams that have no windows to hand out."""
    first = number * x.layer.open_channels
    while group.first_age < group.n_open:
        if stream_at(x.units, age_at(x.units, first + group.first_age).stream).to_hand_out > 0:
            return
        group.first_age += 1


@inlined
def _of_same_window(x: CarouselMemory, group: Group, number: int, pe: int, cycle: int) -> int:
    """Return the oldest stream of which a PE would take the window that it took last of another; or -1."""
    window, most = pe_at(x.units, pe).window, x.layer.open_channels
    if window < 0:
        return -1
    for age in range(group.first_age, group.n_open):
        place = age_at(x.units, number * most + age).stream
        stream = stream_at(x.units, place)
        if stream.opened_cycle < cycle and place_for(x, place, pe) == window and _filled(x, stream, window):
            return place
    return -1


@noinline
def close_stream(x: CarouselMemory, number: int, place: int) -> None:
    """Take a stream out of the open ones of a group; its record is the first unused."""
    group, first = group_at(x.units, number), number * x.layer.open_channels
    if x.layer.banks > 0:
        bank_at(x.units, number * x.layer.banks + stream_at(x.units, place).bank).is_open = 0
    age = 0
    while age_at(x.units, first + age).stream != place:
        age += 1
    if age < group.first_age:
        group.first_age -= 1
    group.n_open -= 1
    while age < group.n_open:
        age_at(x.units, first + age).stream = age_at(x.units, first + age + 1).stream
        age += 1
    age_at(x.units, first + age).stream = place
