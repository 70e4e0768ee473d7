"""The kinds of files: where the valid ones lie among the seeds, and which commands read them."""

from __future__ import annotations

from dataclasses import dataclass

DATA_SETS = (
    "data_cifar_binary",
    "data_cifar_python",
    "data_png_strips",
    "data_idx",
    "data_arrays",
    "data_zipped",
)


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes
    ----------
    name : str
    damaged : str
        Patterns of the files, or folders, of which one is damaged.
    commands : tuple of str
        Calls that read them. Outputs are called ``out``.
    folders : str
        Folders of the seeds that the calls need.
    weight : int
        How often it is drawn: less for what takes seconds.
    """

    name: str
    damaged: str
    commands: tuple[str, ...]
    folders: str = ""
    weight: int = 4


KINDS: tuple[Kind, ...] = (
    Kind(
        "architecture",
        "arch.yaml base.yaml",
        (
            "validate arch.yaml",
            "validate arch.yaml base.yaml",
            "show arch.yaml",
            "show arch.yaml --set pe.count=4",
            "run arch.yaml tiny.yaml --images 2",
            "run arch.yaml tiny.yaml --json out.json",
            "run small tiny.yaml --compare arch.yaml",
            "run arch.yaml tiny.yaml --dry-run",
            "run arch.yaml vgg16 --dry-run",
            "explain arch.yaml tiny.yaml",
            "trace arch.yaml tiny.yaml --layer 0 --cycles :50 -o -",
            "trace arch.yaml tiny.yaml --layer 1 --cycles :50 --format vcd -o out.vcd",
            "trace arch.yaml tiny.yaml --interval 50 -o out.csv",
            "golden record out arch.yaml tiny.yaml --cycles 10",
            "plot timeline arch.yaml tiny.yaml --layer 0 -o out.svg",
            "timeline arch.yaml tiny.yaml --layer 0 -o out.html",
        ),
        weight=10,
    ),
    Kind(
        "full architecture",
        "full.yaml",
        (
            "validate full.yaml",
            "run full.yaml tiny.yaml --images 2",
            "run full.yaml synthetic.yaml --json out.json",
            "run full.yaml tiny.yaml --compare small,dense",
            "run full.yaml tiny.yaml --controls dense,in-order-interleaved,ideal --wide",
            "run full.yaml tiny.yaml --engine simpy",
            "explain full.yaml tiny.yaml --layer 1",
            "trace full.yaml tiny.yaml --layer 0 --ops :20 --format chrome -o out.json",
            "plot occupancy full.yaml tiny.yaml --layer 0 -o out.svg",
        ),
        weight=8,
    ),
    Kind(
        "staged architecture",
        "staged.yaml",
        (
            "validate staged.yaml",
            "show staged.yaml",
            "show staged.yaml --control dense",
            "run staged.yaml tiny.yaml --images 2 --json -",
            "run staged.yaml tiny.yaml --dry-run",
            "explain staged.yaml tiny.yaml",
            "trace staged.yaml tiny.yaml --layer 0 --cycles :50 -o out.txt",
        ),
    ),
    Kind(
        "custom code",
        "custom.yaml newest_first.py",
        (
            "validate custom.yaml",
            "show custom.yaml",
            "run custom.yaml tiny.yaml",
            "run custom.yaml tiny.yaml --dry-run",
        ),
        weight=2,
    ),
    Kind(
        "energy table",
        "energy.yaml priced.yaml",
        (
            "validate energy.yaml",
            "validate priced.yaml",
            "run priced.yaml tiny.yaml",
            "run priced.yaml tiny.yaml --json -",
        ),
    ),
    Kind(
        "workload",
        "tiny.yaml",
        (
            "validate tiny.yaml",
            "run small tiny.yaml",
            "run o3bnn tiny.yaml --dry-run",
            "profile tiny.yaml --images 2",
            "profile tiny.yaml --save out --json out.json",
            "export tiny.yaml -o out.onnx",
            "order tiny.yaml --image-file images.npz --images 3 -o out",
            "speculate tiny.yaml --image-file images.npz --images 3 -o out",
            "explain small tiny.yaml",
            "plot depth tiny.yaml -o out.png",
        ),
        weight=10,
    ),
    Kind(
        "synthetic workload",
        "synthetic.yaml",
        (
            "validate synthetic.yaml",
            "run small synthetic.yaml",
            "run small synthetic.yaml --images 2 --dry-run",
            "profile synthetic.yaml --images 2",
            "trace small synthetic.yaml --layer 0 --cycles :20 --format kanata -o -",
        ),
        weight=8,
    ),
    Kind(
        "parameters",
        "tiny.npz",
        (
            "run small tiny.yaml",
            "profile tiny.yaml",
            "export tiny.yaml -o out.onnx",
            "run small tiny.yaml --dry-run",
        ),
    ),
    Kind(
        "images",
        "images.npz",
        (
            "run small tiny.yaml --images 2",
            "run small tiny.yaml --image-file images.npz --images 3 --json -",
            "order tiny.yaml --image-file images.npz --images 3 -o out",
            "speculate tiny.yaml --image-file images.npz --images 3 -o out",
            "reproduce --images 1 --image-file images.npz",
        ),
    ),
    Kind(
        "sweep",
        "sweep.yaml",
        (
            "validate sweep.yaml",
            "sweep sweep.yaml --dry-run",
            "sweep sweep.yaml -o out",
            "sweep sweep.yaml -o swept --resume",
            "sweep sweep.yaml -o out --parquet",
        ),
        folders="swept",
        weight=8,
    ),
    Kind(
        "search",
        "explore.yaml",
        ("validate explore.yaml", "explore explore.yaml -o out", "explore explore.yaml -o found --resume"),
        folders="found",
        weight=3,
    ),
    Kind(
        "training",
        "training.yaml",
        (
            "validate training.yaml",
            "validate training.yaml",
            "validate training.yaml",
            "train training.yaml -o out",
        ),
        weight=3,
    ),
    Kind(
        "cluster",
        "cluster.yaml",
        ("validate cluster.yaml", "sweep sweep.yaml -o out --cluster cluster.yaml --dry-run"),
        weight=2,
    ),
    Kind(
        "result",
        "result.json other.json",
        (
            "explain result.json",
            "explain other.json --run dense",
            "diff result.json other.json",
            "diff other.json result.json",
            "plot stack result.json -o out.png",
            "plot stack other.json result.json --layer conv1 -o out.svg",
            "plot speedup other.json -o out.pdf",
            "plot images other.json -o out.svg",
            "report other.json -o out.html",
        ),
        weight=6,
    ),
    Kind(
        "trace",
        "layer.trace layer.trace.gz",
        (
            "diff layer.trace layer.trace.gz",
            "diff layer.trace.gz layer.trace",
            "plot timeline layer.trace -o out.svg",
            "timeline layer.trace,layer.trace.gz -o out.html",
            "plot timeline layer.trace.gz --cycles 10:30 -o out.png",
            "plot occupancy layer.trace,layer.trace.gz -o out.svg",
        ),
        weight=6,
    ),
    Kind(
        "golden",
        "golden/*/* golden/*",
        ("golden check golden", "golden check golden --tolerance 0.1 --without energy"),
        folders="golden",
    ),
    Kind(
        "journal of a sweep",
        "swept/*.jsonl swept/*.jsonl swept/*.csv swept/sweep.yaml swept/profiles/*/* swept",
        ("sweep sweep.yaml -o swept --resume", "sweep sweep.yaml -o swept --resume --profiles profiles"),
        folders="swept profiles",
        weight=3,
    ),
    Kind(
        "tables of a sweep",
        "swept/results.csv swept/layers.csv",
        (
            "report swept",
            "report swept -o out.html",
            "plot swept --x issue_queue.depth_ops --y cycles",
            "plot swept --x issue_queue.depth_ops --y energy_pj/cycles --by pe.latency_cycles -o out.svg",
            "plot swept/results.csv --x pe.latency_cycles --y cycles --log-y -o out.pdf",
            "plot pareto swept -o out.png",
            "plot heatmap swept --x issue_queue.depth_ops --y pe.latency_cycles -o out.svg",
            "plot energy swept -o out.svg",
            "plot pruning swept -o out.svg",
            "plot speedup swept --over pe.latency_cycles=1 --x issue_queue.depth_ops",
        ),
        folders="swept",
        weight=6,
    ),
    Kind(
        "journals of a search",
        "found/*.jsonl found/*.jsonl found/study.journal found/study.journal found/*.csv found/profiles/*/*",
        ("explore explore.yaml -o found --resume",),
        folders="found",
        weight=3,
    ),
    Kind(
        "profiles",
        "profiles/*/index.json profiles/*/*.npy profiles/*",
        (
            "run small tiny.yaml --images 2 --profiles profiles",
            "sweep sweep.yaml -o out --profiles profiles",
            "explain small tiny.yaml --profiles profiles",
            "profile tiny.yaml --images 2 --save profiles",
            "plot depth tiny.yaml --images 2 --profiles profiles -o out.png",
            "trace small tiny.yaml --layer 0 --cycles :20 --profiles profiles -o out.txt",
        ),
        folders="profiles",
    ),
    Kind(
        "onnx",
        "model.onnx",
        ("import onnx model.onnx -o out", "import onnx model.onnx --input-range -1 1 -o out"),
        weight=8,
    ),
    Kind("plain arrays", "arrays.npz", ("import npz arrays.npz -o out",), weight=6),
    Kind("bnn-pynq", "pynq/* pynq", ("import bnn-pynq pynq --net lfc -o out",), folders="pynq", weight=2),
    Kind("scale-sim", "topology.csv", ("import scalesim topology.csv -o out",), weight=4),
    *(
        Kind(
            name.replace("_", " "),
            f"{name}/*test* {name}/*t10k*",
            (f"data {name} -o out.npz", f"data {name} -o out.npz --images 2"),
            folders=name,
            weight=1,
        )
        for name in DATA_SETS
    ),
    Kind("data archive", "data.tgz", ("data data.tgz -o out.npz",), weight=2),
)

OPTIONS = "command line"
"""What cases are called in which the command line is damaged, not a file."""
OPTIONS_WEIGHT = 16
