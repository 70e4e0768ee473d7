"""Values in files beside a model, as exporters write them: in its folder, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from o3sim.errors import InputError
from o3sim.files.inputs import open_input
from o3sim.formats.importers.folding.refusal import CannotRunError

MOST_BYTES = 2**33
"""Of a file: beyond any binarized network's float weights."""


class Beside:
    """The files beside a model.

    Attributes
    ----------
    read_bytes : int
        What was read of them, each tensor counted.

    Parameters
    ----------
    folder : Path
        Of the model.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sizes: dict[Path, int] = {}
        self.read_bytes = 0

    def read(self, entries: Mapping[str, str], size_bytes: int) -> bytes:
        """Read one tensor.

        Parameters
        ----------
        entries : mapping of str to str
            ``location``, and optionally ``offset`` and ``length``, as ONNX has them.
        size_bytes : int
            What its type and shape say.

        Raises
        ------
        CannotRunError
            If the file is not in the model's folder, or does not hold that much there.
        """
        path = self._path(entries.get("location", ""))
        offset, length = (_number(entries, key) for key in ("offset", "length"))
        if length is not None and length != size_bytes:
            raise CannotRunError(f"says that its values take {length} bytes; its shape takes {size_bytes}")
        try:
            with open_input(path, MOST_BYTES) as stream:
                held = self._sizes[path] = stream.seek(0, 2)
                end = (offset or 0) + size_bytes
                if end > held or (length is None and offset is None and size_bytes != held):
                    raise CannotRunError(
                        f"its values would end at byte {end} of `{path.name}`, which has {held}"
                    )
                self.read_bytes += size_bytes
                if self.read_bytes > 2 * sum(self._sizes.values()):
                    raise CannotRunError(f"takes bytes of `{path.name}` that others have taken already")
                stream.seek(offset or 0)
                return stream.read(size_bytes)
        except CannotRunError:
            raise
        except (InputError, OSError):
            raise CannotRunError(
                f"its values are in `{path.name}`, which cannot be read; it belongs beside the model"
            ) from None

    def _path(self, location: str) -> Path:
        """Return the path of a file in the model's folder, links followed."""
        parts = PurePosixPath(location).parts
        outside = not parts or location.startswith("/") or ".." in parts or not location.isprintable()
        try:
            if not outside:
                folder = self._folder.resolve()
                path = (folder / location).resolve()
                if path.is_relative_to(folder):
                    return path
        except (OSError, RuntimeError, ValueError):  # links in a circle, names too long
            pass
        raise CannotRunError("its values are in a file outside the model's folder, which is not opened")


def _number(entries: Mapping[str, str], key: str) -> int | None:
    word = entries.get(key)
    if word is None:
        return None
    if not (word.isascii() and word.isdigit() and len(word) < 20):
        raise CannotRunError(f"has `{key}` `{word[:20]}`, which is no number of bytes")
    return int(word)
