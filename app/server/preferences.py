"""What a client prefers, by its own weights (RFC 9110, section 12.4.2)."""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def preferred(header: str, known: Callable[[str], T | None]) -> T | None:
    """Return the client's favourite of what is ``known`` to us, by its weights, then by its order; None for nothing."""
    best, chosen = 0.0, None
    for choice in header.split(","):
        name, *parameters = (part.strip().lower() for part in choice.split(";"))
        weight, ours = _weight(parameters), known(name)
        if ours is not None and weight > best:
            best, chosen = weight, ours
    return chosen


def _weight(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.rstrip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
