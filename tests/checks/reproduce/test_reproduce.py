"""`o3sim reproduce` from end to end, on few images."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from o3sim.checks.reproduce.claims import load_claims
from o3sim.checks.reproduce.evidence import Evidence
from o3sim.checks.reproduce.finding import Verdict
from o3sim.checks.reproduce.table import find_out, to_json
from o3sim.errors import InputError
from o3sim.files import save_npz


@pytest.mark.slow
def test_every_claim_has_a_row_and_the_rows_are_the_same_again() -> None:
    findings = find_out(Evidence(2))
    assert {finding.key for finding in findings} == set(load_claims())
    by_key = {finding.key: finding for finding in findings}
    assert by_key["no-loss"].measured == 0
    assert by_key["no-loss"].verdict is Verdict.REPRODUCED
    assert by_key["pruned-vgg16"].verdict is Verdict.NOT_TESTABLE
    assert to_json(findings) == to_json(find_out(Evidence(2, jobs=2)))
    document = json.loads(to_json(findings))
    assert [row["claim"] for row in document["findings"]] == [finding.key for finding in findings]


def test_speed_up_is_bounded_by_the_edges_left() -> None:
    evidence = Evidence(2)
    trained = evidence.trained["fashion-vgg"]
    pruned, dense = evidence.runs(trained, ("o3bnn", "dense"))
    assert 1 < dense.latency_us / pruned.latency_us <= pruned.edges.total / pruned.edges.executed


def test_a_network_runs_once_on_each_machine() -> None:
    evidence = Evidence(1)
    trained = evidence.trained["fashion-vgg"]
    assert evidence.run(trained, "o3bnn") is evidence.run(trained, "o3bnn")


def test_an_image_file_that_fits_no_network_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "odd.npz"
    save_npz(path, {"x": np.zeros((1, 5, 5, 1), np.uint8)})
    with pytest.raises(InputError, match=r"odd\.npz"):
        Evidence(1, [path]).check_image_files()
