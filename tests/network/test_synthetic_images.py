"""Synthetic images: the same everywhere, natural in spectrum and exposure."""

import hashlib
import tracemalloc
from itertools import pairwise

import numpy as np
import pytest

from o3sim.network.random_bits import RandomBits
from o3sim.network.synthetic_images import CALIBRATION_IMAGES, DEVIATION, MEAN, synthetic_images


def test_the_pixels_never_change() -> None:
    images = synthetic_images(1, 2, (9, 7, 3))
    assert hashlib.sha256(images.tobytes()).hexdigest()[:16] == "9b68d40015471539"


@pytest.mark.parametrize(
    ("shape", "sha256"),
    [
        ((1, 256, 1), "fa86315a03a0161f"),
        ((256, 3, 2), "03993c7fbf249af8"),
        ((10, 300, 2), "848a7ac1aca9d82b"),
        ((300, 10, 1), "c783ab5e7f687d22"),
        ((32, 32, 3), "720e8b332000a81d"),
    ],
)
def test_no_shape_changes_the_pixels(shape: tuple[int, int, int], sha256: str) -> None:
    """Of the images that were made of noise over the whole square, the longer side to a power of two."""
    assert hashlib.sha256(synthetic_images(1, 2, shape).tobytes()).hexdigest()[:16] == sha256


def test_a_long_and_narrow_image_takes_no_square() -> None:
    tracemalloc.start()
    images = synthetic_images(1, 1, (10, 5000, 1))
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert images.size == 50_000
    assert peak_bytes < 100 * images.size


@pytest.mark.parametrize(("rows", "columns"), [(3, 4), (2, 6), (5, 6), (1, 1)])
def test_a_corner_is_of_the_whole_and_takes_the_whole(rows: int, columns: int) -> None:
    whole, corner = RandomBits(1), RandomBits(1)
    assert np.array_equal(corner.corner(rows, columns, (5, 6)), whole.words(5, 6)[:rows, :columns])
    assert np.array_equal(corner.words(3), whole.words(3))


def test_a_longer_run_starts_with_the_shorter_one() -> None:
    assert np.array_equal(synthetic_images(5, 3, (8, 8, 1))[:2], synthetic_images(5, 2, (8, 8, 1)))


def test_seeds_and_purposes_differ() -> None:
    first = synthetic_images(1, 1, (16, 16, 1))
    assert not np.array_equal(first, synthetic_images(2, 1, (16, 16, 1)))
    assert not np.array_equal(first, synthetic_images(1, 1, (16, 16, 1), CALIBRATION_IMAGES))


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 40, 2), (28, 28, 1), (33, 65, 3), (100, 50, 4)])
def test_any_shape(shape: tuple[int, int, int]) -> None:
    images = synthetic_images(1, 2, shape)
    assert images.shape == (2, *shape)
    assert images.dtype == np.uint8


def test_exposure() -> None:
    images = synthetic_images(3, 4, (64, 64, 3)).astype(float)
    assert images.mean() == pytest.approx(MEAN, abs=4)
    assert images.std(axis=(1, 2, 3)).mean() == pytest.approx(DEVIATION, abs=6)


def test_the_amplitude_falls_as_one_over_frequency() -> None:
    size = 128
    pixels = synthetic_images(1, 8, (size, size, 1))[..., 0].astype(float)
    window = np.outer(np.hanning(size), np.hanning(size))
    centred = (pixels - pixels.mean(axis=(1, 2), keepdims=True)) * window
    power = (np.abs(np.fft.fft2(centred)) ** 2).mean(axis=0)
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(size), np.fft.fftfreq(size)))
    edges = np.geomspace(2 / size, 0.45, 9)
    mean = [power[(frequency >= a) & (frequency < b)].mean() for a, b in pairwise(edges)]
    slope = np.polyfit(np.log(np.sqrt(edges[1:] * edges[:-1])), np.log(mean) / 2, 1)[0]
    assert slope == pytest.approx(-1, abs=0.15)
