"""Records: their layout, and that kernels and NumPy see the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from o3sim.compiled.allocation import Allocation, located, records
from o3sim.compiled.memory import Memory
from o3sim.compiled.record import Table, dtype_of, numbers, rows
from o3sim.compiled.records.trace import EventRow


class Item:
    small: np.uint8
    large: int
    word: np.uint64


class Shelf:
    items: Table[Item]
    n_items: int


class Store:
    """A record with a record, and with what is no number."""

    name: str
    shelf: Shelf
    prices: Table[np.int32]
    by_cause: dict[str, int]
    total: int


item_at = rows("items", Item)
price_of = numbers("prices", np.int32)


@njit
def restock(store: Store) -> None:
    for k in range(store.shelf.n_items):
        item = item_at(store.shelf, k)
        item.large = price_of(store, k) * 10
        item.small += np.uint8(k)
        store.total += item.large
    store.shelf.n_items += 1


@given(st.lists(st.integers(-(2**31), 2**31 - 1), max_size=20))
@settings(deadline=None)  # the first compiles
def test_kernels_read_and_write_fields_in_place(prices: list[int]) -> None:
    values = {
        "prices": located(np.array(prices), np.int32),
        "shelf": {"n_items": len(prices), "items": records(Item, len(prices), small=7, word=2**64 - 1)},
    }
    store = Allocation(Store, values)
    restock(store.record)
    items = store.table("shelf.items")
    assert items["large"].tolist() == [10 * price for price in prices]
    assert items["small"].tolist() == [7 + k for k in range(len(prices))]
    assert (items["word"] == 2**64 - 1).all()
    assert store.record["total"] == 10 * sum(prices)
    assert store.record["shelf"]["n_items"] == len(prices) + 1


def test_what_is_no_number_is_left_out() -> None:
    assert dtype_of(Store).names == ("shelf", "prices", "total")


@pytest.mark.parametrize("kind", [Item, Shelf, Store, Memory])
def test_sizes_are_powers_of_two_and_fields_aligned(kind: type) -> None:
    dtype = dtype_of(kind)
    assert dtype.itemsize.bit_count() == 1
    assert dtype.isalignedstruct
    assert dtype.fields is not None
    assert all(field[1] % field[0].alignment == 0 for field in dtype.fields.values())


def test_packed_records_take_no_more_than_their_fields() -> None:
    dtype = dtype_of(EventRow)
    assert dtype.itemsize == sum(dtype[name].itemsize for name in dtype.names or ())


def test_tables_begin_at_cache_lines() -> None:
    store = Allocation(Store, {"shelf": {"items": records(Item, 3)}})
    assert store.record["shelf"]["items"] % 64 == 0
    assert store.record["shelf"]["items"] == store.table("shelf.items").ctypes.data


def test_a_state_can_be_restored() -> None:
    store = Allocation(Store, {"total": 3, "shelf": {"n_items": 2, "items": records(Item, 2, large=5)}})
    state = store.state()
    store.table("shelf.items")["large"] = 9
    store.record["total"] = 4
    store.restore(state)
    assert store.table("shelf.items")["large"].tolist() == [5, 5]
    assert store.record["total"] == 3


def test_arrays_that_are_no_tables_are_copied() -> None:
    table = np.arange(6, dtype=np.int32)
    assert located(table, np.int32).array is table
    assert located(table[::2], np.int32).array.tolist() == [0, 2, 4]
