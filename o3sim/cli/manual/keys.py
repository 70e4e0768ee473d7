"""The page of all keys of all configuration files, off their models."""

from __future__ import annotations

from pydantic import BaseModel

from o3sim.cli.kinds import KINDS
from o3sim.cli.manual.tables import markdown_table
from o3sim.cli.model_keys import keys_of

_TOP = """\
# Keys

Every key of every configuration file, as its model has it; `o3sim schema` writes the same for editors. `[]`
stands for the items of a list, `*` for a name of yours. A key with neither a default nor *optional* has to be
given where the mapping that it stands in is there; a file that `extends` another states only what differs.
What keys do is explained in the page on each kind of file.
"""

_STAGES = "stages[]."
"""Keys of the stages of a pipeline: those of the units, again."""


def keys_page() -> str:
    """Write the page."""
    sections = (f"## {kind.label.capitalize()}\n\n{_table(kind.model)}\n" for kind in KINDS)
    return "\n".join([_TOP, *sections])


def _table(model: type[BaseModel]) -> str:
    rows = [
        (f"`{key.name}`", key.value, f"`{key.default}`" if key.default else _absent(key.required), key.says)
        for key in keys_of(model)
        if not key.name.startswith(_STAGES)
    ]
    return markdown_table(["key", "value", "default", "what it is"], rows)


def _absent(required: bool) -> str:
    return "" if required else "optional"
