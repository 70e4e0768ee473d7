"""From a workload's name or path to the network and the images it describes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path

from o3sim.config.host_ops import FIRST, shape_after
from o3sim.config.load import check, load_document, resolve
from o3sim.config.workload import Addend as AddKeys
from o3sim.config.workload import (
    BinaryEncoding,
    ConvLayer,
    DenseLayer,
    FixedEncoding,
    ImageFile,
    ImageRecipe,
    InputMap,
    OwnInput,
    ParameterRecipe,
    RealEncoding,
    Workload,
)
from o3sim.errors import InputError
from o3sim.files import load_npz
from o3sim.network.host import HostInput, host_side
from o3sim.network.images import Images, load_images
from o3sim.network.layer import Addend, Geometry, LayerSize, Pool
from o3sim.network.network import Network
from o3sim.network.parameters import Shapes, load_layers
from o3sim.network.preprocess import BinaryInput, FixedInput, InputSpec
from o3sim.network.synthetic_images import synthetic_images
from o3sim.network.synthetic_parameters import synthetic_layers

MOST_MADE_BYTES = 2**31
"""Of synthetic images, which are all in memory."""


@dataclass(frozen=True)
class WorkloadFiles:
    """A workload, where its files are, and the recipes it has in place of files."""

    workload: Workload
    path: Path
    parameters: Path | ParameterRecipe
    images: Path | ImageRecipe | None


def load_workload(name_or_path: str | Path) -> WorkloadFiles:
    """Read a workload by shipped name or by path: its YAML only.

    Raises
    ------
    InputError
        If there is no such workload, or something in it is wrong (``ConfigError``).
    """
    path = resolve("workload", name_or_path)
    document = load_document(path)
    workload = check(document, Workload)
    images: Path | ImageRecipe | None = None
    if isinstance(workload.images, ImageFile):
        images = Path(document.file_of(("images", "file"))).parent / workload.images.file
    elif workload.images is not None:
        images = workload.images.synthetic
    parameters: Path | ParameterRecipe
    if isinstance(workload.parameters, str):
        parameters = Path(document.file_of(("parameters",))).parent / workload.parameters
    else:
        parameters = workload.parameters.synthetic
    return WorkloadFiles(workload, path, parameters, images)


def layer_sizes(files: WorkloadFiles) -> tuple[LayerSize, ...]:
    """Return what is known of the layers before parameters are read or made: no edge orders yet."""
    return tuple(LayerSize(*shape) for shape in layer_shapes(files.workload))


def load_network(files: WorkloadFiles) -> Network:
    """Read the parameters of a workload, or make them, and build its network.

    Raises
    ------
    InputError
        If they do not fit the topology.
    """
    workload = files.workload
    shape = (workload.input.height, workload.input.width, workload.input.channels)
    shapes = layer_shapes(workload)
    if isinstance(files.parameters, Path) and (workload.first or workload.last):
        return _with_host(workload, files.parameters, shape, shapes)
    spec = input_spec(workload.input)
    synthetic = isinstance(files.parameters, ParameterRecipe)
    if isinstance(files.parameters, ParameterRecipe):
        layers = synthetic_layers(files.parameters, spec, shape, shapes)
    else:
        layers = load_layers(files.parameters, shapes, spec.offset)
    return Network(workload.name, spec, shape, layers, workload.class_names, synthetic)


def _with_host(workload: Workload, path: Path, shape: tuple[int, int, int], shapes: Shapes) -> Network:
    """Build a network with float layers at its ends."""
    arrays, encoding, last = load_npz(path), workload.input.encoding, None
    spec: InputSpec | HostInput
    geometry = shapes[-1][1]
    try:
        if workload.first is not None and isinstance(encoding, RealEncoding):
            low, high = encoding.range
            side = host_side(arrays, workload.first.host, shape)
            spec = HostInput(low, high, side, workload.first.sum_bits or 0, workload.first.fraction_bits or 0)
        else:
            spec = input_spec(workload.input)
        if workload.last is not None:
            made = (geometry.pooled_height, geometry.pooled_width, geometry.out_channels)
            last = host_side(arrays, workload.last.host, made)
    except InputError as error:
        raise InputError("\n".join(f"{path}: {line}" for line in str(error).splitlines())) from None
    sides = [side for side in (spec.side if isinstance(spec, HostInput) else None, last) if side is not None]
    others = {name for side in sides for name in side.names}
    host_sums = spec.sum_ends() if isinstance(spec, HostInput) and spec.sum_bits else None
    layers = load_layers(path, shapes, spec.offset, others, host_sums)
    return Network(workload.name, spec, shape, layers, workload.class_names, last=last)


def workload_images(
    files: WorkloadFiles, network: Network, image_file: Path | None = None, count: int | None = None
) -> Images:
    """Read the images to run: those given, or else the workload's own, which may be synthetic.

    Parameters
    ----------
    image_file : Path, optional
        NPZ file in place of the workload's images.
    count : int, optional
        Take only that many from the start.

    Raises
    ------
    InputError
        If there are no images, they do not fit the network, or there are fewer than ``count``.
    """
    own = files.workload.images
    path = image_file or files.images
    if isinstance(path, ImageRecipe):
        return _made_images(files.path, path, network, count)
    if path is None:
        raise InputError(f"{files.path}: comes without images; give some with --image-file FILE.npz")
    images = load_images(path, network)
    try:
        if image_file is None and isinstance(own, ImageFile) and own.count is not None:
            images = images.first(own.count)
        return images if count is None else images.first(count)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _made_images(path: Path, recipe: ImageRecipe, network: Network, count: int | None) -> Images:
    """Make only the images that are asked for."""
    wanted = recipe.count if count is None else count
    if not 1 <= wanted <= recipe.count:
        raise InputError(f"{path}: {wanted} images asked for, 1 to {recipe.count} available")
    size_bytes = wanted * prod(network.input_shape)
    if size_bytes > MOST_MADE_BYTES:
        raise InputError(
            f"{path}: {wanted:,} images of {network.input_shape} values take {size_bytes:,} bytes; make fewer"
        )
    return Images(synthetic_images(recipe.seed, wanted, network.input_shape), None, synthetic=True)


def input_spec(image: InputMap) -> InputSpec:
    """Return how pixels are encoded."""
    encoding = image.encoding
    if isinstance(encoding, RealEncoding):
        raise InputError(
            "real numbers are for the float layers of the host, and those for commands that run them"
        )
    if isinstance(encoding, BinaryEncoding):
        return BinaryInput(encoding.threshold)
    low, high = encoding.range
    return FixedInput(encoding.bits, encoding.signed, encoding.fraction_bits, low, high)


def layer_shapes(workload: Workload) -> Shapes:
    """Work out the geometry of every layer from the input on.

    Returns
    -------
    list of (str, Geometry, bool)
        Name, geometry, and whether the layer gives the scores.
    """
    image = workload.input
    shape = (image.height, image.width, image.channels)
    planes = image.encoding.bits if isinstance(image.encoding, FixedEncoding) else 1
    if workload.first is not None:
        for op in workload.first.host:
            shape = shape_after(op.model_dump(), shape) or shape
    shapes: Shapes = []
    made: dict[str, Geometry] = {}
    host = (*shape, workload.first.sum_bits) if workload.first and workload.first.sum_bits else None
    for layer in workload.layers:
        if isinstance(layer.input, OwnInput):
            shape, planes = (layer.input.height, layer.input.width, layer.input.channels), 1
        elif layer.input is not None:
            shape, planes = _output_shape(made[layer.input]), 1
        geometry = replace(
            _geometry(layer, shape, planes),
            own_input=isinstance(layer.input, OwnInput),
            source=layer.input if isinstance(layer.input, str) else "",
            sum_bits=layer.sum_bits or 0,
            addend=_addend(layer, made, host),
        )
        shapes.append((layer.name, geometry, isinstance(layer, DenseLayer) and layer.scores))
        made[layer.name] = geometry
        shape, planes = _output_shape(geometry), 1
    return shapes


def _output_shape(geometry: Geometry) -> tuple[int, int, int]:
    return geometry.pooled_height, geometry.pooled_width, geometry.out_channels


def _addend(
    layer: ConvLayer | DenseLayer, made: Mapping[str, Geometry], host: tuple[int, int, int, int] | None
) -> Addend | None:
    """Return what a layer adds, of the layers above or of the host's: rows, columns, channels, bits."""
    if layer.add is None:
        return None
    keys = AddKeys(layer=layer.add) if isinstance(layer.add, str) else layer.add
    if host is not None and keys.layer == FIRST:
        return Addend(FIRST, *host, keys.stride, keys.by == "average")
    source = made[keys.layer]
    bits = source.sum_bits or 1
    return Addend(keys.layer, *_output_shape(source), bits, keys.stride, keys.by == "average")


def _geometry(layer: ConvLayer | DenseLayer, shape: tuple[int, int, int], planes: int) -> Geometry:
    height, width, channels = shape
    if isinstance(layer, DenseLayer):
        return Geometry("dense", 1, 1, height * width * channels, layer.features, planes=planes)
    pool = None if layer.pool == "none" else Pool(layer.pool.size, layer.pool.stride)
    return Geometry(
        "conv",
        height,
        width,
        channels,
        layer.channels,
        *layer.kernel_sides,
        layer.stride,
        layer.padding_pixels,
        layer.padding_word,
        planes,
        pool,
    )
