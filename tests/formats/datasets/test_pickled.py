"""Pickles as data: what arrays need is read, everything else refused at the cost of its own bytes."""

from __future__ import annotations

import pickle
import struct
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from o3sim.formats.datasets import pickled
from o3sim.formats.datasets.pickled import PickleError, unpickled
from o3sim.formats.datasets.pickled_array import PickledArray

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(min_size=1),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text() | st.binary(min_size=1), inner)
    ),
    max_leaves=20,
)


@pytest.mark.parametrize("protocol", range(6))
@settings(max_examples=50)
@given(value=PLAIN)
def test_plain_values_come_back_from_every_protocol(protocol: int, value: Any) -> None:
    assert unpickled(pickle.dumps(value, protocol)) == value


@pytest.mark.parametrize("protocol", range(5))
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_of_bytes_come_back(protocol: int, order: Any) -> None:
    array = np.asarray(np.arange(12, dtype=np.uint8).reshape(3, 4), order=order)
    found = PickledArray.of(unpickled(pickle.dumps(array, protocol)))
    assert found is not None
    np.testing.assert_array_equal(found.as_bytes(), array)


@pytest.mark.parametrize("dtype", ["u1", "i8", "<f4", ">i4", "c16", "?"])
def test_other_arrays_are_named(dtype: str) -> None:
    found = PickledArray.of(unpickled(pickle.dumps(np.zeros(3, dtype), 2)))
    assert found is not None
    assert found.dtype_name == np.dtype(dtype).name


@pytest.mark.parametrize("dtype", ["O", "U7", "V3", "M8[s]", [("a", "u1")]])
def test_arrays_of_anything_but_numbers_are_none_of_bytes(dtype: Any) -> None:
    found = PickledArray.of(unpickled(pickle.dumps(np.zeros((), dtype), 2)))
    assert found is None or found.dtype_name == "no plain kind"


def shared_tuples(depth: int) -> bytes:
    """Tuples of the one before, twice: hashing the last takes ``2 ** depth`` steps."""
    return b")" + b"".join(b"q%ch%c\x86" % (level, level) for level in range(depth))


@pytest.mark.parametrize(
    "steps",
    [
        b"Nr" + struct.pack("<I", 2**32 - 1) + b".",  # a memo of 4 G slots
        b"N" + b"p99999999999\n.",
        b"\x96" + struct.pack("<Q", 2**34) + b".",  # a bytearray of 16 GiB
        b"\x95" + struct.pack("<Q", 2**40) + b"N.",  # a frame of 1 TiB
        b"\x8e" + struct.pack("<Q", 2**40) + b".",  # bytes of 1 TiB
        b"}" + shared_tuples(60) + b"Ns.",  # a key that takes for ever to hash
        b"\x8f(" + shared_tuples(60) + b"\x90.",  # a set of it
    ],
)
def test_steps_that_would_take_the_memory_or_for_ever(steps: bytes) -> None:
    tracemalloc.start()
    try:
        unpickled(steps)
    except (ValueError, LookupError):
        pass
    finally:
        peak_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak_bytes < 10_000_000


def test_steps_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pickled, "MOST_STEPS", 10)
    assert unpickled(pickle.dumps(list(range(4)), 2)) == [0, 1, 2, 3]
    with pytest.raises(PickleError, match="more than 10 steps"):
        unpickled(pickle.dumps(list(range(10)), 2))


ENCODE = b"c_codecs\nencode\n"
DTYPE = b"cnumpy\ndtype\n"


@pytest.mark.parametrize(
    "steps",
    [
        DTYPE + b"(NI1\ndb.",  # state on a name
        b"}Nb.",
        b"]NR.",
        b"K\x01K\x01R.",
        DTYPE + b"K\x01R.",
        ENCODE + b"(X\x01\x00\x00\x00aX\x05\x00\x00\x00rot13tR.",
        ENCODE + b"(]]tR.",
        b"}]a.",
        b"]K\x01K\x01s.",
        b"P1\n.",
        b"\x82\x01.",  # a name of the extension registry
        b"(ios\nsystem\n.",
        b"cos\nsystem\n.",
        DTYPE + b"(tR\x81.",
        b".",
        b"t.",
    ],
)
def test_steps_that_arrays_do_not_take(steps: bytes) -> None:
    with pytest.raises((ValueError, LookupError, TypeError)):
        unpickled(steps)


@settings(max_examples=300)
@given(data=st.data())
def test_changed_bytes_never_reach_numpy(data: st.DataObject) -> None:
    raw = bytearray(pickle.dumps(np.arange(64, dtype=np.uint8).reshape(8, 8), data.draw(st.integers(0, 4))))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = PickledArray.of(unpickled(bytes(raw)))
        pixels = None if found is None else found.as_bytes()
    except (ValueError, LookupError, TypeError):
        return
    assert pixels is None or pixels.dtype == np.uint8
