"""Numbers under names that are declared once: a frozen dataclass that says what each of them is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field, fields
from typing import Any, TypeVar

N = TypeVar("N", int, float)


def declared(says: str, **more: str) -> Any:
    """Make a field of :class:`Declared`: 0 unless it is given, with what it is in words.

    Parameters
    ----------
    says : str
        As the tables of ``docs/results.md`` have it.
    **more
        Whatever else is to be known of it, in its ``metadata``.
    """
    return field(default=0, metadata={"says": says, **more})


class Declared(Mapping[str, N]):
    """Numbers by attribute; as a mapping they come in the order in which they are declared."""

    def __getitem__(self, name: str) -> N:
        """Return a number by its name."""
        if name not in names_of(type(self)):
            raise KeyError(name)
        found: N = getattr(self, name)
        return found

    def __iter__(self) -> Iterator[str]:
        """Yield the names."""
        return iter(names_of(type(self)))

    def __len__(self) -> int:
        """Count the numbers."""
        return len(names_of(type(self)))


def names_of(cls: Any, **wanted: str) -> tuple[str, ...]:
    """List the names that a class declares, those only whose metadata is as wanted."""
    return tuple(
        item.name
        for item in fields(cls)
        if all(item.metadata.get(key) == value for key, value in wanted.items())
    )
