"""Tracing one layer: what runs, what is kept, what is refused."""

from __future__ import annotations

import gzip
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from o3sim.config.ranges import Range
from o3sim.contract.events import Event, EventKind
from o3sim.errors import InputError
from o3sim.network.images import Images
from o3sim.network.layer import Geometry, Layer, Pool
from o3sim.network.network import Network
from o3sim.network.preprocess import BinaryInput
from o3sim.profile import image
from o3sim.runs.case import Case
from o3sim.trace import registry, session
from o3sim.trace.files import open_trace
from o3sim.trace.reading import CanonicalFile
from o3sim.trace.session import trace_layer
from o3sim.trace.window import event_window
from tests.sample_runs import architecture, network
from tests.trace.samples import MACHINES, WINDOWS, Log, case, log, written


def big_network() -> Network:
    """A convolution of VGG-16's first block between two small layers: 200,704 neurons of 576 edges."""
    random = np.random.default_rng(5)
    first = Geometry("conv", 56, 56, 1, 64, 3, 3, padding_pixels=1, padding="-1")
    big = Geometry("conv", 56, 56, 64, 64, 3, 3, padding_pixels=1, padding="-1", pool=Pool(2, 2))
    scores = Geometry("dense", 1, 1, 28 * 28 * 64, 3)

    def layer(name: str, geometry: Geometry, theta: Any) -> Layer:
        words = random.integers(0, 2**64, (geometry.out_channels, geometry.words_per_neuron), np.uint64)
        words[:, -1] &= np.uint64(2 ** ((geometry.fan_in - 1) % 64 + 1) - 1)
        return Layer(name, geometry, words, theta, scores=theta is None)

    return Network(
        name="big",
        input=BinaryInput(128),
        input_shape=(56, 56, 1),
        layers=(
            layer("first", first, np.zeros(64, np.int64)),
            layer("big", big, random.integers(-9, 30, 64)),
            layer("scores", scores, None),
        ),
        classes=("a", "b", "c"),
    )


@pytest.mark.slow
def test_a_window_of_a_big_layer_is_all_that_is_kept() -> None:
    pixels = np.random.default_rng(6).integers(0, 256, (1, 56, 56, 1), np.uint8)
    window = event_window(1, cycles=Range(3000, 3050))
    big = Case(big_network(), Images(pixels, None))
    trace_layer(architecture(), big, window, Log, BytesIO())
    seen = Log.last.events
    assert {e.cycle for e in seen} == set(range(3000, 3050))
    assert len(seen) < 50 * 64 * 4
    assert min(e.op for e in seen) > 10_000


def test_the_whole_of_a_big_layer_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "MOST_EVENTS", 1000)
    with pytest.raises(InputError, match="narrow it with --ops A:B or --cycles A:B, or take --engine"):
        log("plain", WINDOWS["all"])
    assert log("plain", WINDOWS["all"], "simpy").events
    assert log("plain", event_window(0, cycles=Range(0, 2))).events


def test_layers_after_the_traced_one_are_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    profiled = image.profile_layers

    def counted(*arguments: Any) -> Any:
        for profile, bits in profiled(*arguments):
            made.append(profile.name)
            yield profile, bits

    monkeypatch.setattr(image, "profile_layers", counted)
    log("plain", WINDOWS["all"])
    assert made == ["conv1"]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_every_layer_starts_in_its_cycle_0(number: int) -> None:
    seen = log("narrow", event_window(number)).events
    layer_start = [e for e in seen if e.kind is EventKind.LAYER_START]
    assert layer_start == [Event(0, EventKind.LAYER_START, number, network().layers[number].name)]
    assert seen[-1].kind is EventKind.LAYER_END


@pytest.mark.parametrize(
    ("window", "message"),
    [
        (event_window(0, cycles=Range(100_000, 100_001)), "nothing happens in that window"),
        (event_window(0, ops=Range(384, 400)), "has 384 ops, from 0 on; the window begins at 384"),
        (event_window(0, Range(0, 1), Range(300, 301)), "its ops are not at work in those cycles"),
    ],
)
def test_windows_of_nothing(window: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        log("plain", window)


@pytest.mark.parametrize("format_name", registry.format_names())
def test_the_same_trace_gives_the_same_bytes(format_name: str) -> None:
    window = WINDOWS["cycles"]
    assert written(format_name, "narrow", window) == written(format_name, "narrow", window, "simpy")


def test_canonical_files_can_be_read_back(tmp_path: Path) -> None:
    raw = written("canonical", "narrow", WINDOWS["cycles"])
    file = CanonicalFile(tmp_path, BytesIO(raw))
    assert list(file.events()) == log("narrow", WINDOWS["cycles"]).events
    assert file.window == '{"layer": "conv1", "number": 0, "ops": [0, null], "cycles": [40, 90]}'


def test_gz_files_are_compressed_and_reproducible(tmp_path: Path) -> None:
    for name in ("a.txt.gz", "b.txt.gz", "c.txt"):
        with open_trace(tmp_path / name) as stream:
            stream.write(b"events\n")
    assert gzip.decompress((tmp_path / "a.txt.gz").read_bytes()) == b"events\n"
    assert (tmp_path / "a.txt.gz").read_bytes() == (tmp_path / "b.txt.gz").read_bytes()
    assert (tmp_path / "c.txt").read_bytes() == b"events\n"


def test_devices_are_written_to_and_never_replaced() -> None:
    with open_trace("/dev/null") as stream:
        stream.write(b"events")
    assert Path("/dev/null").is_char_device()

    def fill() -> None:
        with open_trace("/dev/full") as stream:
            stream.write(b"events")

    if Path("/dev/full").exists():
        with pytest.raises(InputError, match="/dev/full: cannot be written: No space left"):
            fill()


def test_a_trace_that_fails_leaves_no_file(tmp_path: Path) -> None:
    def fail() -> None:
        with open_trace(tmp_path / "a.gz") as stream:
            stream.write(b"half")
            raise InputError("stop")

    with pytest.raises(InputError, match="stop"):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_formats_are_the_files_of_the_folder() -> None:
    assert registry.format_names() == ["canonical", "chrome", "kanata", "parquet", "vcd"]
    with pytest.raises(InputError, match=r"no trace format `kannata`.*did you mean `kanata`"):
        registry.load_writer("kannata")


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> ModuleType:
        raise ImportError(name)

    monkeypatch.setattr(registry, "import_module", absent)
    with pytest.raises(InputError, match=r"needs `pyarrow`, .*: pip install 'o3sim\[parquet\]'"):
        registry.import_extra("pyarrow.parquet", "parquet")


def test_formats_of_other_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.metadata import EntryPoint

    point = EntryPoint("mine", "tests.trace.samples:Log", registry.ENTRY_POINTS)
    monkeypatch.setattr(
        registry, "entry_points", lambda **by: [point] if by.get("name", "mine") == "mine" else []
    )
    assert "mine" in registry.format_names()
    assert registry.load_writer("mine").__name__ == "Log"
    assert registry.load_writer("kanata").__module__ == "o3sim.trace.writers.kanata"


def test_machines_are_what_the_network_fits() -> None:
    with pytest.raises(InputError, match="weight_buffer"):
        trace_layer(
            architecture("tiny", weight_buffer={"size_kbit": 1}, pe={"width_edges": 1024}),
            case(),
            event_window(0),
            Log,
            BytesIO(),
        )
    assert set(MACHINES) == {"plain", "narrow", "late", "long"}
