"""The sequencer: squashes ops of settled windows, dispatches the others."""

from __future__ import annotations

from o3sim.compiled.fast.how import NO_WINDOWS, How, windows_kind
from o3sim.compiled.fast.op_records import border_of_op
from o3sim.compiled.fast.records import FastMemory, arriving_at, edges_of, op_record
from o3sim.compiled.fast.weights import count_ended, group_end, has_arrived
from o3sim.compiled.fast.windows import hold, is_settled
from o3sim.compiled.kernel import inlined


@inlined
def sequence(x: FastMemory, how: How, cycle: int) -> None:
    """Look at this cycle's ops."""
    queue = x.queue
    queue.n_arriving = 0
    if queue.next_op == x.layer.ops:
        return
    room = x.settings.depth_ops - queue.n_held
    if windows_kind(x, how) == NO_WINDOWS:
        _dispatch(x, min(x.settings.sequencer_width_ops, room), cycle)
    else:
        _look_at_each(x, how, room, cycle)


@inlined
def _dispatch(x: FastMemory, most: int, cycle: int) -> None:
    """Dispatch so many ops, as far as their weights are there."""
    queue = x.queue
    while most > 0 and queue.next_op < x.layer.ops and has_arrived(x, cycle):
        end = group_end(x, queue.group)
        dispatched = min(most, end - queue.next_op)
        most -= dispatched
        queue.next_op += dispatched
        queue.n_arriving += dispatched
        x.clock.moved = 1
        if queue.next_op == end:
            queue.group += 1


@inlined
def _look_at_each(x: FastMemory, how: How, room: int, cycle: int) -> None:
    """Squash each op of a settled window, dispatch each other as long as there is room."""
    queue = x.queue
    for _ in range(x.settings.sequencer_width_ops):
        op = queue.next_op
        if op == x.layer.ops or not has_arrived(x, cycle):
            return
        if is_settled(x, how, op):
            pass_by(x, op, cycle)
        elif room > 0:
            room -= 1
            send(x, op)
        else:
            return
        step(x)


@inlined
def pass_by(x: FastMemory, op: int, cycle: int) -> None:
    """Squash an op that is not dispatched."""
    x.counts.squashed_sequencer += 1
    x.counts.edges_pruned_pooling += edges_of(x.layer, border_of_op(op_record(x.layer, op)))
    count_ended(x, op, cycle)


@inlined
def send(x: FastMemory, op: int) -> None:
    """Dispatch an op."""
    arriving_at(x.queue, x.queue.n_arriving).number = op
    x.queue.n_arriving += 1


@inlined
def step(x: FastMemory) -> None:
    """Go on to the next op."""
    queue = x.queue
    x.clock.moved = 1
    queue.next_op += 1
    if x.weight_groups.n_groups > 1 and queue.next_op == group_end(x, queue.group):
        queue.group += 1


@inlined
def enqueue_arrivals(x: FastMemory, how: How) -> None:
    """Let this cycle's arrivals be seen from the next."""
    count_arrivals(x)
    if windows_kind(x, how) == NO_WINDOWS:
        return
    for k in range(x.queue.n_arriving):
        op = arriving_at(x.queue, k).number
        hold(x, how, op, op, x.queue)


@inlined
def count_arrivals(x: FastMemory) -> None:
    """Count the ops that are in the queue from now on."""
    x.queue.n_held += x.queue.n_arriving
    x.counts.dispatched += x.queue.n_arriving
