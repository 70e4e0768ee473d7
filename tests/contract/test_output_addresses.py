"""Where output bits go in the activation buffer."""

from __future__ import annotations

from o3sim.contract.output_addresses import first_output_word
from o3sim.network.layer import Geometry
from tests.machine.harness import conv, dense


def test_the_output_follows_the_padded_input() -> None:
    assert first_output_word(dense(16, 3), 8) == 2
    assert first_output_word(dense(17, 3), 8) == 3  # from a word boundary on
    plain = conv(4, 5, 8, 2)
    assert first_output_word(plain, 8) == 4 * 5
    padded = Geometry("conv", 4, 5, 8, 2, 3, 3, padding_pixels=1, planes=2)
    assert first_output_word(padded, 8) == 2 * 6 * 7
