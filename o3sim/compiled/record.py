"""Records: what the units remember, as NumPy dtypes whose fields kernels read and write by name.

A class with annotations says which fields a record has; :func:`dtype_of` makes the dtype. ``int`` is 64
bits wide, a NumPy type is itself, another such class is a record within the record, and ``Table[Kind]``
is the address of the first of many records, or numbers, that lie one behind the other.

Addresses, because then all that a kernel is handed is one pointer. To Numba an array is seven numbers,
which every call hands on: 20 arrays more in a tuple made kernels compile for 60 % longer. Nor does it
matter to the kernels then what kind of arrays a layer comes with, so nothing is compiled twice.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Generic, TypeVar, get_origin, get_type_hints

import numpy as np
from numba import types
from numba.core.extending import intrinsic
from numba.np.numpy_support import from_dtype, from_struct_dtype

Kind = TypeVar("Kind")
_intrinsic: Any = intrinsic  # its types say that what it makes never returns


class Table(Generic[Kind]):
    """Where many records of a kind begin, or numbers of a NumPy type."""


@cache
def dtype_of(kind: Any) -> np.dtype[Any]:
    """Make the dtype of a record: its size a power of two, so that a shift finds one among many.

    Unless the class has a true ``is_packed``: then its records take no more than their fields.
    Annotations that are neither numbers nor records, such as names, are left out.
    """
    hints = {name: _field(hint) for name, hint in get_type_hints(kind).items()}
    fields = [(name, field) for name, field in hints.items() if field is not None]
    packed = np.dtype(fields, align=True)
    layout = {
        "names": [name for name, _ in fields],
        "formats": [field for _, field in fields],
        "offsets": [packed.fields[name][1] for name, _ in fields] if packed.fields else [],
        "itemsize": packed.itemsize if getattr(kind, "is_packed", False) else _power_of_two(packed.itemsize),
    }
    return np.dtype(layout, align=True)  # type: ignore[call-overload]  # a layout has to be literal for it


def _power_of_two(size: int) -> int:
    """Return the least power of two that is no less."""
    return 1 << (size - 1).bit_length()


def _field(hint: Any) -> np.dtype[Any] | None:
    """Return the dtype of a field; None if a record has no such field."""
    if hint is int or get_origin(hint) is Table:
        return np.dtype(np.int64)
    if not isinstance(hint, type) or hint is str or get_origin(hint) is not None:
        return None
    kind: Any = hint
    return np.dtype(kind) if issubclass(kind, np.generic) else dtype_of(kind)


def rows(field: str, kind: type[Kind]) -> Callable[[Any, int], Kind]:
    """Make the function that finds, in a kernel, the n-th record of a table.

    Its arguments are the record, or the named tuple, that has the table as ``field``, and n. Records are
    found, not copied: what is written to one is written to the table.
    """
    any_kind: Any = kind
    record = from_struct_dtype(dtype_of(any_kind))

    def row(typingctx: Any, holder: Any, number: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            first = _first(context, builder, signature, args, field, record)
            return builder.gep(first, [args[1]], inbounds=True)

        return record(holder, types.intp), codegen

    found: Callable[[Any, int], Kind] = _intrinsic(row)
    return found


def numbers(field: str, kind: type[np.integer[Any]]) -> Callable[[Any, int], int]:
    """Make the function that reads, in a kernel, the n-th number of a table; arguments as of :func:`rows`."""
    number_type = from_dtype(np.dtype(kind))

    def value(typingctx: Any, holder: Any, number: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            pointer = types.CPointer(number_type)  # type: ignore[no-untyped-call]  # Numba's
            first = _first(context, builder, signature, args, field, pointer)
            read = builder.load(builder.gep(first, [args[1]], inbounds=True))
            return context.cast(builder, read, number_type, types.int64)

        return types.int64(holder, types.intp), codegen

    read: Callable[[Any, int], int] = _intrinsic(value)
    return read


def _first(context: Any, builder: Any, signature: Any, args: Any, field: str, kind: Any) -> Any:
    """Return the pointer to the first record or number of a table."""
    holder = signature.args[0]
    address = context.get_getattr(holder, field)(context, builder, holder, args[0], field)
    return builder.inttoptr(address, context.get_value_type(kind))
