"""Pixels to codes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from o3sim.network.preprocess import BinaryInput, FixedInput

PIXELS = np.arange(256, dtype=np.uint8)


def test_binary_input_compares() -> None:
    assert BinaryInput(128).encode(PIXELS).tolist() == [0] * 128 + [1] * 128
    assert BinaryInput(0).encode(PIXELS).all()
    assert not BinaryInput(256).encode(PIXELS).any()


def test_signed_fixed_point_is_that_of_cnv() -> None:
    spec = FixedInput(8, True, 7, -1.0, 1.0)
    wanted = np.clip(np.floor((-1 + 2 * np.arange(256) / 255) * 128 + 0.5), -128, 127)
    np.testing.assert_array_equal(spec.encode(PIXELS) + spec.least, wanted)
    assert (spec.least, spec.offset, spec.planes) == (-128, -1, 8)


def test_unsigned_raw_pixels_stay_as_they_are() -> None:
    spec = FixedInput(8, False, 0, 0.0, 255.0)
    np.testing.assert_array_equal(spec.encode(PIXELS), np.arange(256))
    assert spec.offset == 255


@pytest.mark.parametrize(("bits", "signed", "low", "high"), [(4, False, 0, 15), (4, True, -8, 7)])
def test_values_beyond_the_bits_are_clipped(bits: int, signed: bool, low: int, high: int) -> None:
    spec = FixedInput(bits, signed, 0, -1000.0, 1000.0)
    values = spec.encode(PIXELS) + spec.least
    assert (values.min(), values.max()) == (low, high)


@given(st.integers(2, 16), st.booleans(), st.data())
def test_planes_give_the_value_back(bits: int, signed: bool, data: st.DataObject) -> None:
    spec = FixedInput(bits, signed, 0, 0.0, 1.0)
    code = data.draw(st.integers(0, 2**bits - 1))
    signs = sum((2 * (code >> plane & 1) - 1) * 2**plane for plane in range(bits))
    assert 2 * (code + spec.least) == signs + spec.offset
