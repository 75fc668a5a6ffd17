"""How each format of the pictures is written, and how well."""

from app.domain.options import ExtractionOptions, ImageFormat


def encoding(options: ExtractionOptions) -> list[str]:
    """Choose the encoder and its quality."""
    match options.format:
        case ImageFormat.JPEG:
            return ["-c:v", "mjpeg", "-qmin", "1", "-q:v", str(jpeg_scale(options.quality))]
        case ImageFormat.PNG:
            return ["-c:v", "png", "-compression_level", "1"]  # A fifth of the default's time, a few per cent larger.
        case ImageFormat.WEBP:
            return ["-c:v", "libwebp", "-quality", str(options.quality), "-compression_level", "2"]


def jpeg_scale(quality: int) -> int:
    """Turn the usual JPEG quality, 1 to 100, into mjpeg's quantiser scale, 31 to 1, at about the same loss.

    libjpeg scales its tables (at most 99 for brightness, below 100) by S per cent, S = 200 - 2Q from Q = 50 on and
    5000 / Q below; mjpeg scales its own (at most 83) by q / 8. They meet where q is about S / 10.5: 90 becomes 2,
    75 becomes 5, 50 becomes 10.
    """
    percent = 200 - 2 * quality if quality >= 50 else 5000 / quality  # noqa: PLR2004 - libjpeg's own knee
    return max(1, min(31, round(percent / 10.5)))
