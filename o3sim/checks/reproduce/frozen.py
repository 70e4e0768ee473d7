"""The machines behind the table: files that do not follow what is shipped, each with its digest.

Rows published once stay what they were while shipped machines move on; a file that was changed is refused.
``machines/SHA256SUMS`` is what ``sha256sum -c`` reads. Energy tables are named in them and not frozen.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from o3sim.config.architecture import Architecture
from o3sim.config.load import load_architecture
from o3sim.errors import InputError
from o3sim.files import sha256_of_file

FOLDER = Path(__file__).with_name("machines")
SUMS = "SHA256SUMS"


@cache
def digests() -> dict[str, str]:
    """Return the SHA-256 of every file, in hexadecimal, by the name of its machine."""
    lines = (FOLDER / SUMS).read_text(encoding="ascii").splitlines()
    return {Path(name).stem: digest for digest, name in (line.split() for line in lines)}


def frozen(name: str) -> Architecture:
    """Load a machine.

    Raises
    ------
    InputError
        If its file is not what it was when its digest was taken.
    """
    path = FOLDER / f"{name}.yaml"
    if sha256_of_file(path) != digests()[name]:
        raise InputError(f"{path}: not as it was frozen: {SUMS} beside it has another digest; restore it")
    return load_architecture(str(path))
