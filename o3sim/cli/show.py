"""``o3sim show``: an architecture with all that it extends written out, or a workload."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from o3sim.cli import candidates, options
from o3sim.cli.machines import load_machine
from o3sim.errors import InputError

if TYPE_CHECKING:
    from o3sim.config.marks import Document, KeyPath


def show(
    name: Annotated[
        str,
        typer.Argument(
            metavar="ARCH|WORKLOAD",
            help="Architecture or workload: shipped name or YAML file.",
            autocompletion=candidates.shipped,
        ),
    ],
    settings: options.Set = None,
    control: Annotated[
        str | None,
        typer.Option(
            metavar="CONTROL",
            help="The control of that name, derived from it. `o3sim list`.",
            autocompletion=candidates.controls,
        ),
    ] = None,
) -> None:
    """Print an architecture or a workload in full, as YAML.

    Files that a workload names are printed with their whole path, so that what is printed works anywhere.
    """
    from o3sim.config.controls import control_of
    from o3sim.config.yaml_marks import dump_yaml

    workload = _workload_document(name)
    if workload is not None:
        if settings or control:
            given = f"--control {control}" if control else f"--set {(settings or [''])[0]}"
            raise InputError(f"{given}: {name} is a workload; only architectures are changed so")
        print(dump_yaml(_workload_in_full(workload)), end="")
        return
    machine = load_machine(name, settings)
    shown = machine if control is None else control_of(machine, control)
    print(dump_yaml(shown.model_dump()), end="")


def _workload_document(name: str) -> Document | None:
    """Return a workload's document; None if the name is that of an architecture, or of a file of one.

    Raises
    ------
    InputError
        If it is the name of nothing.
    """
    from o3sim.config.catalog import KINDS, is_path, is_there, names, resolve, suggest
    from o3sim.config.load import load_document

    if name in names("architecture"):
        return None
    if name in names("workload"):
        return load_document(resolve("workload", name))
    if not is_there(name):
        if is_path(name):
            return None
        hint = suggest(name, (known for kind in KINDS for known in names(kind)))
        shipped = "`o3sim list` shows those shipped, or give a file"
        raise InputError(f"no architecture or workload `{name}`{hint}; {shipped}")
    from o3sim.cli.kinds import kind_of

    document = load_document(Path(name))
    return document if kind_of(document).label == "workload" else None


def _workload_in_full(document: Document) -> dict[str, object]:
    from o3sim.config.load import check
    from o3sim.config.workload import Workload

    shown = check(document, Workload).model_dump(exclude_none=True)
    if isinstance(shown["parameters"], str):
        shown["parameters"] = _whole_path(document, ("parameters",), shown["parameters"])
    if "file" in shown.get("images", {}):
        shown["images"]["file"] = _whole_path(document, ("images", "file"), shown["images"]["file"])
    return shown


def _whole_path(document: Document, key: KeyPath, file: str) -> str:
    return str(Path(document.file_of(key)).absolute().parent / file)
