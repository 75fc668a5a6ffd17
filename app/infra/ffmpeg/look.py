"""From how a film is stored to how its pictures look: the filters between the decoder and the encoder.

A rendering is made of facts and options alone, and its filters hold nothing but numbers. The order is always the same:
fields are taken apart, colours and sizes are converted together, then the picture is turned. Nothing is left to be
guessed again: each filter is told what comes in, whether the film's own tags say it or not.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, final

from app.domain.film import Look, Stream
from app.domain.options import ExtractionOptions, ImageFormat
from app.domain.storyboard import fitted
from app.infra.ffmpeg.codecs import ALPHA_DECODER
from app.infra.ffmpeg.framing import FLATTEST, TALLEST, Size, framing, padded, pixel_shape, rounded
from app.infra.ffmpeg.orientation import orientation

_LEAST_SIDE: Final = 16  # Of less, filters that look at what is beside a pixel have nothing to measure.
_COMPARED_SIDE: Final = 480  # At 960 sharpness costs four times as much, more than decoding, and ranks the same.

# Code points of ITU-T H.273.
_RGB, _BT709, _UNSPECIFIED, _BT601, _BT2020 = 0, 1, 2, 6, 9
_LINEAR, _PQ, _HLG = 8, 16, 18
_MATRIX: Final = {
    1: "bt709", 4: "fcc", 5: "bt601", 6: "bt601", 7: "smpte240m", 8: "ycgco", 9: "bt2020nc", 10: "bt2020c", 14: "ictcp",
}  # fmt: skip
_OF_SWSCALE: Final = frozenset({1, 2, 4, 5, 6, 7, 9})  # The matrices that ``scale`` knows or takes for no tag at all.
_UNTAGGED: Final = "setparams=colorspace=unknown"  # It fails for other tags; what they mean is said to ``zscale``.
_AS_SRGB: Final = frozenset({0, 1, 2, 3, 5, 6, 7})  # Primaries so near to sRGB's that players make no difference.
_PRIMARIES: Final = {
    4: "bt470m", 8: "film", 9: "bt2020", 10: "xyz", 11: "dci-p3", 12: "display-p3", 22: "ebu3213",
}  # fmt: skip
_TRANSFER: Final = {8: "linear", 9: "log100", 10: "log316", _PQ: "pq", _HLG: "hlg"}  # All others look like BT.709.
_HD_LINES: Final = 720
_DOLBY_OWN: Final = 5

# Light of reference white (203 cd/m2, ITU-R BT.2408) becomes 1. Above a knee shortly below, what is brighter is pressed
# into the rest, up to 1000 cd/m2, for which most films are graded; the largest of the three colours decides, so that a
# flame stays orange instead of turning yellow, then white, as where each is cut off alone.
_REFERENCE_WHITE: Final = 203
_KNEE: Final = 0.95
_PEAK: Final = 1000 / _REFERENCE_WHITE

_RGB_FORMAT: Final = re.compile(r"(0|x2|a)?(rgb|bgr)|gbr|pal8|bayer|mono|xyz")
_FULL_FORMAT: Final = re.compile(r"yuvj|gray|ya\d")

_QUARTER_CHROMA: Final = re.compile(r".*4(20|10)|nv12|nv21|p01|gray|ya\d|mono")  # Or less, or none.
_HALF_CHROMA: Final = re.compile(r".*4(22|11)|nv16|nv20|p21|y21|uyyvyy")
_COARSEST: Final = 4  # Pixels that share a value of chroma, at most.
_FORMATS: Final = {
    ImageFormat.PNG: "rgb24",  # Eight bits of more, too: what readers expect, and a fifth of the size.
    ImageFormat.WEBP: "yuv420p",
}
_WITH_ALPHA: Final = {ImageFormat.PNG: "rgba", ImageFormat.WEBP: "bgra"}  # libwebp keeps hidden colours out of edges.
_OUT: Final = {
    ImageFormat.JPEG: f"out_color_matrix={_BT601}:out_range=full",
    ImageFormat.PNG: "out_range=full",
    ImageFormat.WEBP: f"out_color_matrix={_BT601}:out_range=limited",
}
_TARGET: Final = {
    ImageFormat.JPEG: "bt601 full (JFIF)",
    ImageFormat.PNG: "rgb full",
    ImageFormat.WEBP: "bt601 limited (VP8)",
}
# Between YUV formats the default is off by a level or two at half of the time; to RGB it would repeat chroma's pixels.
_QUICK: Final = "flags=bicubic"
_SMALL: Final = "flags=area"  # Each pixel is the mean of those that it stands for: cheap, and best for much smaller.
_EXACT: Final = "flags=bicubic+accurate_rnd+full_chroma_int"
# Only within a picture, since its neighbours are not decoded. Pictures that are not marked as interlaced stay as they
# are. Without the search along edges it takes half the time and is nearer to the truth.
_DEINTERLACED: Final = "estdif=mode=frame:deint=interlaced:redge=0"
# Encoders would pass on the orientation, so that readers turn the picture again, and Exif, which tells places.
_BARE: Final = "sidedata=mode=delete"
_SRGB: Final = "setparams=color_primaries=bt709:color_trc=iec61966-2-1"  # What PNG says of itself.
# Colour over white, by its share a: 1 - (1 - c) a.
ON_WHITE: Final = "format=gbrap,negate=components=r+g+b,premultiply=inplace=1,negate=components=r+g+b"


@final
@dataclass(frozen=True, slots=True)
class Rendering:
    """How a film's pictures are made.

    ``filters`` stand after those that choose a picture. ``width`` and ``height`` are those of the pictures, ``format``
    is what they are made for and ``alpha`` whether transparency counts in them; the sentences are for the manifest.
    """

    filters: str
    format: ImageFormat
    alpha: bool
    width: int
    height: int
    colour: str
    orientation: str
    tone_mapping: str | None
    deinterlaced: bool
    notes: tuple[str, ...]

    def tile(self, width: int, height: int) -> str:
        """Return what turns a picture, once ``filters`` have made it, into a tile of this size, for JPEG.

        One of another shape than the tile's stands in its middle.
        """
        over_white = f"{ON_WHITE}," if self.alpha and self.format in _WITH_ALPHA else ""
        # Transparent pictures for WebP are not YUV yet.
        png = self.alpha and self.format is ImageFormat.WEBP
        known = _OUT[ImageFormat.PNG if png else self.format].replace("out_", "in_")
        across, down = fitted(self.width, self.height, width, height)
        # A tile's sides are even, whatever the picture's are.
        whole = width - across <= 1 and height - down <= 1
        size, beside = ((width, height), "") if whole else ((across, down), f",pad={width}:{height}:-1:-1")
        return f"{over_white}{_scale(size, known, _OUT[ImageFormat.JPEG], _SMALL)},format=yuvj420p,setsar=1{beside}"


def rendering(look: Look, options: ExtractionOptions, max_pixels: int) -> Rendering:
    """Return how pictures of such a film become those that a user wants.

    All of one run become as large as the look says, also one whose size changes without a header that says so: ffmpeg's
    encoders can do no other, and a filter that touches pixels would read beyond a smaller picture. They are for
    ``-reinit_filter 0``, by which filters are not made anew for another size: else the last picture before would be
    lost in ``estdif``, which gives each one picture late.
    """
    turned, angle = orientation(look.display_matrix)
    colour = _Colour.of(look)
    alpha = look.alpha
    frame = framing(look, turned, options, max_pixels)
    (width, height), shown = frame.size, frame.canvas
    chain = _taken(frame.look, colour)
    chain += _developing(colour, frame.look.visible, (width, height), options.format, alpha=alpha)
    chain += turned.filters
    chain += padded((height, width) if turned.swaps else (width, height), shown, _fine(options.format, alpha=alpha))
    chain += [f"format={_pixels(look, options.format, swapped=turned.swaps)}", _SRGB, "setsar=1"]
    return Rendering(
        filters=",".join(chain),
        format=options.format,
        alpha=alpha,
        width=shown[0],
        height=shown[1],
        colour=f"{colour} to {_TARGET[options.format]}",
        orientation=str(turned),
        tone_mapping=f"{colour.curve} to BT.709, reference white of {_REFERENCE_WHITE} cd/m2 at white"
        if colour.tone_mapped
        else None,
        deinterlaced=look.interlaced,
        notes=tuple(_notes(look, angle)),
    )


def comparable(look: Look, options: ExtractionOptions, max_pixels: int) -> str:
    """Return the filters that make small pictures of brightness out of a film's, of what is taken of them.

    They stand after those that choose a picture. Nothing but brightness counts, so colours stay as they are.
    """
    turned, _ = orientation(look.display_matrix)
    colour = _Colour.of(look)
    taken = framing(look, turned, options, max_pixels).look
    factor = min(Fraction(1), Fraction(_COMPARED_SIDE, max(taken.visible)))
    width, height = (max(_LEAST_SIDE, rounded(side * factor)) for side in taken.visible)
    limited = _scale((width, height), colour.incoming, f"out_color_matrix={_BT601}:out_range=limited", _QUICK)
    return ",".join([*_taken(taken, colour), limited, "format=yuv420p"])


def displayed_size(look: Look) -> Size:
    """Return width and height as players show the film: with square pixels, and turned."""
    turned, _ = orientation(look.display_matrix)
    wide, height = look.visible
    width = rounded(wide * pixel_shape(look))
    return (height, width) if turned.swaps else (width, height)


def decoder(stream: Stream, look: Look) -> list[str]:
    """Name the decoder where it matters: only libvpx sees the transparency of VP8 and VP9."""
    name = ALPHA_DECODER.get(stream.codec)
    return [f"-c:{stream.index}", name] if look.alpha and name else []


def _taken(look: Look, colour: "_Colour") -> list[str]:
    """Take fields apart, and cut off what is not seen."""
    stored = (look.width, look.height)
    chain = [_BARE]
    if look.matrix not in _OF_SWSCALE and not (colour.rgb and look.matrix == _RGB):
        chain += [_UNTAGGED]
    if look.interlaced:
        chain += [_scale(stored, colour.kept), _DEINTERLACED]
    return chain if look.visible == stored else [*chain, *_cropping(look, colour)]


def _fine(image_format: ImageFormat, *, alpha: bool) -> str:
    """Name the pixel format whose chroma is as fine as its pixels, in the colours of the picture's."""
    if image_format is ImageFormat.JPEG:
        return "yuvj444p"
    return _WITH_ALPHA[image_format] if alpha else {ImageFormat.PNG: "rgb24"}.get(image_format, "yuv444p")


def _pixels(look: Look, image_format: ImageFormat, *, swapped: bool) -> str:
    """Choose the pixel format for the encoder: JPEG keeps as much chroma as the film has."""
    if image_format is not ImageFormat.JPEG:
        return (_WITH_ALPHA if look.alpha else _FORMATS)[image_format]
    if _QUARTER_CHROMA.match(look.pixel_format):
        return "yuvj420p"
    return "yuvj422p" if _HALF_CHROMA.match(look.pixel_format) and not swapped else "yuvj444p"


def _notes(look: Look, angle: float) -> list[str]:
    notes = []
    if look.dolby_vision_profile == _DOLBY_OWN:
        notes.append("The colours are those of Dolby Vision profile 5, which cannot be converted: they look wrong.")
    elif look.matrix not in _MATRIX and look.matrix not in {_RGB, _UNSPECIFIED}:
        notes.append(f"The film's colour matrix {look.matrix} (ITU-T H.273) is not known: colours may look wrong.")
    if angle > 1:
        notes.append("The film asks to be turned by no quarter of a circle: it is turned by the nearest.")
    if look.sample_aspect_ratio and not TALLEST <= look.sample_aspect_ratio <= FLATTEST:
        notes.append(f"The film says that its pixels are {look.sample_aspect_ratio} wide: they are taken as square.")
    return notes


@final
@dataclass(frozen=True, slots=True)
class _Colour:
    """What the stored numbers mean, once all that the film does not say was filled in."""

    rgb: bool
    matrix: int
    transfer: int
    primaries: int
    full_range: bool

    @classmethod
    def of(cls, look: Look) -> "_Colour":
        rgb = _RGB_FORMAT.match(look.pixel_format) is not None
        own = look.dolby_vision_profile == _DOLBY_OWN
        transfer = look.transfer if look.transfer in _TRANSFER and not own else _BT709
        bright = transfer in {_PQ, _HLG}
        primaries = _BT709 if own or look.primaries not in _PRIMARIES else look.primaries
        if bright and look.primaries == _UNSPECIFIED:
            primaries = _BT2020
        matrix = look.matrix
        if matrix not in _MATRIX or own:
            matrix = _BT709 if look.height >= _HD_LINES else _BT601
            matrix = _BT2020 if primaries == _BT2020 else matrix
        full = rgb or look.full_range is True or _FULL_FORMAT.match(look.pixel_format) is not None
        return cls(rgb, _RGB if rgb else matrix, transfer, primaries, full)

    @property
    def tone_mapped(self) -> bool:
        return self.transfer in {_PQ, _HLG}

    @property
    def mapped(self) -> bool:
        """Whether more than matrix and range must be converted."""
        return (
            not (self.rgb or self.matrix in _OF_SWSCALE) or self.primaries not in _AS_SRGB or self.transfer in _TRANSFER
        )

    @property
    def range(self) -> str:
        return "full" if self.full_range else "limited"

    @property
    def curve(self) -> str:
        return {_PQ: "PQ (SMPTE ST 2084)", _HLG: "HLG (ARIB STD-B67)"}.get(self.transfer, "")

    def __str__(self) -> str:
        more = [_TRANSFER.get(self.transfer, ""), f"{p} primaries" if (p := _PRIMARIES.get(self.primaries)) else ""]
        return ", ".join(["rgb full" if self.rgb else f"{_MATRIX[self.matrix]} {self.range}", *filter(None, more)])

    @property
    def incoming(self) -> str:
        """Describe to ``scale`` what comes in."""
        return f"in_range={self.range}" if self.rgb else f"in_color_matrix={self.matrix}:in_range={self.range}"

    @property
    def kept(self) -> str:
        """Have ``scale`` change size and depth only.

        By itself it would convert to the colours of the first picture that a graph sees, which may look otherwise.
        """
        same = f"in_range={self.range}:out_range={self.range}"
        if self.rgb or self.matrix not in _OF_SWSCALE:
            return same
        return f"in_color_matrix={self.matrix}:out_color_matrix={self.matrix}:{same}"

    def to_rgb(self, size: Size, *, alpha: bool) -> list[str]:
        """Convert to RGB as sRGB has it: brightness and colours are mapped in linear light."""
        a = "a" if alpha else ""
        if not self.mapped:
            return [_scale(size, self.incoming, "out_range=full", _EXACT), f"format=gbr{a}p"]
        wide = f"gbr{a}p16le" if self.rgb else f"yuv{a}444p16le"  # Whole chroma: zscale takes no odd sides else.
        first = [_scale(size, self.kept, _QUICK), f"format={wide}"]
        known = f"min={self.matrix}:tin={self.transfer}:pin={self.primaries}:rin={self.range}"
        if not self.tone_mapped:
            return [*first, f"zscale={known}:m={_RGB}:t={_BT709}:p={_BT709}:r=full", f"format=gbr{a}p"]
        return [
            *first,
            f"zscale={known}:m={_RGB}:t={_LINEAR}:p={_BT709}:r=full:npl={_REFERENCE_WHITE}",
            f"format=gbr{a}pf32le",
            f"tonemap=mobius:param={_KNEE}:peak={_PEAK:.3f}:desat=0",
            f"zscale=min={_RGB}:tin={_LINEAR}:pin={_BT709}:rin=full:m={_RGB}:t={_BT709}:p={_BT709}:r=full",
            f"format=gbr{a}p",
        ]


def _scale(size: Size, *options: str) -> str:
    return ":".join([f"scale=w={size[0]}:h={size[1]}", *options])


def _cropping(look: Look, colour: _Colour) -> list[str]:
    """Cut off what the container says, to the pixel: where chroma is not as fine it is made so first."""
    (left, top, _, _), (width, height) = look.margins, look.visible
    cut = f"crop=w={width}:h={height}:x={left}:y={top}:exact=1"
    chain = [_scale((look.width, look.height), colour.kept)]  # It would read beyond a smaller picture.
    if colour.rgb or not (left % _COARSEST or top % _COARSEST):
        return [*chain, cut]
    finer = _scale((look.width, look.height), colour.kept, _QUICK)
    return [finer, f"format=yuv{'a' if look.alpha else ''}444p16le", cut]


def _developing(colour: _Colour, stored: Size, wanted: Size, image_format: ImageFormat, *, alpha: bool) -> list[str]:
    """Convert colours and size; transparency is applied at the full size, so that no hidden colour seeps in."""
    out = _OUT[image_format]
    if not alpha and not colour.mapped:
        flags = _EXACT if colour.rgb or image_format is ImageFormat.PNG else _QUICK
        return [_scale(wanted, colour.incoming, out, flags)]
    last = _scale(wanted, "in_range=full", out, _EXACT)
    if not alpha:
        return [*colour.to_rgb(wanted, alpha=False), last]
    chain = colour.to_rgb(stored, alpha=True)
    if image_format is ImageFormat.JPEG:
        return [*chain, ON_WHITE, last]
    if stored == wanted:
        return chain
    shrunk = _scale(wanted, "in_range=full:out_range=full", _EXACT)
    return [*chain, "format=gbrap16le,premultiply=inplace=1", shrunk, "format=gbrap16le,unpremultiply=inplace=1"]
