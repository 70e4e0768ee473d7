"""``o3sim example``: the files that the pages of the manual use."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from o3sim.cli import candidates, options, outputs
from o3sim.errors import InputError


def example(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="EXAMPLE",
            help="Example; lists all of them if left out.",
            autocompletion=candidates.examples,
        ),
    ] = None,
    output: options.OptionalFolder = None,
) -> None:
    """List the example files of the manual, print one, or write it with the files that it names.

    With --output and no name all of them are written. What is there already is not overwritten.
    """
    from o3sim.cli.listing import print_described
    from o3sim.config.examples import example_files, examples

    if output is not None:
        _write([file for each in ([name] if name else examples()) for file in example_files(each)], output)
    elif name is not None:
        print(example_files(name)[0].read_text(encoding="utf-8"), end="")
    else:
        print_described("examples", examples())


def _write(files: list[Path], folder: Path) -> None:
    """Write files into a folder; those that are there with the same content are left as they are."""
    from o3sim.files import write_atomic

    outputs.make_folder("--output", folder)
    contents = {folder / file.name: file.read_bytes() for file in files}
    for target, content in contents.items():
        if target.exists() and not (target.is_file() and target.read_bytes() == content):
            raise InputError(
                f"--output {folder}: {target} is there, with other content; choose another folder"
            )
    for target, content in contents.items():
        write_atomic(target, content)
        print(target)
