"""What a training is asked to do: the model of its YAML file. ``docs/training.md`` explains each key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from o3sim.config.marks import Conflict
from o3sim.config.model import CrossCheckedModel, StrictModel

Text = Annotated[str, Field(min_length=1)]
Weight = Annotated[float, Field(ge=0, le=1000)]
Order = Literal["bn_pool", "pool_bn"]


# A log begins with all settings. Those that came later are in it only where a training has them, so that
# others give the bytes they always gave.
def _is_nought(value: int) -> bool:
    return value == 0


def _is_one(value: int) -> bool:
    return value == 1


def _is_none(value: object) -> bool:
    return value is None


def _is_false(value: bool) -> bool:
    return not value


def _is_edges(value: str) -> bool:
    return value == "edges"


def _is_all(value: str) -> bool:
    return value == "all"


class DataFiles(StrictModel):
    """Images and labels to train on and to measure accuracy on."""

    train: Text = Field(description="Standard file or folder, or NPZ with x and y; relative to this file.")
    test: Text = Field(description="The same, for images that training never sees.")
    validation: Annotated[int, Field(ge=0)] = Field(
        default=0,
        description="Training images, the last ones, to choose settings by: not trained on, measured apart.",
        exclude_if=_is_nought,
    )


class Augmentation(StrictModel):
    """Random changes of each training image, new in every epoch."""

    shift_pixels: Annotated[int, Field(ge=0, le=16)] = Field(
        default=0, description="Shift by up to that many pixels each way; what comes in is 0."
    )
    flip: bool = Field(default=False, description="Mirror left and right every other time.")


class Distillation(StrictModel):
    """Learn from the scores of a network that is trained already."""

    teacher: Text = Field(description="NAME-latent.npz of a training of this topology with keep_latent.")
    weight: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.5, description="Share of the loss that is about the teacher's scores, not about labels."
    )
    temperature: Annotated[float, Field(gt=0, le=1000)] = Field(
        default=2.0, description="Scores of both are divided by it before they are compared."
    )


class Regularisers(StrictModel):
    """Weights of the loss terms that make more edges droppable; 0 leaves a term out."""

    pooling: Weight = Field(default=0.0, description="Members of a window evaluated before the first 1.")
    pooling_form: Literal["spread", "margin", "shuffled"] = Field(
        default="spread",
        description="shuffled: members in another order every step; margin: a plain relu(1 - z) instead.",
    )
    threshold: Weight = Field(default=0.0, description="Share of a neuron's edges up to its decision.")
    threshold_form: Literal["edges", "words"] = Field(
        default="edges",
        description="words: of 32 edges, in which a machine stops, for edges.",
        exclude_if=_is_edges,
    )
    reach: Literal["all", "shift"] = Field(
        default="all",
        description="What the terms' gradients move: all before them, or the shifts of batch norm alone.",
        exclude_if=_is_all,
    )
    layer_weights: dict[Text, Weight] | None = Field(
        default=None,
        description="Weight of each layer in the terms, scaled to a sum of 1; without, its share of edges.",
        exclude_if=_is_none,
    )
    warm_up_epochs: Annotated[int, Field(ge=0)] = Field(
        default=0, description="Epochs over which both weights rise from 0 in equal steps."
    )


class Training(CrossCheckedModel):
    """One training, from topology to schedule."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)] = Field(
        description="Name of the workload that comes out."
    )
    description: str = Field(default="", description="Its one line for `o3sim list`.")
    family: Text = Field(description="What trainings that are compared have in common, in figures and logs.")
    topology: Text = Field(description="Workload whose input, layers and classes to take: name or file.")
    width_factor: Annotated[float, Field(gt=0, le=64)] = Field(
        default=1.0, description="Multiplies the channels and features of all layers but the scores."
    )
    order: Order = Field(
        description="bn_pool: conv, batch norm, sign, OR-pool; pool_bn: conv, max-pool, batch norm, sign."
    )
    data: DataFiles
    augmentation: Augmentation = Augmentation()
    epochs: Annotated[int, Field(ge=1, le=100_000)] = Field(description="Passes over the training images.")
    batch_images: Annotated[int, Field(ge=2, le=65_536)] = Field(
        default=128, description="Images of a step; what is left over at the end of an epoch is left out."
    )
    learning_rate: Annotated[float, Field(gt=0, le=10)] = Field(
        default=0.002,
        description="Learning rate of Adam at the start; a cosine takes it to 0 over all steps.",
    )
    smoothing: Annotated[float, Field(ge=0, lt=1)] = Field(default=0.0, description="Label smoothing.")
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = Field(
        default=0, description="Seed of weights, batches and augmentation: the same seed, the same files."
    )
    precision: Literal["float32", "bfloat16"] = Field(
        default="float32",
        description="Number format of convolutions in training; evaluation is exact in either case.",
    )
    threads: Annotated[int, Field(ge=1, le=1024)] = Field(
        default=1, description="CPU threads; another number rounds differently, so it is part of a training."
    )
    device: Literal["cpu", "cuda"] = Field(
        default="cpu", description="Where to train; a GPU need not repeat a training to the bit."
    )
    compile: bool = Field(
        default=False,
        description="Compile steps on a GPU (torch.compile); a CPU trains as without, to the bit.",
        exclude_if=_is_false,
    )
    start: Text | None = Field(
        default=None,
        description="NAME-latent.npz of a training of this topology and order, to begin from.",
        exclude_if=_is_none,
    )
    distillation: Distillation | None = Field(
        default=None, description="Learn from another network's scores too.", exclude_if=_is_none
    )
    regularisers: Regularisers = Regularisers()
    images_shipped: Annotated[int, Field(ge=0)] = Field(
        default=0, description="Test images to write beside the workload, from the first on; 0 for none."
    )
    images_file: Text | None = Field(
        default=None, description="Images that the workload names instead, relative to the workload."
    )
    images_profiled: Annotated[int, Field(ge=1)] = Field(
        default=64, description="Test images, from the first on, on which pruning is measured every epoch."
    )
    measure_every: Annotated[int, Field(ge=1)] = Field(
        default=1,
        description="Measure after every so many epochs; after the last one always.",
        exclude_if=_is_one,
    )
    keep_latent: bool = Field(
        default=False,
        description="Write NAME-latent.npz too: what `start` and `distillation` of other trainings read.",
        exclude_if=_is_false,
    )

    @classmethod
    def cross_field_problems(cls, data: Mapping[str, Any]) -> Iterator[Conflict]:
        """Yield a warm-up that outlasts the training, and images both written and named."""
        if data.get("images_shipped") and data.get("images_file"):
            yield Conflict(
                (("images_shipped",), ("images_file",)), "one of the two says which images come along"
            )
        regularisers = data.get("regularisers")
        warm_up = regularisers.get("warm_up_epochs") if isinstance(regularisers, dict) else None
        epochs = data.get("epochs")
        if isinstance(warm_up, int) and isinstance(epochs, int) and warm_up > epochs:
            place = ("regularisers", "warm_up_epochs")
            yield Conflict((place, ("epochs",)), f"{warm_up} epochs of warm-up in {epochs} of training")
