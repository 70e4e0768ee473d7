"""Which op settled a window."""

from __future__ import annotations

from o3sim.contract.program import build_program
from o3sim.contract.weight_groups import cut_layer
from o3sim.network.layer import Pool
from o3sim.trace.squash_causes import SquashCauses
from tests.machine.harness import architecture, conv, profile

OVERLAPPING = conv(5, 5, 1, 1, padding_pixels=1, padding="-1", pool=Pool(3, 2))
"""Four windows of 3x3 neurons on a 5x5 map: neuron (2, 2) is in all of them."""


def causes() -> tuple[SquashCauses, dict[tuple[int, int], int]]:
    """The lookup, and the op of each neuron (y, x)."""
    arch, layer = architecture(), profile(OVERLAPPING)
    program = build_program(layer, cut_layer(0, "layer", OVERLAPPING, arch), 0, arch)
    ops = {divmod(position, 5): op for op, position in enumerate(program.position.tolist())}
    return SquashCauses(program), ops


def test_the_first_1_settles_a_window() -> None:
    found, op = causes()
    found.retired(op[0, 0], 0)
    assert found.of(op[1, 1]) == []
    found.retired(op[0, 1], 1)
    found.retired(op[1, 0], 1)
    assert found.of(op[1, 1]) == [op[0, 1]]


def test_an_op_of_several_windows_has_several_causes() -> None:
    found, op = causes()
    for corner in ((0, 0), (0, 4), (4, 0), (4, 4)):
        found.retired(op[corner], 1)
    assert found.of(op[2, 2]) == sorted(op[y, x] for y in (0, 4) for x in (0, 4))
    assert found.of(op[2, 0]) == sorted((op[0, 0], op[4, 0]))


def test_an_op_that_settles_several_windows() -> None:
    found, op = causes()
    found.retired(op[2, 2], 1)
    found.retired(op[0, 0], 1)
    assert [found.of(op[corner]) for corner in ((0, 0), (4, 4))] == [[op[2, 2]]] * 2
