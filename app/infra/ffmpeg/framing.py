"""Which part of a film's pictures is taken, and how large it becomes: crop, shape, and the limits of both."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final, final

from app.domain.errors import ProcessingError
from app.domain.failure import FailureCode
from app.domain.film import Look
from app.domain.options import Aspect, ExtractionOptions, ImageFormat
from app.infra.ffmpeg.orientation import Orientation

FLATTEST, TALLEST = Fraction(20), Fraction(1, 20)  # No camera writes pixels beyond; such a ratio is a mistake.
_MAX_SIDE: Final[Mapping[ImageFormat, int]] = {
    ImageFormat.JPEG: 65_500, ImageFormat.WEBP: 16_383, ImageFormat.PNG: 65_500,
}  # fmt: skip

Size = tuple[int, int]
_Part = tuple[Fraction, Fraction, Fraction, Fraction]
"""Left, top, width and height, as shares."""


@final
@dataclass(frozen=True, slots=True)
class Framing:
    """What is taken, and how large it becomes.

    ``look`` is the film's with what is not taken among its margins. ``size`` is that of the picture before it is
    turned, ``canvas`` that of the whole after, in whose middle it lies.
    """

    look: Look
    size: Size
    canvas: Size


def framing(look: Look, turned: Orientation, options: ExtractionOptions, max_pixels: int) -> Framing:
    """Return what is taken of such pictures.

    :raises ProcessingError: where a picture is to be larger than may be
    """
    shape, side = pixel_shape(look), _MAX_SIDE[options.format]
    if options.crop is not None:
        crop = options.crop
        left, top, width, height = (Fraction(str(at)) for at in (crop.left, crop.top, crop.width, crop.height))
        look = _cut(look, turned, (left, top, width, height))
    box = min(options.max_width or side, side), min(options.max_height or side, side)
    if options.aspect is Aspect.FILL:
        look = _cut(look, turned, _middle_of_shape(_displayed(look, turned, shape), Fraction(*box)))
    if options.aspect is Aspect.EXACT and box[0] * box[1] > max_pixels:
        said = f"A picture of {box[0]}x{box[1]} pixels is larger than the service allows."
        raise ProcessingError(FailureCode.TOO_LARGE_PICTURE, said)
    size = _size(_displayed(look, turned, shape), options.aspect, box, (shape, max_pixels))
    canvas = box if options.aspect is Aspect.EXACT else size
    return Framing(look, (size[1], size[0]) if turned.swaps else size, canvas)


def padded(content: Size, canvas: Size, fine: str) -> list[str]:
    """Put a turned picture in the middle of a canvas.

    Where a side is odd, or an edge of the picture, its chroma is made as ``fine`` as its pixels first: the filter would
    round them.
    """
    if content == canvas:
        return []
    across, down = ((whole - part) // 2 for whole, part in zip(canvas, content, strict=True))
    odd = any(number % 2 for number in (*content, *canvas, across, down))
    pad = f"pad=w={canvas[0]}:h={canvas[1]}:x={across}:y={down}:color=black@0"
    return [*([f"format={fine}"] if odd else []), pad]


def pixel_shape(look: Look) -> Fraction:
    """Return the width of a pixel by its height.

    Where a track has a size to be shown in and no shape of pixels, libavformat reckons that from the whole picture,
    though the size is that of the visible part: pixels are square then.
    """
    shape, (width, height) = look.sample_aspect_ratio, look.visible
    if shape == Fraction(width * look.height, look.width * height):
        return Fraction(1)
    return shape if TALLEST <= shape <= FLATTEST else Fraction(1)


def rounded(side: Fraction) -> int:
    """Return so many whole pixels, at least one."""
    return max(1, math.floor(side + Fraction(1, 2)))


def _displayed(look: Look, turned: Orientation, shape: Fraction) -> tuple[Fraction, Fraction]:
    width, height = look.visible[0] * shape, Fraction(look.visible[1])
    return (height, width) if turned.swaps else (width, height)


def _size(shown: tuple[Fraction, Fraction], aspect: Aspect, box: Size, limit: tuple[Fraction, int]) -> Size:
    """Make pixels square, scale down, never up, and keep the shape: all within the user's, the format's, our limits."""
    (width, height), (shape, max_pixels) = shown, limit
    factor = min(box[0] / width, box[1] / height)
    if aspect is Aspect.FILL and factor <= 1:
        return box  # What was cut has its shape, but for a pixel.
    factor = factor if aspect is Aspect.EXACT else min(Fraction(1), factor)
    if shape > 1 and width * height * factor**2 > max_pixels:  # Only so can it be more than the decoder lets pass.
        factor = Fraction(math.sqrt(max_pixels / (width * height)))
        return max(1, math.floor(width * factor)), max(1, math.floor(height * factor))
    return rounded(width * factor), rounded(height * factor)


def _middle_of_shape(shown: tuple[Fraction, Fraction], shape: Fraction) -> _Part:
    """Return the largest part of a shape, width by height, that lies in the middle of a picture."""
    width, height = min(Fraction(1), shape * shown[1] / shown[0]), min(Fraction(1), shown[0] / shape / shown[1])
    return (1 - width) / 2, (1 - height) / 2, width, height


def _cut(look: Look, turned: Orientation, part: _Part) -> Look:
    """Return the look with all but a part of the visible picture among its margins, at least a pixel of it left."""
    left, top, wide, high = part
    right, bottom = max(Fraction(0), 1 - left - wide), max(Fraction(0), 1 - top - high)
    for _ in range(turned.quarters):  # Back by a quarter: what is on top now was on the left.
        left, top, right, bottom = top, right, bottom, left
    if turned.mirrored:
        left, right = right, left
    width, height = look.visible
    from_left, from_right = _whole(left, right, width)
    from_top, from_bottom = _whole(top, bottom, height)
    margins = look.margins
    return replace(
        look,
        margins=(
            margins[0] + from_left, margins[1] + from_top, margins[2] + from_right, margins[3] + from_bottom
        ),
    )  # fmt: skip


def _whole(before: Fraction, after: Fraction, length: int) -> Size:
    """Return in whole pixels what is cut off on both sides."""
    first = min(length - 1, math.floor(before * length + Fraction(1, 2)))
    return first, min(length - 1 - first, math.floor(after * length + Fraction(1, 2)))
