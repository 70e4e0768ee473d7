"""`o3sim reproduce` from end to end, on few images."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from o3sim.checks.reproduce import frozen
from o3sim.checks.reproduce.checks import CHECKS, KEYS_OF
from o3sim.checks.reproduce.claims import load_claims
from o3sim.checks.reproduce.evidence import Evidence
from o3sim.checks.reproduce.finding import Verdict
from o3sim.checks.reproduce.frozen import FOLDER, digests
from o3sim.checks.reproduce.table import check_wanted, find_out, to_json
from o3sim.errors import InputError
from o3sim.files import save_npz, sha256_of_file


@pytest.mark.slow
def test_every_claim_has_a_row_and_the_rows_are_the_same_again() -> None:
    findings = find_out(Evidence(1))
    assert {finding.key for finding in findings} == set(load_claims())
    by_key = {finding.key: finding for finding in findings}
    assert by_key["no-loss"].measured == 0
    assert by_key["no-loss"].verdict is Verdict.REPRODUCED
    assert by_key["pruned-vgg16"].verdict is Verdict.NOT_TESTABLE
    assert to_json(findings) == to_json(find_out(Evidence(1, jobs=2)))
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


def test_rows_of_one_claim_alone_and_the_digests_of_their_machines() -> None:
    rows = find_out(Evidence(1), ["pruned-vgg16", "no-loss"])
    assert [row.key for row in rows] == ["pruned-vgg16", "no-loss"]
    document = json.loads(to_json(rows))
    (machines,) = (row["machines"] for row in document["findings"] if row["claim"] == "no-loss")
    assert machines == {"o3bnn": sha256_of_file(FOLDER / "o3bnn.yaml")}


def test_a_claim_that_there_is_not_is_refused() -> None:
    with pytest.raises(InputError, match=r"--claim speed: there is no such claim; there are pruned-cifar"):
        check_wanted(["speed"])


def test_every_claim_belongs_to_the_check_that_makes_its_rows() -> None:
    assert set(KEYS_OF) == set(CHECKS)
    keys = [key for check in CHECKS for key in KEYS_OF[check]]
    assert sorted(keys) == sorted(load_claims())


def test_machines_are_frozen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(digests())
    for name in digests():
        assert frozen.frozen(name).name == name
    copy = tmp_path / "machines"
    shutil.copytree(FOLDER, copy)
    changed = (copy / "dense.yaml").read_text().replace("width_edges: 32", "width_edges: 64")
    (copy / "dense.yaml").write_text(changed)
    monkeypatch.setattr(frozen, "FOLDER", copy)
    with pytest.raises(InputError, match=r"dense\.yaml: not as it was frozen"):
        frozen.frozen("dense")
