"""Pruning totals of real nets, to the last digit they were first measured with."""

import pytest

from o3sim.formats.importers.bnn_pynq import import_bnn_pynq
from o3sim.network.load import load_network, load_workload, workload_images
from o3sim.profile.survey import Survey, survey
from tests.shared_data import data_folder

WIDTHS = (1, 32, 64, 128)
ROUNDING = 0.0501
"""Figures known to one decimal."""


def check(found: Survey, threshold: list[float], pooling: float, both: list[float]) -> None:
    total = found.total
    pruned = [total.percent_pruned(total.threshold[width]) for width in WIDTHS]
    assert pruned == pytest.approx(threshold, abs=ROUNDING)
    assert total.percent_pruned(total.pooling) == pytest.approx(pooling, abs=ROUNDING)
    assert [total.percent_pruned(total.both[width]) for width in WIDTHS] == pytest.approx(both, abs=ROUNDING)


def test_fashion_vgg() -> None:
    files = load_workload("fashion-vgg")
    network = load_network(files)
    found = survey(network, workload_images(files, network), WIDTHS)
    check(found, [10.3, 5.0, 4.7, 4.6], 26.1, [34.0, 30.0, 29.7, 29.7])
    assert found.accuracy == pytest.approx(230 / 256)


def test_cnv_on_200_images(tmp_path_factory: pytest.TempPathFactory) -> None:
    data, folder = data_folder(), tmp_path_factory.mktemp("cnv")
    import_bnn_pynq(data / "bnn-pynq" / "cifar10" / "cnvW1A1", "cnv", "cnv").write(folder / "cnv")
    files = load_workload(folder / "cnv.yaml")
    network = load_network(files)
    images = workload_images(files, network, data / "images" / "cifar10_test500.npz", 200)
    found = survey(network, images, WIDTHS)
    check(found, [8.6, 6.4, 4.4, 3.4], 9.4, [17.3, 15.4, 13.5, 12.6])
    assert found.total.edges == 200 * 57_901_056
    assert found.total.percent_pruned(found.total.oracle) == pytest.approx(53, abs=0.5)
    assert found.layers[1].p1 == pytest.approx(0.113, abs=0.001)
