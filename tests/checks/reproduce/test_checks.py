"""Verdicts on made-up evidence: what is judged, what is only reported, and what is missing."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from o3sim.checks.reproduce.checks import energy, issue_order, no_loss, operations, regularisation, speed_up
from o3sim.checks.reproduce.claims import load_claims
from o3sim.checks.reproduce.evidence import Trained
from o3sim.checks.reproduce.finding import Finding, Verdict
from o3sim.checks.reproduce.training_logs import TrainingLog
from o3sim.network.layer import Geometry, Pool

CLAIMS = load_claims()
REPRODUCED, NOT_REPRODUCED, NOT_TESTABLE = Verdict.REPRODUCED, Verdict.NOT_REPRODUCED, Verdict.NOT_TESTABLE


def network(name: str, cifar: bool = False) -> Trained:
    """A trained network of one pooled layer and scores, with five images."""
    shape = (32, 32, 3) if cifar else (28, 28, 1)
    conv = SimpleNamespace(name="conv", scores=False, geometry=Geometry("conv", 4, 4, 3, 4, pool=Pool(2, 2)))
    last = SimpleNamespace(name="scores", scores=True, geometry=Geometry("dense", 1, 1, 16, 3))
    return Trained(name, SimpleNamespace(input_shape=shape, layers=[conv, last]), range(5))  # type: ignore[arg-type]


def result(latency_us: float = 1.0, pruned: float = 0.0, exact: bool = True) -> Any:
    """A run that left out some percent of the edges of `conv`, and none of `scores`."""
    layers = [
        SimpleNamespace(
            name=name, outputs_exact=exact, edges=SimpleNamespace(total=1000, executed=1000 - 10 * percent)
        )
        for name, percent in (("conv", pruned), ("scores", 0.0))
    ]
    edges = SimpleNamespace(total=2000, executed=2000 - 10 * pruned)
    return SimpleNamespace(
        latency_us=latency_us,
        layers=layers,
        edges=edges,
        images=5,
        on_chip_pj=latency_us,
        energy_pj=SimpleNamespace(total=2 * latency_us),
        configuration={"energy": {"table": "asic-45nm"}},
    )


@dataclass
class FakeEvidence:
    """Results by network and machine, made up."""

    networks: list[Trained]
    results: dict[tuple[str, str], Any] = field(default_factory=dict)
    without_images: tuple[str, ...] = ()
    ones: float = 0.5
    progress: None = None
    jobs: int = 1

    @property
    def trained(self) -> dict[str, Trained]:
        return {trained.name: trained for trained in self.networks}

    @property
    def plain(self) -> list[Trained]:
        return self.networks

    def p1(self, trained: Trained) -> float:
        return self.ones

    def run(self, trained: Trained, name: str) -> Any:
        return self.results[trained.name, name]

    def runs(self, trained: Trained, machines: tuple[str, ...]) -> list[Any]:
        return [self.run(trained, name) for name in machines]


def log(name: str, **changes: Any) -> TrainingLog:
    values: dict[str, Any] = {
        "family": "net", "order": "bn_pool", "seed": 1, "pooling_weight": 0.0, "threshold_weight": 0.0,
        "accuracy": 0.9, "pruned_percent": 30.0, "images_profiled": 64,
    }  # fmt: skip
    return TrainingLog(name, **{**values, **changes})


def found(check: Any, evidence: FakeEvidence) -> list[Finding]:
    return list(check(evidence, CLAIMS))


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give the checks these logs, and all or some of their names as shipped."""

    def give(
        logs: list[TrainingLog], shipped: set[str] | None = None, plain: list[str] | None = None
    ) -> None:
        by_name = {one.name: one for one in logs}
        for module in (operations, regularisation):
            monkeypatch.setattr(module, "load_logs", lambda: by_name)
        names = list(by_name) if shipped is None else shipped
        monkeypatch.setattr(regularisation, "shipped_networks", lambda: names)
        first = logs if plain is None else [by_name[name] for name in plain]
        monkeypatch.setattr(operations, "plain_logs", lambda: first)

    return give


@pytest.mark.parametrize(("percent", "verdict"), [(41.0, REPRODUCED), (20.0, NOT_REPRODUCED)])
def test_operations_of_a_network_that_runs(logged: Any, percent: float, verdict: Verdict) -> None:
    logged([log("c")])
    evidence = FakeEvidence([network("c", cifar=True)], {("c", "o3bnn"): result(pruned=percent)})
    cifar, *_ = found(operations.check_operations, evidence)
    assert (cifar.key, cifar.measured, cifar.verdict) == ("pruned-cifar", pytest.approx(percent), verdict)
    assert cifar.subject == "c, 5 images, o3bnn, bn_pool"
    assert cifar.why == "share of ones before pools 0.50; accuracy 90.0 % (published network: 88.7 %)"


def test_operations_of_a_network_without_images_are_read_from_its_log(
    logged: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = SimpleNamespace(height=32, width=32, channels=3)
    files = SimpleNamespace(workload=SimpleNamespace(input=image))
    monkeypatch.setattr(operations, "load_workload", lambda _: files)
    logged([log("c", pruned_percent=43.5)])
    cifar, *_ = found(operations.check_operations, FakeEvidence([], without_images=("c",)))
    assert (cifar.measured, cifar.verdict) == (43.5, REPRODUCED)
    assert "c, 64 images, the log of its training" in cifar.subject
    assert "--image-file" in cifar.why
    assert "leave out; accuracy 90.0 % (published network: 88.7 %); its images" in cifar.why


def test_operations_without_a_cifar_network(logged: Any) -> None:
    logged([])
    cifar, vgg16, alexnet = found(operations.check_operations, FakeEvidence([]))
    assert [row.verdict for row in (cifar, vgg16, alexnet)] == [NOT_TESTABLE] * 3
    assert cifar.measured is None
    assert "no network trained on CIFAR-10" in cifar.why


def test_the_average_is_one_of_each_order(logged: Any) -> None:
    logged([log("a"), log("b"), log("p", order="pool_bn")])
    results = {(name, "o3bnn"): result(pruned=rate) for name, rate in (("a", 28), ("b", 34), ("p", 12))}
    rows = found(operations.check_operations, FakeEvidence([network(name) for name in "abp"], results))
    averages = [row for row in rows if row.key == "pruned-average"]
    assert [row.measured for row in averages] == [pytest.approx(31), pytest.approx(12)]
    assert [row.verdict for row in averages] == [REPRODUCED, NOT_REPRODUCED]
    assert [row.subject for row in averages] == [
        "bn_pool, mean of 2 trained networks",
        "pool_bn, mean of 1 trained network",
    ]
    assert "a 28.0, b 34.0" in averages[0].why


@pytest.mark.parametrize(("exact", "verdict", "changed"), [(True, REPRODUCED, 0), (False, NOT_REPRODUCED, 2)])
def test_no_loss_counts_layers_that_changed(exact: bool, verdict: Verdict, changed: int) -> None:
    results = {("a", "o3bnn"): result(exact=True), ("b", "o3bnn"): result(exact=exact)}
    (row,) = found(no_loss.check_no_loss, FakeEvidence([network("a"), network("b")], results))
    assert (row.measured, row.verdict) == (changed, verdict)
    assert "10 images" in row.subject


def test_no_loss_of_no_network() -> None:
    (row,) = found(no_loss.check_no_loss, FakeEvidence([]))
    assert (row.measured, row.verdict) == (None, NOT_TESTABLE)


@pytest.mark.parametrize(("dense", "verdict"), [(4.5, REPRODUCED), (2.0, REPRODUCED), (1.5, NOT_REPRODUCED)])
def test_speed_up_is_dense_over_pruned_on_the_same_supply(dense: float, verdict: Verdict) -> None:
    results = {("a", name): result(pruned=30) for name in ("o3bnn", "o3bnn-streamed", "o3bnn-ideal")}
    for name, latency in (("dense", dense), ("dense-streamed", 1.25), ("dense-ideal", 3.0)):
        results["a", name] = result(latency)
    results["a", "in-order-interleaved"] = result(2.0)
    rows = found(speed_up.check_speed_up, FakeEvidence([network("a")], results))
    assert [row.measured for row in rows] == [dense, 1.25, 3.0]
    assert rows[0].verdict == verdict
    assert [row.machines[0] for row in rows] == ["o3bnn", "o3bnn-streamed", "o3bnn-ideal"]
    for row, latency in zip(rows, (dense, 1.25, 3.0), strict=True):
        assert "allow 1.18x at most" in row.why
        assert f"dense takes {latency:.2f} of its energy on the chip" in row.why


def test_energy_is_set_beside_and_never_judged() -> None:
    results = {("a", "o3bnn"): result(1.0), ("a", "dense"): result(40.0)}
    (row,) = found(energy.check_energy, FakeEvidence([network("a")], results))
    assert (row.measured, row.verdict) == (40.0, NOT_TESTABLE)


@pytest.mark.parametrize(
    ("ones", "verdicts"),
    [(0.5, [REPRODUCED, NOT_REPRODUCED, NOT_REPRODUCED]),
     (0.46, [REPRODUCED, NOT_REPRODUCED, NOT_REPRODUCED]),
     (0.3, [NOT_TESTABLE] * 3)],
)  # fmt: skip
def test_issue_order_is_judged_near_one_half(
    monkeypatch: pytest.MonkeyPatch, ones: float, verdicts: list[Verdict]
) -> None:
    monkeypatch.setattr(issue_order, "_pruned", lambda *_: 46.0)
    rows = found(issue_order.check_issue_order, FakeEvidence([network("a")], ones=ones))
    assert [row.verdict for row in rows] == verdicts


def seeds(count: int, gain: float = 1.0, lost: float = 0.0) -> tuple[list[TrainingLog], dict[Any, Any]]:
    """Pairs of networks, and runs in which the regularised one is so much faster."""
    logs, results = [], {}
    for seed in range(1, count + 1):
        logs.append(log(f"p{seed}", seed=seed))
        logs.append(
            log(f"r{seed}", seed=seed, pooling_weight=0.5, accuracy=0.9 - lost, pruned_percent=36.0 + seed)
        )
        results[f"p{seed}", "o3bnn"] = result(100 * gain + seed)
        results[f"r{seed}", "o3bnn"] = result(100.0 + seed)
        results[f"r{seed}", "dense"] = result(90.0 + seed)
    return logs, results


def regularised(logs: list[TrainingLog], results: dict[Any, Any], at_hand: set[str]) -> list[Finding]:
    return found(
        regularisation.check_regularisation,
        FakeEvidence([network(name) for name in sorted(at_hand)], results),
    )


@pytest.mark.parametrize(
    ("gain", "lost", "verdict"),
    [(1.20, 0.0, REPRODUCED), (1.20, 0.004, REPRODUCED), (1.20, 0.006, NOT_REPRODUCED),
     (1.10, 0.0, NOT_REPRODUCED), (1.30, -0.01, REPRODUCED)],
)  # fmt: skip
def test_three_seeds_are_judged_by_speed_and_accuracy(
    logged: Any, gain: float, lost: float, verdict: Verdict
) -> None:
    logs, results = seeds(3, gain, lost)
    logged(logs)
    (row,) = regularised(logs, results, {one.name for one in logs})
    expected = [100 * ((100 * gain + seed) / (100 + seed) - 1) for seed in (1, 2, 3)]
    assert row.measured == pytest.approx(sum(expected) / 3)
    assert row.interval is not None
    assert row.verdict is verdict
    assert row.subject == "net, bn_pool, seeds 1, 2, 3, o3bnn"
    assert f"accuracy {100 * (0 - lost):+.2f} +- 0.00 points" in row.why
    assert "edges pruned +8.0 +- 2.5 points" in row.why
    assert "dense takes 0.90 of its energy on the chip" in row.why
    allowed = sum(expected) / 3 * (0.5 / (100 * lost) if lost > 0.005 else 1)
    assert f"interpolated to 0.5 points lost {allowed:+.1f}" in row.why


def test_seeds_without_images_are_named_and_not_judged(logged: Any) -> None:
    logs, results = seeds(4, 1.2)
    logged(logs)
    (row,) = regularised(logs, results, {"p1", "r1", "p2", "r2", "p3", "r4"})
    assert row.verdict is NOT_TESTABLE
    assert row.measured == pytest.approx((100 * (121 / 101 - 1) + 100 * (122 / 102 - 1)) / 2)
    assert "images of 2 of 4 seeds only" in row.why
    (row,) = regularised(logs, results, set())
    assert row.measured is None
    assert "edges pruned +8.5 +- 2.1 points" in row.why


def test_three_seeds_of_four_at_hand_are_enough(logged: Any) -> None:
    logs, results = seeds(4, 1.2)
    logged(logs)
    (row,) = regularised(logs, results, {one.name for one in logs} - {"r2"})
    assert row.verdict is REPRODUCED
    assert row.subject == "net, bn_pool, seeds 1, 3, 4, o3bnn"


def test_one_seed_is_reported_and_not_judged(logged: Any) -> None:
    logs, results = seeds(1, 1.2)
    logged(logs)
    (row,) = regularised(logs, results, {"p1", "r1"})
    assert (row.verdict, row.interval) == (NOT_TESTABLE, None)
    assert row.measured == pytest.approx(100 * (121 / 101 - 1))
    assert "1 of the 3 seeds that a verdict needs" in row.why
    assert "edges pruned +7.0 points, accuracy +0.00 points" in row.why


def test_seeds_whose_parameters_are_not_shipped_are_left_out(logged: Any) -> None:
    logs, results = seeds(3, 1.2)
    logged(logs, shipped={"p1", "r1", "p2"})
    (row,) = regularised(logs, results, {"p1", "r1", "p2"})
    assert "1 of the 3 seeds" in row.why


def test_without_pairs_one_row_says_what_is_needed(logged: Any) -> None:
    logs, results = seeds(2)
    logged([one for one in logs if not one.regularised])
    (row,) = regularised(logs, results, set())
    assert (row.measured, row.verdict) == (None, NOT_TESTABLE)
    assert "needs trainings of 3 seeds" in row.why
