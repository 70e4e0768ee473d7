"""A stretch of a program as numbers of Python, from which ops are made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from o3sim.contract.program import LayerProgram

OpRow = tuple[int, int, int, int, int, tuple[int, ...], int, int, int, int, int, int]
"""The first fields of an :class:`~o3sim.machine.op.Op`, ``index`` to ``addend_base``."""


def op_rows(program: LayerProgram, part: slice) -> Iterator[OpRow]:
    """Yield what there is to know of some ops of a program before they run."""
    position = program.position[part]
    groups, channels = program.group_of[part].tolist(), program.channel[part].tolist()
    first_channel = program.first_channel_of
    yield from zip(
        range(part.start, part.start + len(position)),
        program.n_edges[part].tolist(),
        program.words[part].tolist(),
        program.decided_words[part].tolist(),
        program.outcome[part].tolist(),
        (tuple(w for w in row if w >= 0) for row in program.windows[part].tolist()),
        groups,
        (program.addresses.first_row[channels] + program.addresses.border_of[position]).tolist(),
        program.addresses.base_bit[position].tolist(),
        [(c - first_channel[g]) * program.weight_words for c, g in zip(channels, groups, strict=True)],
        position.tolist(),
        _addend_bases(program, part),
        strict=True,
    )


def _addend_bases(program: LayerProgram, part: slice) -> list[int]:
    """Bit at which what each op adds begins; 0 where ops add nothing."""
    if program.addend is None:
        return [0] * len(program.position[part])
    addend, position, channel = program.addend, program.position[part], program.channel[part]
    bits: list[int] = (addend.position_bit[position] + addend.channel_bit[channel]).tolist()
    return bits
