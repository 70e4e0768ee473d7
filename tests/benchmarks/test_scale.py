"""The projection multiplies what was measured; its figures are no tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.benchmarks import scale
from scripts.benchmarks.scale import measure, print_measured, print_projection, projection
from tests.network.samples import write_tiny


def test_a_projection_is_arithmetic() -> None:
    found = {
        "run_s": 3.6,
        "expand_s": 0.001,
        "journal_s": 0.002,
        "table_s": 0.003,
        "batch_s": 0.016,
        "expand_memory_bytes": 6_000,
        "table_memory_bytes": 10_000,
    }
    total = projection(found)
    assert total["core_hours"] == pytest.approx(1000)
    assert total["hours"][2] == pytest.approx(500)
    assert total["parent_hours"] == pytest.approx(1e6 * 0.007 / 3600)
    assert total["most_cores"] == pytest.approx(1200)
    assert total["memory_gb"] == pytest.approx(16)
    assert total["points_in_16_gb"] == pytest.approx(1e6)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_every_part_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed", reason="needs the extra `cluster`")
    for name, value in (("EXPANDED", 20), ("TABLED", 5), ("BATCHES", 5)):
        monkeypatch.setattr(scale, name, value)
    found = measure(str(write_tiny(tmp_path)), "small", 1)
    assert all(figure > 0 for figure in found.values())
    print_measured(found)
    print_projection(found, projection(found))
    assert "core-hours to run them" in capsys.readouterr().out
