"""Values that nobody means: what stands for numbers, text and whole trees in damaged files."""

from __future__ import annotations

from random import Random
from typing import Any

NUMBERS: tuple[int | float, ...] = (
    0,
    -1,
    1,
    2,
    3,
    7,
    63,
    64,
    65,
    255,
    256,
    1000,
    4096,
    65_535,
    65_536,
    10**6,
    2**31 - 1,
    2**31,
    2**32,
    2**53,
    2**63 - 1,
    2**63,
    2**64,
    -(2**31),
    -(2**63) - 1,
    10**25,
    10**400,
    0.0,
    -0.0,
    0.5,
    1.5,
    1e-9,
    1e-320,
    1e9,
    1e18,
    1e308,
    -1e308,
    1.0000000000000002,
    float("inf"),
    float("-inf"),
    float("nan"),
)

WORDS = (
    "bfloat16",
    "binary",
    "bn_pool",
    "channel",
    "conv",
    "cpu",
    "dense",
    "exclude",
    "fixed",
    "float32",
    "ideal",
    "in_order",
    "layer_pipelined",
    "layer_sequential",
    "lockstep",
    "margin",
    "maximise",
    "member_major",
    "minimise",
    "none",
    "nsga2",
    "out_of_order",
    "pool_bn",
    "position",
    "random",
    "spread",
    "standard",
    "tpe",
    "unlimited",
    "window_major",
)
"""What keys of configurations choose from: right where they belong, and well spelt where they do not."""

STRINGS: tuple[str, ...] = (
    "",
    " ",
    "~",
    "null",
    "yes",
    "0",
    "-1",
    "1e5",
    "0x10",
    "1:30",
    "nan",
    ".",
    "..",
    "../base.yaml",
    "-",
    "--",
    "a,b",
    ":",
    "0:",
    ":0",
    "5:1",
    "0:99999999999999999999",
    "=",
    "a=b",
    "=SUM(1)",
    "@x",
    "$x$",
    "\\frac{",
    "%s %d",
    "{0}",
    "small",
    "o3bnn",
    "tiny.yaml",
    "images.npz",
    "arch.yaml",
    "layer.trace",
    "result.json",
    "swept",
    "golden",
    "cycles",
    "pe.count",
    "pe.count=",
    "pe.count=4",
    "pe=1",
    "pe.count=[1, 2]",
    "pe..count=1",
    "stages.0.pe.count=2",
    "conv1",
    "/nonexistent/x",
    "/dev/null",
    "/dev/zero",
    "/dev/urandom",
    "./arch.yaml",
    "arch.yaml/x",
    "newest_first.py:NewestFirst",
    "newest_first.py:No",
    "none.py:X",
    "x" * 300,
    "x/" * 200,
    "é",
    "Ω" * 50,
    "\u202eabc",
    "a\tb",
    "a\nb",
    "\x1b[31mred",
    "\x00",
    "a\x00b",
    "\x7f",
    "\ud800",
    "\udcff",
    "\ufeff",
    "__class__",
    "__import__('os').getcwd()",
    "10**10**10",
    "1/0",
    "pe.count // 0",
    "9" * 5000,
    "(" * 300,
    "2 ** 99999",
    "lambda: 0",
    "cycles *",
    "a" * 70_000,
)


def scalar(random: Random) -> Any:
    """Pick a number, a string, a truth value or nothing."""
    return random.choice((_number, _number, _string, _constant))(random)


def value(random: Random) -> Any:
    """Pick a scalar, or a list or mapping of some."""
    return random.choice((scalar, scalar, scalar, _list, _mapping, _deep))(random)


def string(random: Random) -> str:
    """Pick a string."""
    return _string(random)


def _number(random: Random) -> int | float:
    return random.choice(NUMBERS) if random.random() < 0.7 else random.randint(-300, 300)


def _string(random: Random) -> str:
    return random.choice(STRINGS)


def _constant(random: Random) -> Any:
    return random.choice((None, True, False))


def _list(random: Random) -> list[Any]:
    return [scalar(random) for _ in range(random.choice((0, 1, 2, 5, 500)))]


def _mapping(random: Random) -> dict[Any, Any]:
    return {random.choice(STRINGS[:60]): scalar(random) for _ in range(random.choice((0, 1, 3)))}


def _deep(random: Random) -> Any:
    """Nest a list or a mapping, from a few levels to more than any parser takes."""
    inner: Any = 1
    for _ in range(random.choice((3, 30, 60, 150))):
        inner = [inner] if random.random() < 0.5 else {"a": inner}
    return inner
