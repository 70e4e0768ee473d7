"""docs/machine.md names the test of every settled reading, and every test it names exists."""

from __future__ import annotations

import re
from pathlib import Path

from o3sim.contract.counters import PE_CYCLE_CAUSES

ROOT = Path(__file__).parents[2]
CONTRACT = (ROOT / "docs" / "machine.md").read_text(encoding="utf-8")


def test_every_test_that_is_named_exists() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
    there = {name for source in sources for name in re.findall(r"^def (test_\w+)", source, re.MULTILINE)}
    named = set(re.findall(r"`(test_\w+)`", CONTRACT))
    assert named - there == set()


def test_every_settled_reading_is_numbered_and_names_a_test() -> None:
    start = CONTRACT.index("## 5. Settled readings")
    readings = re.findall(r"^(\d+)\. (.*?)(?=^\d+\. |^#|^\S|\Z)", CONTRACT[start:], re.MULTILINE | re.DOTALL)
    assert [int(number) for number, _ in readings] == list(range(1, len(readings) + 1))
    assert len(readings) > 40
    assert [number for number, text in readings if "`test_" not in text] == []


def test_every_cause_is_defined() -> None:
    assert set(re.findall(r"^\| `(\w+)` \| a? ?", CONTRACT, re.MULTILINE)) == set(PE_CYCLE_CAUSES)
