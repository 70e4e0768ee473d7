"""Cases: a folder of seeds, one of them damaged, and a call. Each depends on its seed and number alone."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from random import Random

from scripts.fuzzing import arguments
from scripts.fuzzing.kinds import KINDS, OPTIONS, OPTIONS_WEIGHT, Kind
from scripts.fuzzing.mutate import damage

FOLDERS = " ".join(each.folders for each in KINDS)


@dataclass(frozen=True)
class Case:
    """A call; ``kind`` says what is damaged."""

    kind: str
    words: tuple[str, ...]

    def run(self) -> None:
        """Call as a process of its own would."""
        from o3sim.cli import app as cli

        sys.argv = ["o3sim", *self.words]
        cli.main()


def prepare(name: str, only: str | None, seeds: Path, files: Path) -> Case:
    """Copy the seeds that a case needs, damage one, and make up the call.

    Parameters
    ----------
    name : str
        Of the case: the same name, the same case.
    only : str or None
        A kind alone.
    files : Path
        Folder to make.
    """
    random = Random(name)  # noqa: S311 - the same numbers for a name are the point
    kind = _kind(only, random)
    _copy(seeds, files, FOLDERS if kind is None else kind.folders)
    if kind is None:
        return Case(OPTIONS, tuple(arguments.damaged_call(random)))
    found = [path for pattern in kind.damaged.split() for path in sorted(files.glob(pattern))]
    damage(random.choice(found), random)
    return Case(kind.name, tuple(random.choice(kind.commands).split()))


def _kind(only: str | None, random: Random) -> Kind | None:
    """Draw a kind; None stands for the command line."""
    kinds = [each for each in (*KINDS, None) if only in (None, each.name if each else OPTIONS)]
    return random.choices(kinds, [each.weight if each else OPTIONS_WEIGHT for each in kinds])[0]


def _copy(seeds: Path, files: Path, folders: str) -> None:
    files.mkdir(parents=True)
    for path in seeds.iterdir():
        if path.is_file():
            shutil.copyfile(path, files / path.name)
        elif path.name in folders.split():
            shutil.copytree(path, files / path.name)
