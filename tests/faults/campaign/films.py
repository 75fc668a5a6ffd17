"""The films that people send: small ones that are done in no time, longer ones to be hit by a fault, damaged ones."""

import random
from dataclasses import dataclass
from pathlib import Path

from tests.clips import ffmpeg


@dataclass(frozen=True, slots=True)
class Film:
    """A file, how often it is sent, and how many pictures it must give; None where it is damaged."""

    name: str
    path: Path
    pictures: int | None
    share: int


def films_in(folder: Path) -> tuple[Film, ...]:
    """Make them: one picture a second, as whoever chooses nothing gets."""
    small, longer, damaged = (folder / f"{name}.mp4" for name in ("small", "longer", "damaged"))
    for path, size, seconds in ((small, "128x96", 2), (longer, "1280x720", 24)):
        ffmpeg(
            "-f", "lavfi", "-i", f"testsrc=s={size}:r=25:d={seconds}", "-c:v", "libx264", "-preset", "ultrafast",
            "-g", "500", "-pix_fmt", "yuv420p", "-movflags", "+faststart", str(path),
        )  # fmt: skip
    damaged.write_bytes(longer.read_bytes()[: longer.stat().st_size // 2])
    return (
        Film("small", small, 2, share=80),
        Film("longer", longer, 24, share=14),
        Film("damaged", damaged, None, share=6),
    )


def any_of(films: tuple[Film, ...], chance: random.Random) -> Film:
    """Choose one, as often as its share says."""
    return chance.choices(films, [film.share for film in films])[0]
