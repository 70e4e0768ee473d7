"""What may lie where a file is looked for: nothing, a folder, a pipe, a device, links in a circle."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from random import Random


def misplace(path: Path, random: Random) -> str:
    """Put something else in the place of a file or folder; return what."""
    kept = path.read_bytes() if path.is_file() else b""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    what = random.choice(
        ("nothing", "folder", "pipe", "circle", "endless", "null", "empty", "spaces", "elsewhere")
    )
    if what == "folder":
        path.mkdir()
    elif what == "pipe":
        os.mkfifo(path)
    elif what in ("circle", "endless", "null"):
        path.symlink_to({"circle": path.name, "endless": "/dev/zero", "null": "/dev/null"}[what])
    elif what in ("empty", "spaces"):
        path.write_bytes(b"" if what == "empty" else b" \n" * 10)
    elif what == "elsewhere":
        path.with_name(f"{path.name} moved").write_bytes(kept)
        path.symlink_to(f"{path.name} moved")
    return what
