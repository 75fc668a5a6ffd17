"""How a film's pictures look, as the decoder says of those few that must be decoded to know it.

They are the first, and each at which the headers change. Runs in the confined child and decides nothing.
"""

import struct
from fractions import Fraction
from typing import Any, Final

import av
from av.sidedata.sidedata import Type

from app.infra.ffmpeg.sequence_headers import fields_may_come, headers_of

_TRIED: Final = 96
"""How many packets are decoded, at most, to find a picture: more than any codec reorders."""
_MOST_HEADERS: Final = 64
"""For so many different headers the decoder is asked: more is no film, and would take its time."""
_MOST_CHANGES: Final = 1000
_DOLBY_TAGS: Final = frozenset({"dvh1", "dvhe", "dva1", "dvav", "dav1"})
_UNSPECIFIED: Final = 2
_FULL_RANGE: Final = 2
_INTERLACED: Final = range(2, 6)  # AV_FIELD_TT to AV_FIELD_BT.

Facts = dict[str, object]


class Looks:
    """Follows a film's packets in decoding order."""

    def __init__(self, stream: Any, options: dict[str, str]) -> None:
        context = stream.codec_context
        context.options = options
        context.thread_count = 1
        self._context = context
        self._headers = headers_of(context.codec.canonical_name, bytes(context.extradata or b""))
        self._shape = stream.sample_aspect_ratio or Fraction(1)  # The container's, if it says one.
        self._own_shape = Fraction(1)
        self._transparent = stream.metadata.get("alpha_mode") == "1"
        self._picture = self._first = _Picture(context)
        self._place, self._header = 0, b""
        self._known: dict[bytes, Facts] = {}
        self._looks: list[tuple[int, Facts]] = []
        self._lost = False
        self._fields = False

    def follow(self, packet: Any, place: int) -> None:
        """Look at the next packet; ``place`` is its number."""
        header = self._header_of(packet) if packet.is_keyframe else b""
        if header and header != self._header:
            self._change(header, place)
        if not self._picture.done and self._picture.completed_by(packet):
            self._note()

    def told(self, *, may_be_interlaced: bool) -> Facts:
        """Return the first picture's look, from which packets on it is another, and whether there were too many."""
        self._finish()
        fields = may_be_interlaced or self._fields
        looks = [{**look, "interlaced": look["interlaced"] or fields} for _, look in self._looks]
        places = [place for place, _ in self._looks]
        # Only what is shown before the first key picture may lack what came before the recording; the rest is damage.
        known = [time for time in (self._first.earliest, self._first.key) if time is not None]
        return {
            "look": looks[0] if looks else self._declared(),
            "changes": list(zip(places[1:], looks[1:], strict=True)),
            "changes_lost": self._lost,
            "first_shown": min(known, default=None) if self._first.frame is not None else self._first.key,
        }

    def _header_of(self, packet: Any) -> bytes:
        if packet.has_sidedata("new_extradata"):
            return bytes(packet.get_sidedata("new_extradata"))
        return b"" if self._headers is None else self._headers(memoryview(packet))

    def _change(self, header: bytes, place: int) -> None:
        self._fields = self._fields or fields_may_come(self._context.codec.canonical_name, header)
        if not self._first.begun:
            self._header = header
            return
        self._finish()
        self._header, self._place = header, place
        if header in self._known:
            self._add(self._known[header])
        elif len(self._known) < _MOST_HEADERS:
            self._context.flush_buffers()
            self._picture = _Picture(self._context)
        else:
            self._lost = True

    def _finish(self) -> None:
        if not self._picture.done:
            self._picture.finish()
            self._note()

    def _note(self) -> None:
        """Keep how the picture looks that was decoded."""
        frame, own = self._picture.frame, self._context.sample_aspect_ratio or Fraction(1)
        if self._picture is self._first:
            self._own_shape = own
        if frame is not None:
            by_container = self._picture is self._first or self._own_shape != self._shape
            look = _look(frame, self._context, self._shape if by_container else own)
            look["alpha"] = look["alpha"] or self._transparent
            self._known[self._header] = look
            self._add(look)

    def _add(self, look: Facts) -> None:
        if self._looks and self._looks[-1][1] == look:
            return
        if len(self._looks) > _MOST_CHANGES:
            self._lost = True
        else:
            self._looks.append((self._place, look))

    def _declared(self) -> Facts:
        """Return what the header says, where no picture could be decoded: another one may be whole."""
        return {
            "width": self._context.width,
            "height": self._context.height,
            "pixel_format": self._context.pix_fmt or "yuv420p",
            "sample_aspect_ratio": self._shape,
        }


class _Picture:
    """Decodes from a key packet on, until the earliest picture that the decoder can give is known."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self._left = _TRIED
        self.key: int | None = None
        self.begun = self.done = False
        self.frame: Any = None
        self.earliest: int | None = None

    def completed_by(self, packet: Any) -> bool:
        if not (self.begun or packet.is_keyframe):
            return False
        if not self.begun:
            self.begun, self.key = True, packet.pts
        self._left -= 1
        self._decode(packet)
        if self._left == 0:
            self.finish()
        return self.done

    def finish(self) -> None:
        if not self.done:
            self.done = True
            if self.begun:
                self._decode(None)

    def _decode(self, packet: Any) -> None:
        try:
            for frame in self._context.decode(packet):
                self._look_at(frame)
        except (av.error.FFmpegError, MemoryError, ValueError):
            return  # What is wrong with the film is found out where a planned picture is missing.

    def _look_at(self, frame: Any) -> None:
        if frame.is_corrupt:
            return
        if self.frame is None:
            self.frame = frame
        if frame.pts is not None and (self.earliest is None or frame.pts < self.earliest):
            self.earliest = frame.pts
        if self.key is not None and frame.pts is not None and frame.pts >= self.key:
            self.done = True


def _look(frame: Any, context: Any, shape: Fraction) -> Facts:
    sides = {side.type: bytes(side) for side in frame.side_data}
    matrix = sides.get(Type.DISPLAYMATRIX)
    # A film that is nothing but Dolby Vision: its colours have no other name.
    dolby = Type.DOVI_METADATA in sides or tag_of(context) in _DOLBY_TAGS
    return {
        "width": frame.width,
        "height": frame.height,
        "pixel_format": frame.format.name,
        "sample_aspect_ratio": shape,
        "primaries": int(frame.color_primaries),
        "transfer": int(frame.color_trc),
        "matrix": int(frame.colorspace),
        "full_range": {1: False, _FULL_RANGE: True}.get(int(frame.color_range)),
        "display_matrix": struct.unpack("=9i", matrix[:36]) if matrix else None,
        "interlaced": bool(frame.interlaced_frame or context.field_order in _INTERLACED),
        "alpha": any(part.is_alpha for part in frame.format.components),
        "dolby_vision_profile": 5 if dolby and int(frame.color_trc) == _UNSPECIFIED else None,
    }


def tag_of(context: Any) -> str:
    """Return the codec's tag, empty for one that is no text, as those of AVI's sounds are numbers."""
    try:
        return "" if context is None else str(context.codec_tag)
    except UnicodeDecodeError:
        return ""
