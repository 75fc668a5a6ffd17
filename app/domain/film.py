"""What is known of a file once it was inspected: facts, as data, from which the plan is made.

Nothing is decided here but which stream is the film.

The words are the field's: a *packet* is what the container stores and the decoder takes; *pts* and *dts* are its
presentation and decoding timestamps in ticks of its stream's time base; a *key* packet starts a group of pictures.
"""

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

NO_TIME: Final = -(2**63)
"""Stands in ``Packets.pts`` and ``.dts`` where a container has no such time (libavutil's AV_NOPTS_VALUE)."""

KEY: Final = 1  # A key picture, as container or codec mark it.
NON_REFERENCE: Final = 2  # No other picture needs it.
DISCARD: Final = 4  # Must be decoded for others and is never shown, as an edit list says.
CORRUPT: Final = 8  # The container itself says that this packet is damaged or cut off.
UNPROVEN: Final = 16  # Marked as a key picture, but not by the codec's own header.
SECOND: Final = 64  # The other field of the picture before; both packets together are one picture.
LOST: Final = 128  # Before this packet the container is broken: others may have stood there.
OPEN: Final = 32  # A key picture across which the order of pictures is counted on: a decoder cannot leap to it.

IS_KEY: Final = bytes(bool(flags & KEY) for flags in range(256))
"""Translates a column of flags into marks of the key pictures."""
REORDERED: Final = 16
"""Codecs reorder no more pictures than this."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream of a container: ``kind`` is video, audio, subtitle, data or attachment; sides are pixels.

    ``disposition`` has the container's marks in libavformat's names: default, attached_pic, timed_thumbnails,
    still_image, dependent and so on. ``start`` is seconds, None where nobody knows. ``declared_packets`` is how many
    packets the container's header says that there are, None where it says nothing. ``encrypted`` is of its content.
    """

    index: int
    kind: str
    codec: str
    width: int = 0
    height: int = 0
    disposition: frozenset[str] = frozenset()
    start: Fraction | None = None
    declared_packets: int | None = None
    encrypted: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """How pictures of a film are stored, which says how it must be turned into what people see.

    ``width`` and ``height`` are stored pixels, of which the container cuts off as many as ``margins`` says on the left,
    on top, on the right and at the bottom. ``sample_aspect_ratio`` is the width of a pixel by its height.
    ``primaries``, ``transfer`` and ``matrix`` are the code points of ITU-T H.273 (2 where the film does not say),
    ``full_range`` is None where it does not say. ``display_matrix`` is that of ISO/IEC 14496-12, 6.2.2, row by row in
    fixed point (16.16, the last column 2.30), from the container or from an H.264 or HEVC message; None is upright.
    ``pixel_format`` has libavutil's name. ``alpha`` says that its transparency counts; ``alpha_decoder`` that only a
    special decoder sees it (VP8 and VP9). ``dolby_vision_profile`` is None where there is none.
    """

    width: int
    height: int
    pixel_format: str
    sample_aspect_ratio: Fraction = Fraction(1)
    primaries: int = 2
    transfer: int = 2
    matrix: int = 2
    full_range: bool | None = None
    display_matrix: tuple[int, ...] | None = None
    interlaced: bool = False
    alpha: bool = False
    dolby_vision_profile: int | None = None
    margins: tuple[int, int, int, int] = (0, 0, 0, 0)

    @property
    def visible(self) -> tuple[int, int]:
        """Width and height of what is not cut off, in stored pixels."""
        left, top, right, bottom = self.margins
        return self.width - left - right, self.height - top - bottom


@dataclass(slots=True)
class Packets:
    """The film's packets in decoding order, as columns: some 25 bytes each, since a film of six hours has a million.

    ``durations`` are ticks, 0 where unknown.
    """

    time_base: Fraction
    pts: "array[int]" = field(default_factory=lambda: array("q"))
    dts: "array[int]" = field(default_factory=lambda: array("q"))
    durations: "array[int]" = field(default_factory=lambda: array("q"))
    flags: bytearray = field(default_factory=bytearray)

    def __len__(self) -> int:
        return len(self.flags)

    def add(self, pts: int, dts: int, duration: int, flags: int) -> None:
        """Append one packet."""
        self.pts.append(pts)
        self.dts.append(dts)
        self.durations.append(duration)
        self.flags.append(flags)


@dataclass(frozen=True, slots=True)
class Film:
    """The film of a file.

    ``container`` has libavformat's name (mov, matroska, avi, mpegts and so on). ``origin`` is the instant, in seconds
    on the clock of the packets' times, at which the presentation starts. ``first_shown`` is the pts of the earliest
    picture that the decoder can give from the first key packet on, None where it was not found out. ``timeless`` says
    that the container has no presentation times of its own and the codec reorders, or that it has them for packets of
    two pictures: only the decoder knows the order.
    ``intra_only`` says that no picture of this codec needs another. ``changes`` are the packets from which on, in
    decoding order, pictures look otherwise than before, and ``changes_lost`` says that there were too many to follow.
    ``counted`` says that the container has no times but the number of packets before. ``hashed``
    says that it has hashes of its decoded pictures. ``losses`` are the places of
    packets behind which others are missing, -1 where that is before the first one; ``appended`` says that one recording
    follows another there.
    """

    container: str
    stream: Stream
    look: Look
    packets: Packets
    origin: Fraction = Fraction(0)
    frames_per_second: float | None = None
    first_shown: int | None = None
    timeless: bool = False
    intra_only: bool = False
    changes: tuple[tuple[int, Look], ...] = ()
    changes_lost: bool = False
    counted: bool = False
    hashed: bool = False
    losses: tuple[int, ...] = ()
    appended: bool = False

    @property
    def looks(self) -> tuple[Look, ...]:
        """All looks, in order."""
        return (self.look, *(look for _, look in self.changes))

    def packets_of(self, look: int) -> tuple[int, int]:
        """Return the first and the last packet of the pictures that have one of the looks."""
        places = [0, *(place for place, _ in self.changes), len(self.packets)]
        return places[look], places[look + 1] - 1

    def look_at(self, packet: int) -> int:
        """Return which of the looks the picture of a packet has."""
        return bisect_right(self.changes, packet, key=lambda change: change[0])


_NEVER: Final = frozenset({"attached_pic", "timed_thumbnails", "still_image"})


def film_of(streams: Sequence[Stream]) -> Stream | None:
    """Choose the stream that players show, None where there is none.

    Never a cover, a thumbnail or the pictures of chapters; a track that is switched off (not marked as default) only
    where there is no other; then the larger picture, then the first.
    """
    shown = [s for s in streams if s.kind == "video" and not s.disposition & _NEVER]
    return min(shown, key=lambda s: ("default" not in s.disposition, -s.width * s.height, s.index), default=None)
