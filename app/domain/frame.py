"""One picture of a film, as it is kept."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Frame:
    """One encoded picture of the plan, whole.

    ``number`` counts the film's pictures in the order of their presentation, from 0. ``time_seconds`` is when it
    comes on the screen and ``until_seconds`` when the next one does, both from the start of the presentation.
    ``instants`` are the times that were asked for and that it stands for, at least one: each is a file of the ZIP.
    Sides are pixels of the encoded picture.
    """

    number: int
    time_seconds: float
    until_seconds: float
    instants: tuple[float, ...]
    width: int
    height: int
    data: bytes
