"""Every command that writes, on the smallest work there is, with what it leaves."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from o3sim.api import simulate
from o3sim.files import save_npz
from o3sim.results.document import to_json
from tests.checks.golden.workload import write_workload
from tests.formats.datasets.samples import arrays
from tests.formats.importers.test_plain import small
from tests.formats.importers.test_scalesim import HEADER, SMALL
from tests.sample_runs import images
from tests.studies.search.samples import SEARCH
from tests.studies.sweep.samples import SWEEP
from tests.train.samples import write_training

FEW = SWEEP.replace("to: 6", "to: 4")
SHORT = SEARCH.replace("trials: 20", "trials: 8").replace("batch: 6", "batch: 4")


class Writing(NamedTuple):
    """A command.

    Attributes
    ----------
    words : str
        As they are typed, in the folder that ``prepare`` filled.
    prepare : callable
    again : str
        Said too when it goes on after a kill.
    grows : tuple of str
        Names of files that grow, line by line or epoch by epoch: after a kill they may be shorter.
    keeps : tuple of str
        Names of files that are there only between beginning and end.
    varies : tuple of str
        Names of files that hold times.
    over : tuple of str
        Files that may be there before, to be replaced.
    extra : str
        The module that it needs.
    """

    words: str
    prepare: Callable[[Path], object]
    again: str = ""
    grows: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()
    varies: tuple[str, ...] = ()
    over: tuple[str, ...] = ()
    extra: str = "numpy"


def _sweep(folder: Path) -> None:
    write_workload(folder)
    (folder / "sweep.yaml").write_text(FEW)


def _search(folder: Path) -> None:
    write_workload(folder)
    (folder / "explore.yaml").write_text(SHORT)


def _calibration(folder: Path) -> None:
    write_workload(folder)
    save_npz(folder / "more.npz", {"x": images(6, seed=5), "y": np.zeros(6, int)})


def _result(folder: Path) -> None:
    (folder / "r.json").write_text(to_json(simulate("o3bnn", write_workload(folder)), []))


def _swept(folder: Path) -> None:
    from o3sim.studies.sweep.expand import load_sweep
    from o3sim.studies.sweep.run import plan_sweep, run_sweep

    _sweep(folder)
    run_sweep(plan_sweep(load_sweep(folder / "sweep.yaml")), folder / "out")


def _plain(folder: Path) -> None:
    np.savez(folder / "arrays.npz", **small())


def _model(folder: Path) -> None:
    from o3sim.formats.exporters.qonnx import export_qonnx
    from o3sim.network.load import load_network, load_workload

    export_qonnx(load_network(load_workload(write_workload(folder))), folder / "model.onnx")


def _topology(folder: Path) -> None:
    (folder / "t.csv").write_text(HEADER + SMALL)


def _pipeline(folder: Path) -> None:
    write_workload(folder)
    (folder / "pipe.yaml").write_text("extends: o3bnn\nname: pipe\norganization: layer_pipelined\n")


def _folding(folder: Path) -> None:
    write_workload(folder)
    units = {f"MVAU_hls_{number}": {"PE": 1, "SIMD": 1} for number in range(3)}
    (folder / "f.json").write_text(json.dumps(units))


def _data(folder: Path) -> None:
    for name, raw in arrays().items():
        (folder / name).write_bytes(raw)


GROWS = ("journal.jsonl", "proposals.jsonl", "study.journal")

COMMANDS = {
    "sweep": Writing("sweep sweep.yaml -o out", _sweep, "--resume", GROWS, keeps=(".lock",)),
    "explore": Writing(
        "explore explore.yaml -o out", _search, "--resume", GROWS, (".lock",), GROWS[2:], extra="optuna"
    ),
    "golden record": Writing("golden record out o3bnn tiny.yaml --cycles 40", write_workload),
    "profile": Writing("profile tiny.yaml --save out --json p.json", write_workload, over=("p.json",)),
    "run": Writing("run o3bnn tiny.yaml --json r.json", write_workload, over=("r.json",)),
    "trace": Writing("trace small tiny.yaml --layer 0 -o t.txt.gz", write_workload, over=("t.txt.gz",)),
    "trace interval": Writing("trace small tiny.yaml --interval 9 -o i.csv", write_workload, over=("i.csv",)),
    "trace vcd": Writing(
        "trace small tiny.yaml --layer 0 -o t.vcd --format vcd", write_workload, over=("t.vcd",), extra="vcd"
    ),
    "rtl": Writing(
        "rtl small tiny.yaml --layer dense2 -o out --set dram.bits_per_cycle=ideal --set pe.width_edges=32",
        write_workload,
    ),
    "cliffs": Writing("cliffs -o out", write_workload),
    "timeline": Writing("timeline small tiny.yaml --layer 0 -o p.html", write_workload, over=("p.html",)),
    "plot": Writing("plot stack r.json -o f.svg", _result, over=("f.svg",)),
    "report": Writing("report out -o page.html", _swept, over=("page.html",)),
    "report of a run": Writing("report r.json -o page.html", _result, over=("page.html",)),
    "import npz": Writing("import npz arrays.npz -o net", _plain, over=("net.npz", "net.yaml")),
    "import onnx": Writing("import onnx model.onnx -o net", _model, over=("net.npz",), extra="onnx"),
    "import scalesim": Writing("import scalesim t.csv -o net", _topology, over=("net.yaml",)),
    "import finn-folding": Writing(
        "import finn-folding f.json tiny.yaml -o net", _folding, over=("net.yaml",)
    ),
    "fifo": Writing("fifo pipe.yaml tiny.yaml --images 2 --json f.json", _pipeline, over=("f.json",)),
    "area": Writing("area small --json f.json", _pipeline, over=("f.json",)),
    "export": Writing("export tiny.yaml -o m.onnx", write_workload, over=("m.onnx",), extra="onnx"),
    "train": Writing(
        "train training.yaml -o net",
        write_training,
        "--resume",
        ("net.jsonl",),
        ("net.checkpoint",),
        extra="torch",
    ),
    "order": Writing(
        "order tiny.yaml --image-file more.npz --images 6 -o net", _calibration, over=("net.npz",)
    ),
    "balance": Writing(
        "balance tiny.yaml --image-file more.npz --images 6 -o net", _calibration, over=("net.npz",)
    ),
    "speculate": Writing(
        "speculate tiny.yaml --image-file more.npz --images 6 -o net", _calibration, over=("net.npz",)
    ),
    "data": Writing("data . -o d.npz", _data, over=("d.npz",)),
    "schema": Writing("schema -o out", lambda _: None),
    "docs": Writing("docs -o out", lambda _: None),
    "example": Writing("example -o out", lambda _: None),
    "list": Writing("list --json l.json", lambda _: None, over=("l.json",)),
}
