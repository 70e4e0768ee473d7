"""The sequencer: where its walk through the layer stands."""

from __future__ import annotations


class Sequencer:
    """The next op.

    Attributes
    ----------
    next_op : int
        Its place in program order.
    group, channel, pooled, member : int
        Its weight group, channel, pooled position, and which of the positions that this owns.
    chunk, in_chunk : int
        Windows that are walked member by member, and which of them it is in.
    chunk_channel, chunk_pooled : int
        Where they begin.
    windows_left : int
        Windows of the group from these on.
    """

    next_op: int
    group: int
    channel: int
    pooled: int
    member: int
    chunk: int
    in_chunk: int
    chunk_channel: int
    chunk_pooled: int
    windows_left: int
