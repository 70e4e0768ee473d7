"""How many bits the sums have that a layer, or the host, writes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator
from pydantic_core import PydanticKnownError


def _whole_words(bits: Any) -> Any:
    """Refuse what is neither 16 nor 32, or only equal to them: `16.0`."""
    if bits is not None and (type(bits) is not int or bits not in (16, 32)):
        raise PydanticKnownError("literal_error", {"expected": "'16', '32'"})
    return bits


SumBits = Annotated[Literal[16, 32] | None, BeforeValidator(_whole_words)]
