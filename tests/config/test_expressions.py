"""Expressions of sweep files: the arithmetic of Python, and nothing else of it."""

from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from o3sim.config.expressions import FUNCTIONS, ExpressionError, parse

VALUES = {"pe.count": 64, "pe.width_edges": 32, "scheduler.policy": "in_order", "clock_mhz": 200.0}

numbers = st.recursive(
    st.sampled_from(["pe.count", "pe.width_edges", "clock_mhz", "2", "3", "0.5", "7"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "//", "%"]), inner).map(
            lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"
        ),
        st.tuples(st.sampled_from(["min", "max"]), inner, inner).map(lambda p: f"{p[0]}({p[1]}, {p[2]})"),
        inner.map(lambda text: f"-{text}"),
        st.tuples(inner, st.sampled_from(["<", "<=", "==", "!="]), inner, inner).map(
            lambda p: f"({p[0]} if {p[2]} {p[1]} {p[3]} else {p[3]})"
        ),
    ),
    max_leaves=8,
)


@given(numbers)
def test_arithmetic_is_that_of_python(text: str) -> None:
    plain = text.replace("pe.count", "64").replace("pe.width_edges", "32").replace("clock_mhz", "200.0")
    try:
        wanted = eval(plain, {"min": min, "max": max})
    except ZeroDivisionError:
        with pytest.raises(ExpressionError, match="zero"):
            parse(text).value(VALUES)
        return
    assert parse(text).value(VALUES) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')",
        "pe.count.__class__",
        "[1, 2]",
        "lambda: 1",
        "(x for x in y)",
        "pe['count']",
        "2 ** 9999999",
        "f'{pe}'",
        "a := 1",
        "min(pe.count, default=1)",
        "1 +",
        "",
        "pe.count in (1, 2)",
        "min(*a)",
        "9" * 2000,
    ],
)
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text).value(VALUES)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pe.coun * 2", "did you mean `pe.count`"),
        ("scheduler.policy * 2", "the word `in_order` is not a number"),
        ("flor(2.5)", "no function `flor` .did you mean `floor`"),
        ("log2(0)", "log2"),
        ("1 / 0", "division by zero"),
    ],
)
def test_what_is_wrong_is_said(text: str, message: str) -> None:
    with pytest.raises(ExpressionError, match=message):
        parse(text).value(VALUES)


def test_words_compare_and_switches_connect() -> None:
    assert parse("scheduler.policy == 'in_order' and not pe.count > 64").value(VALUES) is True
    assert parse("1 < pe.count <= 64 or 1 / 0").value(VALUES) is True


def test_whole_floats_come_back_as_integers() -> None:
    assert isinstance(parse("2048 / pe.count").value(VALUES), int)
    assert parse("sqrt(2)").value({}) == math.sqrt(2)
    assert set(FUNCTIONS) >= {"min", "max", "log2"}


@pytest.mark.parametrize(
    "text",
    ["round(pe.count, -1000000000)", "round(pe.count, 10 * 1000000000)", "round(1 / 3, pe.count * 9)"],
)
def test_rounding_to_a_billion_digits_is_refused_at_once(text: str) -> None:
    with pytest.raises(ExpressionError, match="20 at most"):
        parse(text).value(VALUES)


@pytest.mark.parametrize("text", ["-" * 990 + "1", "not " * 240 + "1", "(" * 400 + "1" + ")" * 400])
def test_deep_nesting_is_refused_or_read(text: str) -> None:
    try:
        expression = parse(text)
    except ExpressionError:
        return
    with contextlib.suppress(ExpressionError):
        expression.value(VALUES)
