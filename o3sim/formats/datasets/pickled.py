"""Pickles of plain values and arrays, read as data: nothing in them is called, imported or constructed.

A pickle is a program for a stack machine. Python's own runs what it names, and NumPy's constructors,
harmless by name, corrupt memory when a damaged file hands them state. The machine here knows the few
steps that lists, dictionaries, numbers, text and arrays take, and writes down what would be called.
Text that Python 2 wrote in protocol 0 is not read; published batches are of protocol 2.
"""

from __future__ import annotations

import pickletools
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

MOST_STEPS = 2_000_000
"""Steps of a pickle; a batch of 10,000 images takes some 30,000."""

RECONSTRUCT = ("numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct")
DTYPE = "numpy.dtype"
_ENCODE = "_codecs.encode"
_LET_IN = (*RECONSTRUCT, DTYPE, "numpy.ndarray", _ENCODE)


class PickleError(ValueError):
    """A pickle of something else, or a damaged one."""


class _Name(str):
    """A function or class that a pickle names."""

    __slots__ = ()


@dataclass
class Call:
    """What a pickle would call, and the state that it would set on what comes back."""

    name: str
    arguments: tuple[Any, ...]
    state: Any = None


def unpickled(raw: bytes) -> Any:
    """Read a pickle; arrays and their dtypes come back as :class:`Call`.

    Raises
    ------
    Exception
        Of nearly any kind, if the pickle is damaged, or names anything but what arrays are made of.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd escapes in text
        return _run(raw)


def _run(raw: bytes) -> Any:
    machine = _Machine()
    for step, (opcode, argument, _) in enumerate(pickletools.genops(raw)):
        if step >= MOST_STEPS:
            raise PickleError(f"it has more than {MOST_STEPS:,} steps")
        if opcode.name == "STOP":
            break
        machine.step(opcode.name, argument)
    return machine.values.pop()


class _Machine:
    """A stack of values, those below the open marks, and what was put aside by number."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._below: list[list[Any]] = []
        self._aside: dict[int, Any] = {}

    def step(self, name: str, argument: Any) -> None:
        if name in _AS_IT_IS:
            self.push(argument)
        elif name in _PYTHON_2_TEXT:
            self.push(argument.encode("latin1"))
        elif name in _STEPS:
            _STEPS[name](self, argument)
        else:
            raise PickleError(f"it takes the step {name}")

    def push(self, value: Any) -> None:
        self.values.append(value)

    def mark(self) -> None:
        self._below.append(self.values)
        self.values = []

    def to_mark(self) -> list[Any]:
        """Take off everything above the last mark."""
        found, self.values = self.values, self._below.pop()
        return found

    def last(self, count: int) -> list[Any]:
        """Take off the last few values."""
        return [self.values.pop() for _ in range(count)][::-1]

    def extend(self, items: list[Any]) -> None:
        target = self.values[-1]
        if type(target) is not list:
            raise PickleError("it appends to what is no list")
        target.extend(items)

    def set_items(self, items: list[Any]) -> None:
        target, keys = self.values[-1], items[::2]
        if type(target) is not dict or not all(isinstance(key, (str, bytes)) for key in keys):
            raise PickleError("it has keys that are no text")  # a tuple of tuples may take for ever to hash
        target.update(zip(keys, items[1::2], strict=True))

    def new_dict(self, items: list[Any]) -> None:
        self.push({})
        self.set_items(items)

    def put_aside(self, number: int | None) -> None:
        self._aside[len(self._aside) if number is None else number] = self.values[-1]

    def fetch(self, number: int) -> None:
        self.push(self._aside[number])

    def name(self, module: str, name: str) -> None:
        dotted = f"{module}.{name}"
        if dotted not in _LET_IN:
            raise PickleError(f"it would load {dotted}")
        self.push(_Name(dotted))

    def call(self, name: object, arguments: object) -> None:
        if not isinstance(name, _Name) or not isinstance(arguments, tuple):
            raise PickleError("it calls what is no function")
        self.push(_encoded(*arguments) if name == _ENCODE else Call(name, arguments))

    def set_state(self, state: object) -> None:
        if not isinstance(self.values[-1], Call):
            raise PickleError("it changes what is no array")
        self.values[-1].state = state


def _encoded(text: object, encoding: object) -> bytes:
    """Return bytes as Python 3 writes them in protocols before 3."""
    if not isinstance(text, str) or encoding != "latin1":
        raise PickleError("it has bytes in another encoding than latin1")
    return text.encode("latin1")


_AS_IT_IS = frozenset((
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT",
    "UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "SHORT_BINBYTES", "BINBYTES", "BINBYTES8",
))  # fmt: skip
"""Steps that push their argument."""

_PYTHON_2_TEXT = frozenset(("STRING", "BINSTRING", "SHORT_BINSTRING"))

_STEPS: dict[str, Callable[[_Machine, Any], None]] = {
    "PROTO": lambda *_: None,
    "FRAME": lambda *_: None,
    "NONE": lambda machine, _: machine.push(None),
    "NEWTRUE": lambda machine, _: machine.push(True),
    "NEWFALSE": lambda machine, _: machine.push(False),
    "MARK": lambda machine, _: machine.mark(),
    "EMPTY_TUPLE": lambda machine, _: machine.push(()),
    "TUPLE1": lambda machine, _: machine.push(tuple(machine.last(1))),
    "TUPLE2": lambda machine, _: machine.push(tuple(machine.last(2))),
    "TUPLE3": lambda machine, _: machine.push(tuple(machine.last(3))),
    "TUPLE": lambda machine, _: machine.push(tuple(machine.to_mark())),
    "EMPTY_LIST": lambda machine, _: machine.push([]),
    "LIST": lambda machine, _: machine.push(machine.to_mark()),
    "APPEND": lambda machine, _: machine.extend(machine.last(1)),
    "APPENDS": lambda machine, _: machine.extend(machine.to_mark()),
    "EMPTY_DICT": lambda machine, _: machine.push({}),
    "DICT": lambda machine, _: machine.new_dict(machine.to_mark()),
    "SETITEM": lambda machine, _: machine.set_items(machine.last(2)),
    "SETITEMS": lambda machine, _: machine.set_items(machine.to_mark()),
    "PUT": _Machine.put_aside,
    "BINPUT": _Machine.put_aside,
    "LONG_BINPUT": _Machine.put_aside,
    "MEMOIZE": _Machine.put_aside,
    "GET": _Machine.fetch,
    "BINGET": _Machine.fetch,
    "LONG_BINGET": _Machine.fetch,
    "GLOBAL": lambda machine, dotted: machine.name(*dotted.split(" ", 1)),
    "STACK_GLOBAL": lambda machine, _: machine.name(*map(str, machine.last(2))),
    "REDUCE": lambda machine, _: machine.call(*machine.last(2)),
    "BUILD": lambda machine, _: machine.set_state(*machine.last(1)),
}
