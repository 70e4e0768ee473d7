"""While kernels are compiled nothing is collected and types are written once; afterwards all is as before."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import numba
import numpy as np
import pytest
from numba import from_dtype
from numba.core import event
from numba.core.errors import TypingError
from numba.core.types import Record

from o3sim.network.bits.compile_time import shorten_compiling

record: Any = Record
WRITE = record.__repr__


class Seen(event.Listener):
    """What was so when a function began and ended to be compiled."""

    def __init__(self) -> None:
        self.collects: list[bool] = []
        self.texts: list[str] = []
        self.kind: Any = from_dtype(np.dtype([("a", "i8"), ("b", "u1")]))

    def on_start(self, _event: Any) -> None:
        self.collects.append(gc.isenabled())
        self.texts += [repr(self.kind), repr(self.kind)]

    def on_end(self, _event: Any) -> None:
        """Nothing more to see."""


@pytest.fixture
def seen() -> Iterator[Seen]:
    """Registered after those of o3sim, and so told after them."""
    shorten_compiling()  # twice, if kernels are loaded: the state before comes back all the same
    listener = Seen()
    install: Any = event.install_listener
    with install("numba:compile", listener):
        yield listener


def compiled(fails: bool) -> None:
    inner = numba.njit(lambda number: number + 1)
    outer = numba.njit(lambda number: inner(number) + (number.nothing if fails else 1))
    if fails:
        with pytest.raises(TypingError):
            outer(1)
    else:
        assert outer(1) == 3


@pytest.mark.parametrize("fails", [False, True])
def test_all_is_as_before_afterwards(seen: Seen, fails: bool) -> None:
    assert gc.isenabled()
    compiled(fails)
    assert len(seen.collects) >= 1 + (not fails)
    assert not any(seen.collects)
    assert set(seen.texts) == {WRITE(seen.kind)}
    assert gc.isenabled()
    assert record.__repr__ is WRITE


def test_who_does_not_collect_goes_on_so(seen: Seen) -> None:
    gc.disable()
    try:
        compiled(fails=False)
        assert not gc.isenabled()
    finally:
        gc.enable()
    assert seen.collects
