"""How a picture must be turned, as a display matrix says it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

# By quarters of a circle clockwise, and by whether the picture is mirrored before.
_TURNS: Final[Mapping[tuple[int, bool], Sequence[str]]] = {
    (0, False): (), (0, True): ("hflip",),
    (1, False): ("transpose=clock",), (1, True): ("transpose=clock_flip",),
    (2, False): ("hflip", "vflip"), (2, True): ("vflip",),
    (3, False): ("transpose=cclock",), (3, True): ("transpose=cclock_flip",),
}  # fmt: skip


@final
@dataclass(frozen=True, slots=True)
class Orientation:
    """How a picture is turned: mirrored at its vertical axis first, then by quarters of a circle clockwise."""

    quarters: int = 0
    mirrored: bool = False

    @property
    def swaps(self) -> bool:
        """Whether width and height change places."""
        return self.quarters % 2 == 1

    @property
    def filters(self) -> Sequence[str]:
        """What turns a picture so, in order."""
        return _TURNS[self.quarters, self.mirrored]

    def __str__(self) -> str:
        turned = f"rotated by {self.quarters * 90} degrees clockwise" if self.quarters else ""
        return " and ".join(filter(None, ["mirrored" if self.mirrored else "", turned])) or "upright"


def orientation(display_matrix: Sequence[int] | None) -> tuple[Orientation, float]:
    """Read a display matrix: what is no quarter of a circle becomes the nearest, off by an angle in degrees."""
    if display_matrix is None:
        return Orientation(), 0.0
    a, b, c, d = (display_matrix[i] for i in (0, 1, 3, 4))
    if not a * d - b * c:
        return Orientation(), 0.0  # It would leave nothing to see.
    mirrored = a * d - b * c < 0
    angle = math.degrees(math.atan2(-b, -a) if mirrored else math.atan2(b, a))  # Where a row goes.
    quarters = round(angle / 90)
    return Orientation(quarters % 4, mirrored), abs(angle - quarters * 90)
