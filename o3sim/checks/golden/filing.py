"""Where goldens lie: each case has a folder to itself, the same in any checkout."""

from __future__ import annotations

import re
import shutil
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from o3sim.checks.golden.case import MANIFEST, OLDEST_VERSION, Case, named_in, read_manifest, seen_from
from o3sim.checks.golden.record import Inputs, record
from o3sim.config.identity import digest
from o3sim.errors import InputError
from o3sim.files.folders import settle_folder

if TYPE_CHECKING:
    from o3sim.runs.simulation import Progress

_DIGITS = 8
"""Of a golden's hash in its folder's name."""

_LONGEST_WORD = 40
"""Characters of an architecture's or workload's name in a folder's name."""


def golden_folder(parent: Path, case: Case) -> Path:
    """Return the folder in ``parent`` that a case's golden has to itself, in any checkout.

    Its name depends on what the case names, not on what is in it: a changed input is a change of its golden,
    and no new one.

    >>> golden_folder(Path("goldens"), Case("archs/my chip.yaml", "fashion-vgg", images=2)).name
    'my_chip-fashion-vgg-081d6aff'
    """
    seen = seen_from(case, parent)
    plain = Case("", "")
    asked = {
        field.name: sorted(set(value)) if field.name == "layers" else value
        for field in fields(Case)
        if field.name != "scratch" and (value := getattr(seen, field.name)) != getattr(plain, field.name)
    }
    words = [_word(source)[:_LONGEST_WORD] for source in (seen.architecture, seen.workload)]
    return parent / "-".join([*words, digest(asked)[:_DIGITS]])


def _word(source: str) -> str:
    name = source.rsplit("/", 1)[-1]
    return re.sub(r"[^\w.-]+", "_", re.sub(r"\.ya?ml$", "", name))


def older_folder(parent: Path, inputs: Inputs) -> Path | None:
    """Return the folder in ``parent`` that an earlier o3sim filed a case's golden in, if it is there."""
    names = inputs.architecture.name, inputs.network.name
    folder = parent / "-".join(re.sub(r"[^\w.-]+", "_", name) for name in names)
    try:
        manifest = read_manifest(folder)
        then = named_in(manifest, folder)
    except InputError:
        return None
    now = replace(inputs.case, layers=tuple(inputs.layer_names), test="")
    same = then == seen_from(now, folder) and manifest["o3sim_golden"] == OLDEST_VERSION
    return folder if same else None


def recorded_folder(parent: Path, inputs: Inputs) -> Path | None:
    """Return the folder in ``parent`` where a case's golden lies, filed by this o3sim or an earlier one."""
    folder = golden_folder(parent, inputs.case)
    settle_folder(folder)
    return folder if (folder / MANIFEST).is_file() else older_folder(parent, inputs)


def record_in(parent: Path, inputs: Inputs, progress: Progress | None = None) -> Path:
    """Run a case and file its golden in ``parent``, in place of an older one; return its folder.

    Raises
    ------
    InputError
        If the case cannot be run, or a file not be written.
    """
    folder, older = golden_folder(parent, inputs.case), older_folder(parent, inputs)
    record(inputs, folder, progress=progress)
    if older is not None:
        shutil.rmtree(older, ignore_errors=True)
    return folder
