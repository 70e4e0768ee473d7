"""docs/api.md: its blocks run, one after another, and give what the page says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import o3sim

PAGE = Path(__file__).parents[1] / "docs" / "api.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def test_the_page_leads_with_a_sweep_of_a_mapping() -> None:
    assert re.search(r"o3sim\.(\w+)\(", BLOCKS[0]).group(1) == "sweep"  # type: ignore[union-attr]  # it is there
    for name in ("architecture", "control", "simulate"):
        assert any(f"o3sim.{name}(" in block for block in BLOCKS)


def test_every_block_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pandas", reason="needs the extra `frames`")
    monkeypatch.chdir(tmp_path)
    here: dict[str, Any] = {}
    for block in BLOCKS:
        exec(compile(block, str(PAGE), "exec"), here)
    assert not list(tmp_path.iterdir())

    assert here["cycles"].shape == (3, 2)
    assert here["outcome"].failed == 0
    machine, shallow = here["machine"], here["shallow"]
    assert (machine.pe.count, shallow.pe.count, shallow.issue_queue.depth_ops) == (32, 32, 16)
    result, beside = here["result"], here["beside"]
    assert (beside.architecture, beside.peak_edges_per_cycle) == (
        "shallow-dense",
        result.peak_edges_per_cycle,
    )
    assert isinstance(result, o3sim.RunResult)
    assert (result.architecture, result.images, len(result.per_image)) == ("shallow", 4, 4)
    assert sum(here["shares"].values()) == pytest.approx(1)
    assert len(here["on_noise"].per_image) == 2

    said = capsys.readouterr().out
    comment = re.search(r"print\(error\)  # -> (.*)", PAGE.read_text()).group(1)  # type: ignore[union-attr]  # it is there
    assert comment in said
    assert f"{result.spread.p50} {result.spread.p99} {result.spread.worst}" in said
