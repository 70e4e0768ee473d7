"""What a PE does until an op joins or leaves it, in closed form (``docs/engine.md``).

In every cycle the oldest op whose last verdict is known puts a word in; if there is none, the oldest.
Verdicts come `L` cycles after the word. So an op that had one of the last `L - 1` cycles gets one only if it
is the oldest and no other can have it, and a PE has period `L` from `L - 1` cycles after a change on:

* of `L` ops and more the oldest `L` have every L-th cycle, each its own, and the others none;
* of fewer each but the oldest has every L-th cycle, and the oldest all that are left.
"""

from __future__ import annotations

from o3sim.compiled.bit_set import clear_bit, set_bit, word_at
from o3sim.compiled.fast.bits import NONE, lowest
from o3sim.compiled.fast.calendar import enter, strike
from o3sim.compiled.fast.how import How, contexts_of
from o3sim.compiled.fast.op_records import decided_words_of, spare_words_of
from o3sim.compiled.fast.records import FastMemory, Server, op_record, pe_at, server_at
from o3sim.compiled.fast.sets import find_free, is_in, set_words
from o3sim.compiled.kernel import NEVER, ONE, inlined, noinline

OUT = 1 << 50
"""Above any age."""


@inlined
def takers(x: FastMemory, how: How, first: int) -> int:
    """Count the contexts of a PE whose ops take words."""
    found = 0
    for context in range(contexts_of(x, how)):
        if server_at(x.pes, first + context).age != NEVER:
            found += 1
    return found


@inlined
def rank(x: FastMemory, how: How, first: int, age: int) -> int:
    """Count the older ones."""
    found = 0
    for context in range(contexts_of(x, how)):
        if server_at(x.pes, first + context).age < age:
            found += 1
    return found


@inlined
def _rounds(cycles: int, period: int) -> int:
    """Divide cycles by a period: it is small, and mostly 1 or 2."""
    if period == 1:
        return cycles
    if period == 2:
        return cycles >> 1
    return cycles // period


@inlined
def _chosen(x: FastMemory, how: How, first: int, cycle: int) -> int:
    """Choose the context that puts a word in."""
    least, best = NEVER, first
    for number in range(first, first + contexts_of(x, how)):
        server = server_at(x.pes, number)
        key = server.age + OUT if server.ready > cycle else server.age
        if key < least:
            least, best = key, number
    return best


@inlined
def catch_up(x: FastMemory, how: How, pe: int, cycle: int) -> None:
    """Put in the words of the cycles before this one."""
    begin = pe_at(x.pes, pe).at
    pe_at(x.pes, pe).at = cycle
    if cycle > begin and not is_in(pe, x.pes.stalled):
        _put_in(x, how, pe * contexts_of(x, how), begin, cycle - begin)


@noinline
def _put_in(x: FastMemory, how: How, first: int, begin: int, cycles: int) -> None:
    """Put in the words of so many cycles."""
    together = takers(x, how, first)
    if together == 0:
        return
    period = x.layer.verdict_after_cycles
    rounds = _rounds(cycles - period + 1, period) if cycles >= period else 0
    steps = cycles - rounds * period
    until_steady = min(steps, period - 1)
    for cycle in range(begin, begin + until_steady):
        _put_in_one(x, how, first, cycle)
    if rounds > 0:
        for number in range(first, first + contexts_of(x, how)):
            server = server_at(x.pes, number)
            if server.age == NEVER:
                continue
            older = rank(x, how, first, server.age)
            if older < period:
                more = period - together if older == 0 and together < period else 0
                server.left -= rounds * (1 + more)
                server.ready += rounds * period
    for cycle in range(begin + until_steady + rounds * period, begin + cycles):
        _put_in_one(x, how, first, cycle)


@inlined
def _put_in_one(x: FastMemory, how: How, first: int, cycle: int) -> None:
    """Put in the word of a cycle."""
    server = server_at(x.pes, _chosen(x, how, first, cycle))
    server.left -= 1
    server.ready = cycle + x.layer.verdict_after_cycles


@noinline
def plan(x: FastMemory, how: How, pe: int, cycle: int) -> None:
    """Find when each op of a PE is decided and leaves, from a cycle on for which it is known."""
    first, begin = pe * contexts_of(x, how), cycle
    together = takers(x, how, first)
    period = x.layer.verdict_after_cycles
    for number in range(first, first + contexts_of(x, how)):
        server = server_at(x.pes, number)
        server.then = server.ready
        server.taken = 0
        server.ended = NEVER
    if together > 1:
        for at in range(cycle, cycle + period - 1):
            _look_ahead(x, how, first, at)
        cycle += period - 1
    for context in range(contexts_of(x, how)):
        if server_at(x.pes, first + context).age != NEVER:
            _set_out(x, how, pe, context, cycle, together)
    if together == contexts_of(x, how) and together == period and _have_turns(x, how, first, begin):
        set_bit(x.pes.joined, pe)


@inlined
def _have_turns(x: FastMemory, how: How, first: int, cycle: int) -> bool:
    """Return whether each op of a PE has its turn for as long as it stays.

    Not one that is decided: it may leave in another's turn, if the PE stalled meanwhile. And of more than two
    all but one must have had a turn: one that has only been waiting could still come before one that joins.
    """
    waiting = 0
    for number in range(first, first + contexts_of(x, how)):
        server = server_at(x.pes, number)
        if server.left <= 0:
            return False
        if server.ready <= cycle:
            waiting += 1
    return waiting == 1 or x.layer.verdict_after_cycles <= 2


@inlined
def _look_ahead(x: FastMemory, how: How, first: int, cycle: int) -> None:
    """Plan the word of a cycle, and note whether it decides or ends its op."""
    least, best = NEVER, first
    for number in range(first, first + contexts_of(x, how)):
        server = server_at(x.pes, number)
        key = server.age + OUT if server.then > cycle else server.age
        if key < least:
            least, best = key, number
    server = server_at(x.pes, best)
    server.then = cycle + x.layer.verdict_after_cycles
    server.taken += 1
    if server.taken == server.left:
        server.decides = cycle
    if server.taken == server.left + spare_words_of(op_record(x.layer, server.op)):
        server.ended = cycle


@inlined
def _set_out(x: FastMemory, how: How, pe: int, context: int, steady: int, together: int) -> None:
    """Plan an op whose PE keeps its period from a cycle on."""
    server = server_at(x.pes, pe * contexts_of(x, how) + context)
    spare = spare_words_of(op_record(x.layer, server.op))
    to_go = server.left - server.taken
    if to_go > 0:
        server.decides = _word_cycle(x, how, pe * contexts_of(x, how), server, steady, together, to_go)
    leaves = NEVER
    if server.decides != NEVER:
        if to_go + spare > 0:
            server.ended = _word_cycle(
                x, how, pe * contexts_of(x, how), server, steady, together, to_go + spare
            )
        leaves = min(server.ended + 1, server.decides + x.layer.verdict_after_cycles)
    move(x, how, pe, context, leaves)


@inlined
def move(x: FastMemory, how: How, pe: int, context: int, leaves: int) -> None:
    """Enter into the calendar when an op leaves, in the place of what stood there."""
    server = server_at(x.pes, pe * contexts_of(x, how) + context)
    if server.leaves == leaves:
        return
    if server.leaves != NEVER:
        strike(x, how, context, pe, server.leaves)
    server.leaves = leaves
    if leaves != NEVER:
        enter(x, how, context, pe, leaves)


@inlined
def _word_cycle(
    x: FastMemory, how: How, first: int, server: Server, steady: int, together: int, number: int
) -> int:
    """Return the cycle of an op's n-th word, its PE being steady from a cycle on; NEVER if it has none."""
    period = x.layer.verdict_after_cycles
    older = rank(x, how, first, server.age)
    if older >= period:
        return NEVER
    if older > 0 or together >= period:
        return max(server.then, steady) + (number - 1) * period
    if together == 1:
        return steady + number - 1
    a_round = period - together + 1
    rounds = (number - 1) // a_round
    number -= 1 + rounds * a_round
    return steady + rounds * period + _free_cycle(x, how, first, server.age, steady, number)


@noinline
def _free_cycle(x: FastMemory, how: How, first: int, age: int, steady: int, number: int) -> int:
    """Return which cycle of a period is the n-th, from 0 on, that all ops but the oldest leave to it."""
    for cycle in range(steady, steady + x.layer.verdict_after_cycles):
        is_free = True
        for other in range(first, first + contexts_of(x, how)):
            server = server_at(x.pes, other)
            is_other = server.age != age and server.age != NEVER  # noqa: PLR1714 - as Numba can do it
            if is_other and max(server.then, steady) == cycle:
                is_free = False
        if is_free:
            if number == 0:
                return cycle - steady
            number -= 1
    return 0


@noinline
def part(x: FastMemory, how: How, pe: int, cycle: int) -> None:
    """Note down what the contexts of a joined PE stand at, as of a cycle; it is joined no more."""
    period = x.layer.verdict_after_cycles
    clear_bit(x.pes.joined, pe)
    clear_bit(x.pes.holes, pe)
    set_bit(x.pes.changed, pe)
    pe_at(x.pes, pe).at = cycle
    for number in range(pe * contexts_of(x, how), (pe + 1) * contexts_of(x, how)):
        server = server_at(x.pes, number)
        if server.age == NEVER:
            continue
        ahead = server.decides - cycle
        if ahead >= 0:
            rounds = _rounds(ahead, period)
            server.left = rounds + 1
            server.ready = cycle + ahead - rounds * period
        else:
            server.left = 0
            server.ready = server.decides + period


@inlined
def fill_hole(x: FastMemory, how: How, pe: int, context: int, op: int, cycle: int) -> bool:
    """Let an op take the cycles of the one whose context it gets; False if that is not all that changes."""
    server = server_at(x.pes, pe * contexts_of(x, how) + context)
    period = x.layer.verdict_after_cycles
    record = op_record(x.layer, op)
    begins = cycle
    if server.decides + period != cycle:  # it left before its next turn: this cycle is another's
        if contexts_of(x, how) != 2:
            return False
        other = server_at(x.pes, pe * 2 + 1 - context)
        if op > other.age:
            begins += 1
        else:
            other.decides += 1
            move(x, how, pe, 1 - context, other.leaves + 1)
    clear_bit(x.pes.holes, pe)
    server.decides = begins + (decided_words_of(record) - 1) * period
    server.leaves = server.decides + (period if spare_words_of(record) > 0 else 1)
    enter(x, how, context, pe, server.leaves)
    return True


@noinline
def stall(x: FastMemory, how: How, pe: int, cycle: int) -> None:
    """Stop a PE from a cycle on: only ops whose outcomes are under way leave it."""
    if is_in(pe, x.pes.joined):
        part(x, how, pe, cycle)
    else:
        catch_up(x, how, pe, cycle)
    set_bit(x.pes.stalled, pe)
    for context in range(contexts_of(x, how)):
        server = server_at(x.pes, pe * contexts_of(x, how) + context)
        if server.age == NEVER:
            continue
        if server.left > 0:
            move(x, how, pe, context, NEVER)
        elif server.left + spare_words_of(op_record(x.layer, server.op)) > 0:
            move(x, how, pe, context, server.decides + x.layer.verdict_after_cycles)


@noinline
def go_on(x: FastMemory, how: How, pe: int, cycle: int) -> None:
    """Let a PE that stalled go on from a cycle on."""
    clear_bit(x.pes.stalled, pe)
    pe_at(x.pes, pe).at = cycle
    plan(x, how, pe, cycle)


@noinline
def stall_and_go_on(x: FastMemory, how: How, cycle: int) -> None:
    """Let PEs whose outcomes wait stall from the next cycle on, and those that stalled for none go on."""
    for word in range(set_words(x, how)):
        changed = word_at(x.output.queues, word).bits ^ word_at(x.pes.stalled, word).bits
        while changed != NONE:
            pe = (word << 6) + lowest(changed)
            changed &= changed - ONE
            if is_in(pe, x.output.queues):
                stall(x, how, pe, cycle + 1)
            else:
                go_on(x, how, pe, cycle + 1)
        find_free(x, how, word)
