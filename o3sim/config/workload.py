"""The workload model: the topology of a network, and the files or the recipe its numbers come from.

``docs/workload.md`` explains each key and the layout of the files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticKnownError

from o3sim.config.host_ops import FirstPart, HostPart
from o3sim.config.marks import Conflict
from o3sim.config.model import CrossCheckedModel, StrictModel
from o3sim.config.sum_bits import SumBits
from o3sim.config.workload_rules import conflicts

Text = Annotated[str, Field(min_length=1)]
Size = Annotated[int, Field(ge=1, le=65_536)]
LayerName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$", max_length=64)]
Seed = Annotated[int, Field(ge=0, le=2**63 - 1)]
Share = Annotated[float, Field(gt=0, lt=1)]


class FixedEncoding(StrictModel):
    """Pixels 0..255 as fixed-point numbers: ``q = clip(floor(v * 2**fraction_bits + 0.5))``."""

    type: Literal["fixed"]
    bits: Annotated[int, Field(ge=2, le=16)] = Field(
        description="Width of q in bits; also the number of bit planes of the first layer."
    )
    signed: bool = Field(description="Whether q is two's complement (true) or unsigned (false).")
    fraction_bits: Annotated[int, Field(ge=0, le=32)] = Field(
        description="Bits after the binary point: q is v * 2**fraction_bits, rounded half up and clipped."
    )
    range: Annotated[list[float], Field(min_length=2, max_length=2)] = Field(
        description="[lo, hi], what the pixels 0 and 255 stand for: v = lo + (hi - lo) * p / 255."
    )


class BinaryEncoding(StrictModel):
    """Pixels as single bits: 1 iff ``p >= threshold``."""

    type: Literal["binary"]
    threshold: Annotated[int, Field(ge=0, le=256)] = Field(description="Least pixel value that is a 1.")


class RealEncoding(StrictModel):
    """Pixels 0..255 as real numbers, for float first layers; images of floats are taken as they are."""

    type: Literal["real"]
    range: Annotated[list[float], Field(min_length=2, max_length=2)] = Field(
        description="[lo, hi], what the pixels 0 and 255 stand for: v = lo + (hi - lo) * p / 255."
    )


class InputMap(StrictModel):
    """The images that the network takes."""

    height: Size = Field(description="Rows of an image.")
    width: Size = Field(description="Columns of an image.")
    channels: Size = Field(description="Values of a pixel: 1 for grey, 3 for RGB.")
    encoding: Annotated[FixedEncoding | BinaryEncoding | RealEncoding, Field(discriminator="type")] = Field(
        description="How a pixel value 0..255 becomes the first layer's input."
    )


class PoolingWindow(StrictModel):
    """Max pooling of thresholded bits, which is their OR."""

    size: Annotated[int, Field(ge=2, le=16)] = Field(description="Rows and columns of a window.")
    stride: Annotated[int, Field(ge=1, le=16)] = Field(
        description="Rows and columns from one window to the next; windows that do not fit are dropped."
    )


def _a_word(padding: Any) -> Any:
    """Refuse what is only equal to 1: `true`, `1.0`."""
    if isinstance(padding, (bool, float)):
        raise PydanticKnownError("literal_error", {"expected": "'exclude', '-1', '+1'"})
    return padding


class OwnInput(StrictModel):
    """Bits made of the image, as many ones as zeros, in place of the outputs of the layer above."""

    height: Size = Field(description="Rows of the map.")
    width: Size = Field(description="Columns of the map.")
    channels: Size = Field(description="Bits of a position.")


class Addend(StrictModel):
    """What is added to a layer's sums: the outputs of a layer above, one for each neuron."""

    layer: LayerName = Field(
        description="Which layer's: its sums if it writes any, else its bits as -1 and +1."
    )
    stride: Annotated[int, Field(ge=1, le=16)] = Field(
        default=1, description="Rows and columns of that map from one neuron's to the next one's."
    )
    by: Literal["average", "first"] = Field(
        default="average",
        description="Of `stride` above 1: the average of each square, rounded down (of bits their sum); or"
        " the first of its values.",
    )


INPUT = (
    "The layer whose outputs it takes, if not those of the layer above; or an input of the layer's own, bits"
    " made of the image."
)
ADD = "The layer above whose outputs are added to this one's sums, before the threshold."
SUM_BITS = (
    "Bits of the sums that the layer writes beside its bits, for a layer that adds them; absent: it writes"
    " bits only."
)
KernelSide = Annotated[int, Field(ge=1, le=64)]


class ConvLayer(StrictModel):
    """A convolution with binary weights."""

    type: Literal["conv"]
    name: LayerName = Field(description="Prefix of the layer's arrays in the parameter file.")
    channels: Size = Field(description="Output channels.")
    kernel: KernelSide | Annotated[list[KernelSide], Field(min_length=2, max_length=2)] = Field(
        description="Rows and columns of the kernel: a number, or [rows, columns]."
    )
    stride: Annotated[int, Field(ge=1, le=64)] = Field(
        default=1, description="Rows and columns from one output position to the next."
    )
    padding_pixels: Annotated[int, Field(ge=0, le=63)] = Field(
        default=0, description="Rows or columns added on each of the four sides."
    )
    padding: Annotated[Literal["exclude", "-1", "+1", -1, 1] | None, BeforeValidator(_a_word)] = Field(
        default=None,
        description="What a padded tap is: no edge at all (exclude: zero padding), or an ordinary edge with"
        " this activation; on fixed-point input with the least (-1) or the greatest (+1) value.",
    )
    pool: PoolingWindow | Literal["none"] = Field(
        default="none", description="Max pooling after the threshold, or `none`."
    )
    input: LayerName | OwnInput | None = Field(default=None, description=INPUT)
    add: LayerName | Addend | None = Field(default=None, description=ADD)
    sum_bits: SumBits = Field(default=None, description=SUM_BITS)

    @property
    def kernel_sides(self) -> tuple[int, int]:
        """Rows and columns of the kernel."""
        rows, columns = [self.kernel] * 2 if isinstance(self.kernel, int) else self.kernel
        return rows, columns

    @property
    def padding_word(self) -> Literal["exclude", "-1", "+1"]:
        """The padding as text, also where YAML read a number."""
        if self.padding in ("exclude", None):
            return "exclude"
        return "-1" if self.padding in ("-1", -1) else "+1"


class DenseLayer(StrictModel):
    """A fully connected layer; a map before it is flattened as y, x, c."""

    type: Literal["dense"]
    name: LayerName = Field(description="Prefix of the layer's arrays in the parameter file.")
    features: Size = Field(description="Outputs.")
    scores: bool = Field(
        default=False, description="The last layer: no threshold, its dots are the class scores."
    )
    input: LayerName | OwnInput | None = Field(default=None, description=INPUT)
    add: LayerName | Addend | None = Field(default=None, description=ADD)
    sum_bits: SumBits = Field(default=None, description=SUM_BITS)


class ImageFile(StrictModel):
    """Images that come with the workload."""

    file: Text = Field(description="NPZ file with the arrays x and, optionally, y; relative to this file.")
    count: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Use only that many from the start; all if absent."
    )


class ImageRecipe(StrictModel):
    """Images out of a seed, with the 1/f spectrum of natural images and no labels."""

    seed: Seed = Field(description="Same seed, same images, on any platform.")
    count: Annotated[int, Field(ge=1, le=1_000_000)] = Field(description="How many there are.")


class SyntheticImages(StrictModel):
    """Images that are made, not read."""

    synthetic: ImageRecipe


class ParameterRecipe(StrictModel):
    """Weights out of a seed, and thresholds that make given shares of ones."""

    seed: Seed = Field(description="Same seed, same parameters, on any platform.")
    ones: Share = Field(description="Share of ones of each channel, before its pool, on calibration images.")
    ones_of: dict[LayerName, Share] = Field(
        default_factory=dict, description="The same for the layers named, in place of `ones`."
    )
    margin: Annotated[float, Field(ge=0, le=10)] = Field(
        default=1.0,
        description="Mean distance |S - T| / n of neurons from their threshold that weights are made for, in"
        " units of 1/sqrt(n): trained networks have about 1. 0: weights are coin flips.",
    )
    calibration_images: Annotated[int, Field(ge=1, le=256)] = Field(
        default=16, description="Synthetic images, other than any that are run, to set thresholds on."
    )


class SyntheticParameters(StrictModel):
    """Parameters that are made, not trained; every report of such a network says so."""

    synthetic: ParameterRecipe


class Workload(CrossCheckedModel):
    """A network and, if it comes with any, its images."""

    name: Text = Field(description="Name in reports.")
    description: str = Field(default="", description="One line for `o3sim list`.")
    source: str = Field(default="", description="Where the trained parameters come from.")
    licence: str = Field(default="", description="Licence of parameters and images.")
    accuracy: str = Field(default="", description="What is known of the accuracy, and on which images.")
    classes: Annotated[list[Text], Field(min_length=1)] | Size | None = Field(
        default=None,
        description="Names of the classes, one for each output of the last layer; or only their number."
        " Absent if the last layer gives no scores: images have no class then.",
    )
    input: InputMap
    first: FirstPart | None = Field(
        default=None,
        description="Float layers before the binary ones, on the host; what they give is 1 where it is >= 0.",
    )
    layers: Annotated[
        list[Annotated[ConvLayer | DenseLayer, Field(discriminator="type")]], Field(min_length=1)
    ] = Field(
        description="From the input on, each after those it takes from; dense layers after convolutions,"
        " scores last. A layer with an `input` of its own begins anew."
    )
    last: HostPart | None = Field(
        default=None,
        description="Float layers behind the binary ones, on the host, from -1 and +1 to the scores; the last"
        " binary layer has thresholds then.",
    )
    parameters: Text | SyntheticParameters = Field(
        description="NPZ file of weights and thresholds, relative to this file; or how to make some."
    )
    images: ImageFile | SyntheticImages | None = Field(
        default=None, description="Images that come with the workload, or how to make some."
    )

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes; their numbers where they have no names; none of a network without classes."""
        if self.classes is None:
            return ()
        return tuple(map(str, range(self.classes)) if isinstance(self.classes, int) else self.classes)

    @classmethod
    def cross_field_problems(cls, data: Mapping[str, Any]) -> Iterator[Conflict]:
        """Yield what is wrong between keys; keys absent or of a wrong type are left to the model."""
        yield from conflicts(data)
