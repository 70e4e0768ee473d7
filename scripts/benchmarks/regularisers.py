"""Forms of the regularisers beside one another: trainings, and the table of ``docs/studies/regularisers.md``.

``sh scripts/regularisers TRAIN TEST FOLDER`` trains every form with every seed, one after another, into
FOLDER, goes on where it was interrupted, and then runs what is there on the machines. `--topology`,
`--width-factor` and `--forms` do the same with another network, or fewer forms.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import Any

import yaml

from o3sim.checks.reproduce.checks.regularisation import ACCURACY_POINTS
from o3sim.checks.reproduce.interval import mean_and_interval
from o3sim.config.controls import control_of
from o3sim.config.load import load_architecture
from o3sim.network.images import load_images
from o3sim.network.load import load_network, load_workload
from o3sim.results.result import RunResult
from o3sim.runs.case import Case
from o3sim.runs.simulation import simulate_case
from o3sim.train.finished import is_finished, load_training
from o3sim.train.run import run_training
from o3sim.train.task import load_task

SEEDS = (1, 2, 3)

COMMON: dict[str, Any] = {
    "family": "regularisers",
    "order": "bn_pool",
    "epochs": 4,
    "measure_every": 4,
    "images_profiled": 200,
}

TERMS = {"pooling": 0.45, "threshold": 0.03, "warm_up_epochs": 1}
"""The weights of the shipped `fashion` networks, over a quarter of the epochs."""

STRONG = {"pooling": 1.5, "threshold": 0.1}
"""Three times that."""

AGAIN = {"learning_rate": 0.001}
"""Half the usual rate where a training begins from a trained network."""

PLAIN, CYCLES = "plain", "cycles"


@dataclass(frozen=True)
class Form:
    """A way to train.

    Attributes
    ----------
    says : str
    regularisers : dict
    more : dict
        Other keys of its training.
    from_plain : bool
        Whether it begins from the plain network of its seed, and so has had twice the epochs.
    taught : bool
        Whether it learns from that network's scores too.
    """

    says: str
    regularisers: dict[str, Any] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)
    from_plain: bool = False
    taught: bool = False


FORMS: dict[str, Form] = {
    PLAIN: Form("no term", more={"keep_latent": True}),
    "terms": Form("both terms from the start", TERMS),
    "fine-tuned": Form("from plain, ramp of 3 epochs", TERMS | {"warm_up_epochs": 3}, AGAIN, from_plain=True),
    "plain-longer": Form("from plain, no term: what more epochs bring", more=AGAIN, from_plain=True),
    "distilled": Form("both terms, taught by plain", TERMS, taught=True),
    "shift": Form("terms move the shifts before signs alone", TERMS | {"reach": "shift"}),
    CYCLES: Form("layers count by the cycles they take", TERMS),
    "words": Form("threshold term in words", TERMS | {"threshold_form": "words"}),
    "shuffled": Form("members in another order every step", TERMS | {"pooling_form": "shuffled"}),
    "fine-tuned-distilled": Form(
        "from plain and taught by it, ramp of 3 epochs",
        TERMS | {"warm_up_epochs": 3},
        AGAIN,
        from_plain=True,
        taught=True,
    ),
    "terms-strong": Form("both terms from the start, three times the weights", TERMS | STRONG),
    "fine-tuned-strong": Form(
        "from plain, ramp of 3 epochs, three times the weights",
        TERMS | STRONG | {"warm_up_epochs": 3},
        AGAIN,
        from_plain=True,
    ),
    "fine-tuned-shuffled": Form(
        "the same, members in another order every step",
        TERMS | STRONG | {"warm_up_epochs": 3, "pooling_form": "shuffled"},
        AGAIN,
        from_plain=True,
    ),
}

QUEUE = load_architecture("o3bnn-64pe")
MACHINES = {"o3bnn": QUEUE, "ideal": control_of(QUEUE, "ideal"), "dense": load_architecture("dense-64pe")}
"""The machine with a queue, the one that nothing holds up, and the control; all weights stay on the chip."""

ARRAY = {"pe.count": 16}
"""Of all of them: on 64 PEs layers of 3 to 5 words are bound by dispatch, whatever is pruned."""

IMAGES = 20
"""Of the test set, on the machines."""

VALIDATION = 5000
"""Training images kept aside: what forms are ranked by."""

Row = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> None:
    """Train what is not trained yet, then write the table of what is there."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("train", type=Path, help="NPZ file of training images")
    parser.add_argument("test", type=Path, help="NPZ file of test images")
    parser.add_argument("folder", type=Path, help="where networks, settings and logs go")
    parser.add_argument("--validation", type=int, default=VALIDATION)
    parser.add_argument("--topology", default="fashion-vgg", help="shipped workload that is trained")
    parser.add_argument("--width-factor", type=float, default=0.5)
    parser.add_argument("--forms", nargs="+", choices=FORMS, default=list(FORMS), metavar="FORM")
    parser.add_argument("--table-only", action="store_true", help="train nothing")
    asked = parser.parse_args(arguments)
    asked.folder.mkdir(parents=True, exist_ok=True)
    data = {split: os.path.relpath(getattr(asked, split), asked.folder) for split in ("train", "test")}
    keys = {
        "topology": asked.topology,
        "width_factor": asked.width_factor,
        "data": {**data, "validation": asked.validation},
    }
    if not asked.table_only:
        for seed in SEEDS:
            for name in asked.forms:
                _train(asked.folder, name, seed, keys, asked.train)
    rows = list(_rows(asked.folder, asked.test))
    _write_table(asked.folder / "table.csv", rows)
    _print_means(rows)
    _print_front(rows)


def _train(folder: Path, name: str, seed: int, network: dict[str, Any], train: Path) -> None:
    """Train a form with a seed, unless that is done."""
    form, target = FORMS[name], folder / f"{name}-seed{seed}"
    latent = f"{PLAIN}-seed{seed}-latent.npz"
    keys = {"name": target.name, "seed": seed, **network, **COMMON, **form.more}
    if form.regularisers:
        keys["regularisers"] = dict(form.regularisers)
    if name == CYCLES:
        keys["regularisers"]["layer_weights"] = _cycles(folder / f"{PLAIN}-seed{seed}.yaml", train)
    if form.from_plain:
        keys["start"] = latent
    if form.taught:
        keys["distillation"] = {"teacher": latent}
    path = folder / f"{target.name}.training.yaml"
    path.write_text(yaml.safe_dump(keys, sort_keys=False), encoding="utf-8")
    if not is_finished(load_training(path), target):
        run_training(load_task(path), target, resume=True)
        print("trained", target.name, flush=True)


def _cycles(plain: Path, train: Path) -> dict[str, float]:
    """Return the share of cycles of each layer that prunes: the plain network, the buildable machine."""
    case = _case(plain, train)
    (result,) = simulate_case([QUEUE], case)
    taken = {
        layer.name: float(layer.cycles)
        for layer, own in zip(result.layers, case.network.layers, strict=True)
        if own.geometry.planes == 1 and not own.scores
    }
    return {name: round(cycles / sum(taken.values()), 4) for name, cycles in taken.items()}


def _case(workload: Path, images: Path) -> Case:
    network = load_network(load_workload(str(workload)))
    return Case(network, load_images(images, network).first(IMAGES))


def _rows(folder: Path, test: Path) -> Iterator[Row]:
    """Run every network that is there; yield a row a training."""
    machines = [machine.with_(ARRAY) for machine in MACHINES.values()]
    for form in FORMS:
        for seed in SEEDS:
            log = folder / f"{form}-seed{seed}.jsonl"
            found = json.loads(log.read_text().splitlines()[-1]) if log.exists() else {}
            if "accuracy" not in found:
                continue
            results = simulate_case(machines, _case(log.with_suffix(".yaml"), test))
            cycles = {}
            for name, result in zip(MACHINES, results, strict=True):
                cycles[f"{name}_cycles"] = round(result.cycles_per_image)
                cycles[f"{name}_binary_cycles"] = round(_binary(result) / result.images)
            yield {
                "form": form,
                "seed": seed,
                "validation_percent": round(100 * found["validation_accuracy"], 2),
                "test_percent": round(100 * found["test_accuracy"], 2),
                "pruned_percent": round(found["validation_pruned_percent"], 2),
                **cycles,
            }


def _binary(result: RunResult) -> int:
    """Count the cycles of layers that have something to prune: neither pixels nor scores."""
    return sum(layer.cycles for layer in result.layers[1:-1])


def _write_table(path: Path, rows: Sequence[Row]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _print_means(rows: Sequence[Row]) -> None:
    """Print means over the seeds of each form; gains are over the plain network of the same seed."""
    plain = {row["seed"]: row for row in rows if row["form"] == PLAIN}
    print(
        "| form | seeds | validation, % | test, % | pruned, % | `o3bnn`, binary | `ideal`, binary | `o3bnn` |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name in FORMS:
        some = [row for row in rows if row["form"] == name]
        if some:
            cells = [
                _spread([row[key] for row in some], digits)
                for key, digits in (("validation_percent", 2), ("test_percent", 2), ("pruned_percent", 1))
            ]
            for key in ("o3bnn_binary_cycles", "ideal_binary_cycles", "o3bnn_cycles"):
                gains = [100 * (plain[row["seed"]][key] / row[key] - 1) for row in some]
                cells.append(f"{_spread(gains, 1, '+')} %")
            print(f"| `{name}` | {len(some)} | {' | '.join(cells)} |")


Point = tuple[float, float]
"""Percentage points of validation accuracy over the plain network of the same seed, and per cent of speed."""


def _points(rows: Sequence[Row], seed: int) -> dict[str, Point]:
    """Return where the forms of a seed lie: binary layers, on the buildable machine."""
    own = {row["form"]: row for row in rows if row["seed"] == seed}
    plain, key = own[PLAIN], f"{next(iter(MACHINES))}_binary_cycles"
    return {
        form: (row["validation_percent"] - plain["validation_percent"], 100 * (plain[key] / row[key] - 1))
        for form, row in own.items()
    }


def front_of(points: Mapping[str, Point]) -> list[str]:
    """Return the names of the points that no other beats in both, the most accurate first."""
    chosen: list[str] = []
    for name in sorted(points, key=lambda name: points[name], reverse=True):
        if not chosen or points[name][1] > points[chosen[-1]][1]:
            chosen.append(name)
    return chosen


def speed_at(points: Mapping[str, Point], accuracy: float) -> float:
    """Return the speed at an accuracy on the straight lines between the points of the front.

    The end of the front, if all of it is more accurate; its beginning, if none of it is.
    """
    front = [points[name] for name in front_of(points)]
    for (before, slow), (after, fast) in pairwise(front):
        if before >= accuracy >= after:
            return slow + (fast - slow) * (before - accuracy) / (before - after)
    return front[-1][1] if accuracy < front[-1][0] else front[0][1]


def _print_front(rows: Sequence[Row]) -> None:
    """Print the front of the means, and what each seed's gains where half a point is lost."""
    seeds = sorted({row["seed"] for row in rows})
    each = {seed: _points(rows, seed) for seed in seeds}
    everywhere = [form for form in FORMS if all(form in points for points in each.values())]
    means = {
        form: (fmean(each[seed][form][0] for seed in seeds), fmean(each[seed][form][1] for seed in seeds))
        for form in everywhere
    }
    print(f"on the front: {', '.join(front_of(means))}")
    if len(seeds) > 1:
        gain, half = mean_and_interval([speed_at(each[seed], -ACCURACY_POINTS) for seed in seeds])
        print(
            f"{ACCURACY_POINTS} points under plain on each seed's front: {gain:+.1f} +- {half:.1f} % (95 %)"
        )


def _spread(values: Sequence[float], digits: int, sign: str = "") -> str:
    """Write a mean, and with several seeds half the range between them."""
    half = (max(values) - min(values)) / 2
    return f"{fmean(values):{sign}.{digits}f}" + (f" +- {half:.{digits}f}" if len(values) > 1 else "")


if __name__ == "__main__":
    main()
