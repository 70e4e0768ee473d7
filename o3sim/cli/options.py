"""The arguments and options that several commands have: each declared once, with one help and one check.

A command says ``images: options.Images = 1``. A wrong value is refused while the command line is
read, before anything is loaded, so that it is the same line whichever command it was given to.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from o3sim.cli import candidates, outputs
from o3sim.errors import InputError

T = TypeVar("T")

DEFAULT_ARCHITECTURE = "o3bnn"
DEFAULT_WORKLOAD = "fashion-vgg"


def _option(*names: str, check: Callable[[str, T], T] | None = None, **how: Any) -> Any:
    """Declare an option; ``check(name, value)`` returns the value to use, or refuses it."""
    return typer.Option(*names, callback=None if check is None else _callback(check), **how)


def _callback(check: Callable[[str, T], T]) -> Callable[[typer.CallbackParam, T | None], T | None]:
    def checked(param: typer.CallbackParam, value: T | None) -> T | None:
        return None if value is None else check(max(param.opts, key=len), value)

    return checked


def _if_not_given(parameter: Any, default: str) -> Any:
    """Declare a parameter again with the words for what is taken where it is not given."""
    stated = copy(parameter)
    stated.show_default = default
    return stated


def at_least_one(name: str, value: int) -> int:
    """Refuse a number of nothing.

    Raises
    ------
    InputError
        In the words that every command has for it.
    """
    if value < 1:
        raise InputError(f"{name} {value}: expected at least 1")
    return value


def _image(name: str, value: int) -> int:
    if value < 0:
        raise InputError(f"{name} {value}: images count from 0")
    return value


def _range(name: str, value: str) -> str:
    from o3sim.config.ranges import parse_range

    parse_range(name, value)
    return value


def _settings(name: str, values: list[str]) -> list[str]:
    for value in values:
        if not value.partition("=")[0] or "=" not in value:
            raise InputError(f"{name} {value}: expected KEY=VALUE, as in pe.count=32")
    return values


_WORKLOAD = typer.Argument(
    metavar="WORKLOAD", help="Workload: shipped name or YAML file.", autocompletion=candidates.workloads
)
Architecture = Annotated[
    str,
    typer.Argument(
        metavar="ARCH",
        help="Architecture: shipped name or YAML file.",
        autocompletion=candidates.architectures,
    ),
]
Architectures = Annotated[
    str,
    typer.Argument(
        metavar="ARCH,...",
        help="Architectures, or canonical traces of a layer: nothing is run.",
        autocompletion=candidates.several_architectures,
    ),
]
Workload = Annotated[str, _WORKLOAD]
WorkloadOfResult = Annotated[str | None, _if_not_given(_WORKLOAD, f"the result's, or {DEFAULT_WORKLOAD}")]

Set = Annotated[
    list[str] | None,
    _option(
        "--set",
        metavar="KEY=VALUE",
        check=_settings,
        autocompletion=candidates.settings,
        help="Take ARCH with another value of a key, as in pe.count=32; repeatable.",
    ),
]

_IMAGES = _option("--images", metavar="N", check=at_least_one, help="Images to take, from the first on.")
Images = Annotated[int, _IMAGES]
AllImages = Annotated[int | None, _if_not_given(_IMAGES, "all")]
ImagesOfResult = Annotated[int | None, _if_not_given(_IMAGES, "as many as the result has, or 1")]

_IMAGE_FILE_HELP = "Images (x) and labels (y) in place of the workload's own."
_IMAGE_FILE = _option("--image-file", metavar="FILE.npz", help=_IMAGE_FILE_HELP)
ImageFile = Annotated[Path | None, _IMAGE_FILE]
NeededImageFile = Annotated[Path, _IMAGE_FILE]
ImageFiles = Annotated[
    list[Path] | None,
    _option(
        "--image-file",
        metavar="FILE.npz",
        help="Images for the networks that come without and that they fit; repeat for several.",
    ),
]
Image = Annotated[
    int, _option("--image", metavar="I", check=_image, help="Image to run, by its number from 0.")
]

_LAYER = _option("--layer", metavar="LAYER", help="Layer, by its name or its number from 0.")
Layer = Annotated[str, _LAYER]
LayerRow = Annotated[list[str], _LAYER]
LongestLayer = Annotated[str | None, _if_not_given(_LAYER, "the longest")]
OptionalLayer = Annotated[str | None, _if_not_given(_LAYER, "that of the traces")]
AllLayers = Annotated[str | None, _if_not_given(_LAYER, "all")]
LayerOrAll = Annotated[str | None, _if_not_given(_LAYER, "with --interval all")]
Layers = Annotated[list[str] | None, _if_not_given(_LAYER, "all")]
Cycles = Annotated[
    str,
    _option(
        "--cycles",
        metavar="A:B",
        check=_range,
        help="Cycles A to B-1 of the layer, from its first, 0; also A: and :B.",
    ),
]
Ops = Annotated[
    str,
    _option(
        "--ops",
        metavar="A:B",
        check=_range,
        help="Ops A to B-1 of the layer, in program order from 0; also A: and :B.",
    ),
]
Engine = Annotated[
    str | None,
    _option(
        "--engine",
        metavar="NAME",
        autocompletion=candidates.engines,
        help="compiled, or simpy: the same machine in units of plain Python.",
    ),
]


def _seed(name: str, value: int) -> int:
    if value < 0:
        raise InputError(f"{name} {value}: seeds count from 0")
    return value


Sample = Annotated[
    bool,
    _option(
        "--sample",
        help="Run stretches of large layers only, and report what all take with 95 % intervals.",
    ),
]
SampleSeed = Annotated[
    int, _option("--sample-seed", metavar="N", check=_seed, help="Which stretches --sample draws.")
]
Jobs = Annotated[
    int, _option("--jobs", metavar="N", check=at_least_one, help="Processes to spread the work over.")
]
Scheduler = Annotated[
    str | None, _option("--scheduler", metavar="ADDRESS", help="Run on the workers of this dask scheduler.")
]
TlsCaFile = Annotated[
    Path | None,
    _option("--tls-ca-file", metavar="FILE", help="Whose certificates to trust at a tls:// scheduler."),
]
TlsCert = Annotated[
    Path | None, _option("--tls-cert", metavar="FILE", help="Certificate to show the scheduler.")
]
TlsKey = Annotated[
    Path | None, _option("--tls-key", metavar="FILE", help="Its private key, if in another file.")
]
Cluster = Annotated[Path | None, _option("--cluster", metavar="SLURM.yaml", help="Run on jobs of SLURM.")]
Resume = Annotated[bool, _option("--resume", help="Go on with what an interrupted run has left.")]
DryRun = Annotated[bool, _option("--dry-run", help="Only check, and say what it would take; write nothing.")]
Profiles = Annotated[
    Path | None, _option("--profiles", metavar="DIR", help="Read profiles that `profile --save DIR` kept.")
]


def _allow(context: typer.Context, wanted: bool) -> None:
    """Allow code until the command ends."""
    if wanted:
        from o3sim.config.consent import allow_code

        context.call_on_close(allow_code().close)


AllowCode = Annotated[
    bool,
    typer.Option(
        "--allow-code", callback=_allow, help="Run the code in FILE.py:Class that this names: read it first."
    ),
]
Wide = Annotated[bool, _option("--wide", help="Show all columns, also where that takes over 80.")]
NoReuse = Annotated[
    bool, _option("--no-reuse", help="Run again what an earlier point ran alike; the tables are the same.")
]
Parquet = Annotated[bool, _option("--parquet", help="Write the tables as Parquet too.")]

Json = Annotated[
    str,
    _option(
        "--json",
        metavar="FILE",
        check=outputs.check_json,
        help="Write the results as JSON; - for standard output.",
    ),
]

_OUTPUT = ("--output", "-o")
_FILE = _option(*_OUTPUT, metavar="FILE", check=outputs.check_file, help="Write this file.")
OutputFile = Annotated[Path, _FILE]
PageFile = Annotated[
    Path, _option(*_OUTPUT, metavar="FILE.html", check=outputs.check_page, help="Page to write.")
]
ReportFile = Annotated[Path | None, _if_not_given(_FILE, "DIR/report.html, or RESULT.html")]

_FIGURE = _option(
    *_OUTPUT, metavar="FILE", check=outputs.check_figure, help="Figure to write: .png, .svg or .pdf."
)
Figure = Annotated[Path, _FIGURE]


def _inches(name: str, value: float) -> float:
    from o3sim.report.plot.style import LEAST_INCHES, MOST_INCHES

    if not LEAST_INCHES <= value <= MOST_INCHES:
        raise InputError(f"{name} {value:g}: expected {LEAST_INCHES:g} to {MOST_INCHES:g}")
    return value


def _style(name: str, value: str) -> str:
    from o3sim.config.catalog import suggest
    from o3sim.report.plot.style import STYLES

    if value not in STYLES:
        raise InputError(f"{name} {value}: expected {' or '.join(STYLES)}{suggest(value, STYLES)}")
    return value


Inches = Annotated[
    float | None,
    _option(
        "--inches",
        metavar="W",
        check=_inches,
        help="Width of the figure; text keeps its size. 3.5 is a column of a paper.",
        show_default="7.16, slides 10",
    ),
]
Style = Annotated[
    str, _option("--style", metavar="NAME", check=_style, help="paper: text of 8 points; slides: of 16.")
]
FigureOfTable = Annotated[Path | None, _if_not_given(_FIGURE, "a PNG in DIR")]

_NAME = _option(
    *_OUTPUT, metavar="NAME", check=outputs.check_name, help="Write NAME.yaml and what belongs to it."
)
OutputName = Annotated[Path, _NAME]
TrainedName = Annotated[Path | None, _if_not_given(_NAME, "the training's own, here")]

_FOLDER = _option(
    *_OUTPUT, metavar="DIR", check=outputs.check_folder, help="Write into this folder; made if need be."
)
OutputFolder = Annotated[Path, _FOLDER]
OptionalFolder = Annotated[Path | None, _FOLDER]
