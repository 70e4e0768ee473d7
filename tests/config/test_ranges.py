"""Ranges of ops and cycles as people write them."""

from __future__ import annotations

import pytest

from o3sim.config.ranges import NO_END, Range, parse_range
from o3sim.errors import InputError


def test_ranges_are_read() -> None:
    assert parse_range("--ops", "3:5") == (3, 5)
    assert parse_range("--ops", ":5") == (0, 5)
    assert parse_range("--ops", "3:") == (3, NO_END)
    assert parse_range("--ops", "") == Range()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        *(
            (text, "expected A:B, A: or :B")
            for text in (":", "5", "-1:3", "a:b", "1:2:3", "1.5:2", "\u0663:9")
        ),
        *((text, "nothing from") for text in ("5:5", "7:3", "0:0", ":0")),
        *((text, "") for text in ("9" * 30 + ":", ":" + "9" * 30, "0:" + "9" * 9999)),
    ],
)
def test_what_is_no_range_is_refused(wrong: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_range("--ops", wrong)
    assert str(caught.value).startswith(f"--ops {wrong}: {says}")
