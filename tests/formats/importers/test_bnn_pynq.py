"""BNN-PYNQ parameter files: unfolding, real nets image by image, and every way a folder is wrong."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from o3sim.errors import InputError
from o3sim.formats.importers.bnn_pynq import NETS, import_bnn_pynq
from o3sim.network.bits.packing import unpack_bits
from o3sim.network.infer import infer
from o3sim.network.load import load_network, load_workload, workload_images
from tests.network.samples import DecodedNet
from tests.shared_data import data_folder

Matrices = list[tuple[NDArray[np.uint8], NDArray[np.int64]]]


def fold(folder: Path, net: str, last_rows: int = 64, classes: int = 10) -> Matrices:
    """Write random parameters the way BNN-PYNQ stores them; return them unfolded, padding included."""
    random = np.random.default_rng(3)
    matrices: Matrices = []
    for number, layer in enumerate(NETS[net].layers):
        rows = layer.rows or last_rows
        bits = random.integers(0, 2, (rows, layer.columns), np.uint8)
        thresholds = random.integers(-5, layer.columns, rows)
        for pe in range(layer.pe):
            words = []
            for row in bits[pe :: layer.pe]:
                for start in range(0, layer.columns, layer.simd):
                    lanes = row[start : start + layer.simd]
                    words.append(sum(int(bit) << lane for lane, bit in enumerate(lanes)))
            np.array(words, "<u8").tofile(folder / f"{number}-{pe}-weights.bin")
            if not layer.scores:
                thresholds[pe :: layer.pe].astype("<i8").tofile(folder / f"{number}-{pe}-thres.bin")
        matrices.append((bits, thresholds))
    (folder / "classes.txt").write_text("".join(f"class {number}\n" for number in range(classes)))
    return matrices


@pytest.fixture(scope="module")
def folded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Matrices]:
    folder = tmp_path_factory.mktemp("lfc")
    return folder, fold(folder, "lfc")


@pytest.fixture
def lfc(tmp_path: Path, folded: tuple[Path, Matrices]) -> Path:
    """A folder of its own to damage."""
    for path in folded[0].iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def refused(folder: Path, net: str = "lfc") -> str:
    with pytest.raises(InputError) as caught:
        import_bnn_pynq(folder, net, "x")
    return str(caught.value)


def test_lfc_unfolds_to_what_was_folded(folded: tuple[Path, Matrices]) -> None:
    folder, matrices = folded
    arrays = import_bnn_pynq(folder, "lfc", "x").arrays
    for layer, (bits, thresholds) in zip(NETS["lfc"].layers, matrices, strict=True):
        rows, columns = layer.real_rows or 10, layer.real_columns
        found = unpack_bits(arrays[f"{layer.name}_weights"], columns)
        np.testing.assert_array_equal(found, bits[:rows, :columns])
        if not layer.scores:
            theta = arrays[f"{layer.name}_theta"]
            np.testing.assert_array_equal(theta, 2 * (thresholds[:rows] + 1) - columns)


def test_cnv_thresholds_carry_one_fraction_bit_more_than_its_input(tmp_path: Path) -> None:
    matrices = fold(tmp_path, "cnv")
    arrays = import_bnn_pynq(tmp_path, "cnv", "x").arrays
    thresholds = matrices[0][1]
    for sums in range(-10, 40):
        np.testing.assert_array_equal(sums >= arrays["conv1_theta"], 2 * sums > thresholds)


def test_the_written_workload_loads(lfc: Path, tmp_path: Path) -> None:
    written = import_bnn_pynq(lfc, "lfc", "mine").write(tmp_path / "mine")
    assert [path.name for path in written] == ["mine.yaml", "mine.npz"]
    network = load_network(load_workload(written[0]))
    assert network.name == "mine"
    assert network.classes[3] == "class 3"


def test_a_missing_file(lfc: Path) -> None:
    (lfc / "1-7-thres.bin").unlink()
    (lfc / "classes.txt").unlink()
    message = refused(lfc)
    assert f"{lfc / '1-7-thres.bin'}: missing" in message
    assert f"{lfc / 'classes.txt'}: missing" in message


def test_a_wrong_size(lfc: Path) -> None:
    path = lfc / "0-3-weights.bin"
    path.write_bytes(path.read_bytes()[:-3])
    assert f"{path}: expected 3328 bytes, found 3325" in refused(lfc)


def test_bits_beyond_the_simd_width(lfc: Path) -> None:
    path = lfc / "1-2-weights.bin"
    words = np.fromfile(path, "<u8")
    words[5] |= np.uint64(1) << np.uint64(32)
    words.tofile(path)
    assert f"{path}: word 5: bits are set beyond the SIMD width of 32" in refused(lfc)


def test_files_of_more_pes_than_there_are(lfc: Path) -> None:
    (lfc / "0-32-weights.bin").write_bytes(b"")
    assert f"{lfc / '0-32-weights.bin'}: no such file in LFC-W1A1" in refused(lfc)


def test_wrong_class_names(lfc: Path) -> None:
    (lfc / "classes.txt").write_text("one\ntwo\n")
    assert import_bnn_pynq(lfc, "lfc", "x").keys["classes"] == ["one", "two"]
    (lfc / "classes.txt").write_text("one\n" * 65)
    assert "expected 2 to 64 class names, one a line, no more than the last layer has rows" in refused(lfc)
    (lfc / "classes.txt").write_text("\n\n")
    assert "found 0" in refused(lfc)
    (lfc / "classes.txt").write_bytes(b"\xff\xfe")
    assert "classes.txt: cannot be read" in refused(lfc)


def test_another_net_an_unknown_net_no_folder(lfc: Path) -> None:
    assert "does not hold the parameters of CNV-W1A1" in refused(lfc, "cnv")
    assert "unknown network (did you mean `lfc`?)" in refused(lfc, "lcf")
    assert "no such folder" in refused(lfc / "absent")


@pytest.mark.parametrize(
    ("net", "folder", "decoded", "images", "right"),
    [
        ("cnv", "cifar10/cnvW1A1", "cnv_w1a1_cifar10", "cifar10_test500", 398),
        ("lfc", "mnist/lfcW1A1", "lfc_w1a1_mnist", "mnist_test1000", 983),
    ],
)
def test_real_nets_image_by_image(
    tmp_path: Path, net: str, folder: str, decoded: str, images: str, right: int
) -> None:
    data = data_folder()
    topology, _ = import_bnn_pynq(data / "bnn-pynq" / folder, net, net).write(tmp_path / net)
    files = load_workload(topology)
    network = load_network(files)
    given = workload_images(files, network, data / "images" / f"{images}.npz")
    found = np.array([infer(network, image).predicted for image in given.x])
    values = network.input.encode(given.x).astype(np.float32)
    # Codes are q + 128 for CNV, and 0/1 for LFC.
    values = values - 128 if net == "cnv" else 2 * values - 1
    np.testing.assert_array_equal(found, DecodedNet(data / "decoded" / f"{decoded}.npz").classes(values))
    assert int((found == given.y).sum()) == right


@pytest.mark.parametrize(
    ("net", "rows", "classes"), [("lfcW1A1", 64, 37), ("cnvW1A1", 12, 10), ("CNV", 44, 43)]
)
def test_any_number_of_classes(tmp_path: Path, net: str, rows: int, classes: int) -> None:
    """Letters, house numbers, road signs: the last layer has a multiple of its PEs of rows."""
    folded = net.lower().removesuffix("w1a1")
    bits = fold(tmp_path, folded, rows, classes)[-1][0]
    topology, _ = import_bnn_pynq(tmp_path, net, "x").write(tmp_path / "x")
    last = load_network(load_workload(topology)).layers[-1]
    assert last.weights.shape[0] == classes
    np.testing.assert_array_equal(unpack_bits(last.weights, last.geometry.fan_in), bits[:classes])


def test_a_last_layer_that_is_cut_off(lfc: Path) -> None:
    path = lfc / "3-0-weights.bin"
    path.write_bytes(path.read_bytes()[:-8])
    assert f"{path}: expected 1024 bytes for each of its rows" in refused(lfc)
    path.write_bytes(b"")
    assert "found 0 bytes" in refused(lfc)
    path.write_bytes(bytes(1024))
    assert f"{lfc / '3-1-weights.bin'}: expected 1024 bytes, found 4096" in refused(lfc)


@pytest.mark.parametrize("net", ["cnvW1A2", "cnvw2a2", "lfcW1A2"])
def test_activations_of_two_bits_by_name(lfc: Path, net: str) -> None:
    assert f"--net {net}: has activations of two bits" in refused(lfc, net)


def test_activations_of_two_bits_by_what_is_there(lfc: Path, tmp_path: Path) -> None:
    for path in lfc.glob("*-thres.bin"):
        path.write_bytes(path.read_bytes() * 3)
    assert "but of a network whose activations have two bits, which cannot be run" in refused(lfc)
    (lfc / "lfcW1A2").mkdir()
    assert "but of a network whose activations have two bits" in refused(lfc / "lfcW1A2")
