"""What one video may cost."""

import math
import os
from dataclasses import dataclass
from typing import Final, Self, final

from app.decoding_settings import GIB, DecodingSettings
from app.infra import machine
from app.infra.ffmpeg.child import ChildLimits

_PICTURES_PER_SECOND: Final = 240  # No phone or screen recorder makes more in a long film.
_SHORT_FILM_PACKETS: Final = 1_000_000  # A short one may have any rate.
_MOST_SECONDS: Final = 6 * 3600
"""Of a film that may be as long as it is, so much decides how many packets memory is given for."""
_DECODING_SECONDS: Final = 600.0
_INSPECTING_SECONDS: Final = 60.0
_INSPECTING_BYTES_PER_SECOND: Final = 20 * 1024 * 1024


@final
@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one extraction; reaching one is a failure with its own code, never a silent cut."""

    settings: DecodingSettings
    memory_bytes: int
    """Address space of one child, on this machine."""
    unhurried: bool = False
    """Whether a film may be as long as it is, and be read as slowly as its disk is: its own user waits for it."""

    @property
    def max_packets(self) -> int:
        """How many packets the longest film may have: each takes 25 bytes, and up to 60 more while it is planned."""
        longest = self.settings.max_duration_seconds
        if self.unhurried:
            longest = min(longest, _MOST_SECONDS)
        return max(_SHORT_FILM_PACKETS, math.ceil(_PICTURES_PER_SECOND * longest))

    def inspecting_seconds(self, size_bytes: int) -> float:
        """How long looking at a file of this size may take: it is read once, from a slow disk at worst."""
        by_size = _INSPECTING_SECONDS + size_bytes / _INSPECTING_BYTES_PER_SECOND
        return self._at_most(by_size)

    def decoding_seconds(self, film_seconds: float) -> float:
        """Return how long decoding a film of this length may take."""
        by_length = _DECODING_SECONDS + self.settings.extraction_ratio * film_seconds
        return self._at_most(by_length)

    def _at_most(self, seconds: float) -> float:
        longest = self.settings.extraction_timeout_seconds
        return longest if self.unhurried else min(longest, seconds)

    def of_child(self, seconds: float) -> ChildLimits:
        """Return the limits of a child that is waited for so long: no more processor time than all cores can give."""
        return ChildLimits(self.memory_bytes, math.ceil(seconds * (os.cpu_count() or 1)))

    @classmethod
    def of(cls, settings: DecodingSettings, machine_bytes: int | None = None, *, unhurried: bool = False) -> Self:
        """Share half of the machine among all children that there can be, unless somebody has said how much one gets.

        Not less than a GiB: that is address space, of which a program and its threads reserve more than they use.
        ``machine_bytes`` stands for the memory that this machine has.
        """
        most = settings.extraction_memory_bytes
        if "extraction_memory_bytes" not in settings.model_fields_set:
            children = settings.workers * settings.worker_slots
            most = min(most, max(GIB, (machine_bytes or machine.memory_bytes()) // 2 // children))
        return cls(settings, most, unhurried)
