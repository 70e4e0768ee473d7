"""A data set in memory, its batches in an order that only seed and epoch decide, and augmentation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from o3sim.network.images import Images
from o3sim.network.preprocess import InputSpec
from o3sim.train.config import Augmentation


@dataclass(frozen=True)
class DataSet:
    """Encoded images and labels.

    Attributes
    ----------
    codes : Tensor of int16 (int32 for input of 16 bits), shape (images, channels, height, width)
        As :meth:`o3sim.network.network.Network.encode` gives them; 0 is what padding and shifts bring in.
    labels : Tensor of int64, shape (images,)
    """

    codes: Tensor
    labels: Tensor

    def __len__(self) -> int:
        """Count the images."""
        return len(self.labels)


def encoded(images: Images, spec: InputSpec, device: str) -> DataSet:
    """Encode labelled images once."""
    if images.y is None:
        raise ValueError("training images need labels")
    codes = torch.from_numpy(spec.encode(images.x).astype("int16" if spec.planes < 16 else "int32"))
    layout = codes.permute(0, 3, 1, 2).contiguous()
    return DataSet(layout.to(device), torch.from_numpy(images.y).to(device))


def training_batches(
    data: DataSet, batch_images: int, augmentation: Augmentation, seed: int, epoch: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield shuffled, augmented batches of an epoch; what is left over after the last full one is left out.

    The same seed and epoch give the same batches, whatever ran before: a training that was
    interrupted goes on as if it had not been.
    """
    generator = torch.Generator().manual_seed((seed * 1_000_003 + epoch) % 2**63)
    order = _moved(torch.randperm(len(data), generator=generator), data.codes)
    size = min(batch_images, len(data))
    for start in range(0, len(data) - size + 1, size):
        chosen = order[start : start + size]
        yield augmented(data.codes[chosen], augmentation, generator), data.labels[chosen]


def _moved(drawn: Tensor, beside: Tensor) -> Tensor:
    """Bring what was drawn on the CPU to where the images are, without waiting for a GPU to be done."""
    return drawn.pin_memory().to(beside.device, non_blocking=True) if beside.is_cuda else drawn


def augmented(codes: Tensor, augmentation: Augmentation, generator: torch.Generator) -> Tensor:
    """Mirror and shift a batch, each image in its own way."""
    if augmentation.flip:
        flip = _moved(torch.rand(len(codes), generator=generator), codes) < 0.5
        codes = torch.where(flip.view(-1, 1, 1, 1), codes.flip(3), codes)
    if augmentation.shift_pixels:
        codes = _shifted(codes, augmentation.shift_pixels, generator)
    return codes


def _shifted(codes: Tensor, most: int, generator: torch.Generator) -> Tensor:
    """Shift every image by its own number of rows and columns; what comes in is code 0."""
    images, _, height, width = codes.shape
    padded = torch.nn.functional.pad(codes, (most, most, most, most))
    rows, columns = _moved(torch.randint(0, 2 * most + 1, (2, images), generator=generator), codes)
    y = rows.view(-1, 1) + torch.arange(height, device=codes.device)
    x = columns.view(-1, 1) + torch.arange(width, device=codes.device)
    image = torch.arange(images, device=codes.device).view(-1, 1, 1)
    # Indexing by three index arrays around a slice puts the channels last.
    return padded[image, :, y.unsqueeze(2), x.unsqueeze(1)].permute(0, 3, 1, 2)
