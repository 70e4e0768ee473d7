"""Training logs: read from their first and last line, refused when cut short."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from o3sim.checks.reproduce import evidence
from o3sim.checks.reproduce.checks.regularisation import pairs_of
from o3sim.checks.reproduce.figures import MARKERS, front_of, kind_of, weights_text
from o3sim.checks.reproduce.training_logs import TrainingLog, read_log
from o3sim.errors import InputError


def _log(
    name: str, *, order: str = "bn_pool", seed: int = 0, weight: float = 0.0, **outcome: float
) -> TrainingLog:
    accuracy, pruned = outcome.get("accuracy", 0.9), outcome.get("pruned", 30.0)
    return TrainingLog(name, "net", order, seed, weight, 0.0, accuracy, pruned, 64)


def test_a_log_is_read_from_its_first_and_last_line(tmp_path: Path) -> None:
    asked: dict[str, Any] = {
        "family": "net",
        "order": "pool_bn",
        "seed": 3,
        "pooling_weight": 0.1,
        "threshold_weight": 0,
    }
    asked["training"] = {"regularisers": {"pooling_form": "margin"}}
    lines = [asked, {"epoch": 1}, {"accuracy": 0.5, "pruned_percent": 40, "images_profiled": 9}]
    path = tmp_path / "one.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    log = read_log(path)
    assert log == TrainingLog("one", "net", "pool_bn", 3, 0.1, 0.0, 0.5, 40.0, 9, "margin")
    assert log.regularised


@pytest.mark.parametrize("text", ["", "{", '{"family": "net"}\n', "[]\n", "3\n"])
def test_a_damaged_log_is_one_clear_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(text)
    with pytest.raises(InputError, match=r"bad\.jsonl: not the log of a finished training"):
        read_log(path)


def test_pairs_share_family_order_and_seed_and_are_shipped() -> None:
    plain = [_log(f"p{seed}", seed=seed) for seed in range(3)]
    regularised = [_log(f"r{seed}", seed=seed, weight=0.1) for seed in range(3)]
    other_order = _log("o0", order="pool_bn", weight=0.1)
    logs = [*plain, *regularised, other_order]
    found = pairs_of(logs, {log.name for log in logs} - {"r2"})
    assert found == [[(plain[0], regularised[0]), (plain[1], regularised[1])]]


def test_pairs_of_other_weights_are_a_group_of_their_own() -> None:
    plain = [_log(f"p{seed}", seed=seed) for seed in range(2)]
    weak = [_log(f"w{seed}", seed=seed, weight=0.1) for seed in range(2)]
    strong = [_log("s1", seed=1, weight=0.5)]
    logs = [*strong, *weak, *plain]
    found = pairs_of(logs, {log.name for log in logs})
    assert found == [list(zip(plain, weak, strict=True)), [(plain[1], strong[0])]]


def test_the_front_holds_what_nothing_beats_in_both() -> None:
    low = _log("low", accuracy=0.9, pruned=20.0)
    high = _log("high", accuracy=0.8, pruned=50.0)
    beaten = _log("beaten", accuracy=0.79, pruned=40.0)
    assert front_of([beaten, high, low]) == [low, high]


@pytest.mark.parametrize(
    ("pooling", "threshold", "form", "kind", "text"),
    [
        (0.0, 0.0, "margin", "plain", ""),
        (0.5, 0.0, "spread", "pooling", "0.5"),
        (0.0, 0.1, "margin", "threshold", "0.1"),
        (0.5, 0.1, "spread", "both", "0.5 + 0.1"),
        (0.03, 0.0, "margin", "margin", "0.03"),
    ],
)
def test_points_are_marked_by_their_regularisers(
    pooling: float, threshold: float, form: str, kind: str, text: str
) -> None:
    log = TrainingLog("a", "net", "bn_pool", 0, pooling, threshold, 0.9, 30.0, 64, form)
    assert kind_of(log) == kind
    assert kind in MARKERS
    assert weights_text(log) == text


def test_one_seed_of_each_family_and_order_stands_for_plain_training(monkeypatch: pytest.MonkeyPatch) -> None:
    logs = [
        _log("second", seed=2),
        _log("first", seed=1),
        _log("regularised", seed=1, weight=0.1),
        _log("other", seed=3, order="pool_bn"),
        _log("not-shipped", seed=0),
    ]
    monkeypatch.setattr(evidence, "load_logs", lambda: {log.name: log for log in logs})
    monkeypatch.setattr(evidence, "shipped_networks", lambda: ["first", "other", "regularised", "second"])
    assert sorted(log.name for log in evidence.plain_logs()) == ["first", "other"]
    found = evidence.Evidence(1)
    found.__dict__["trained"] = {
        name: name for name in ("first", "other", "regularised", "second", "unlogged")
    }
    assert found.plain == ["first", "other", "unlogged"]
    assert found.one_seed_each == ["first", "other", "regularised", "unlogged"]
