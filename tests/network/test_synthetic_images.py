"""Synthetic images: the same everywhere, natural in spectrum and exposure."""

import hashlib
from itertools import pairwise

import numpy as np
import pytest

from o3sim.network.synthetic_images import CALIBRATION_IMAGES, DEVIATION, MEAN, synthetic_images


def test_the_pixels_never_change() -> None:
    images = synthetic_images(1, 2, (9, 7, 3))
    assert hashlib.sha256(images.tobytes()).hexdigest()[:16] == "9b68d40015471539"


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
