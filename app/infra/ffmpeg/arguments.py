"""The decoder's command lines: what each argument is for stands beside it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from app.domain.options import ExtractionOptions, FrameSelection, ImageFormat, SelectionKind
from app.domain.video import MediaInfo
from app.infra.ffmpeg.codecs import DECODER
from app.infra.ffmpeg.limits import Limits
from app.infra.ffmpeg.selection import Part, selecting

SHEET_COLUMNS: Final = 4
SHEET_ROWS: Final = 3
_SHEET_SIDE: Final = 320
_SHEET_QUALITY: Final = "4"
_ENCODER_THREADS: Final = "4"  # Each holds a picture: more would cost memory and gain little beside the decoder.
_PIXELS: Final = {
    # JPEG's full range, said here: without a single frame ffmpeg does not work it out, and fails for a wrong reason.
    ImageFormat.JPEG: ",format=yuvj420p|yuvj422p|yuvj444p",
    ImageFormat.PNG: "",
    ImageFormat.WEBP: "",
}
# One filter graph for the whole stream: a new one, as by default when the picture's size changes on the way, would
# start counting anew. Then no filter that touches pixels may stand before ``scale``, which bears another size:
# ffmpeg's own for rotation would read beyond the picture. So a turned video has the default, and no other is turned.
_UPRIGHT: Final = ("-reinit_filter", "0", "-noautorotate")
_TURNED: Final = ("-reinit_filter", "1", "-autorotate")
_MAX_SIDE: Final = {ImageFormat.JPEG: 65_500, ImageFormat.WEBP: 16_383, ImageFormat.PNG: 65_500}


def _guarded(limits: Limits, *, verbosity: str) -> list[str]:
    """Bear a file that may be hostile: nothing but this one file is read, and by a few parsers only."""
    return [
        "-nostdin", "-hide_banner", "-nostats", "-v", verbosity,
        "-protocol_whitelist", "file,pipe",
        "-format_whitelist", "mov,matroska,webm,avi",
        "-codec_whitelist", ",".join(DECODER.values()),
        "-max_pixels", str(limits.max_pixels),
        "-threads", str(limits.threads),
    ]  # fmt: skip


def _source(source: Path) -> list[str]:
    return ["-i", f"file:{source}"]


def probing(source: Path, limits: Limits) -> list[str]:
    """Describe the file on stderr; the exit code says nothing, since there is no output."""
    return _guarded(limits, verbosity="repeat+info") + _source(source)


def measuring(source: Path, limits: Limits, pipe: int) -> list[str]:
    """List the picture's packets with their times, without decoding them."""
    return [
        *_guarded(limits, verbosity="repeat+error"), *_source(source), "-map", "0:V:0", "-c", "copy",
        "-f", "framecrc", f"pipe:{pipe}",
    ]  # fmt: skip


def extracting(
    source: Path,
    media: MediaInfo,
    options: ExtractionOptions,
    part: Part,
    limits: Limits,
    pipes: Sequence[int],
    *,
    turned: bool,
) -> list[str]:
    """Decode once; write the frames, each frame's instants and the contact sheet to the three ``pipes``.

    ``turned`` says that the file asks for its picture to be rotated or mirrored.
    """
    frames, instants, sheet = pipes
    select = options.select
    chosen = selecting(options, part, media, limits.max_duration_seconds)
    size = fitting(options, _MAX_SIDE[options.format])
    if select.kind is SelectionKind.SCENE_CHANGE:
        chosen = f"{size},{chosen}"  # The comparison needs pictures of one size even where the stream's size changes.
    spread = (SHEET_COLUMNS * SHEET_ROWS) / part.seconds if part.seconds else 1.0
    small = fitting(ExtractionOptions(max_width=_SHEET_SIDE, max_height=_SHEET_SIDE), _SHEET_SIDE)
    tiles = SHEET_COLUMNS * SHEET_ROWS
    graph = (
        f"[0:V:0]split=2[one][other];"
        f"[one]{chosen},{size}{_PIXELS[options.format]}[frames];"
        # Without ``trim`` a gap in the stream would be filled with tiles until memory is used up.
        f"[other]fps=fps={spread:.9f}:round=up:start_time=0,trim=end_frame={tiles},{small},setsar=1,"
        f"tile={SHEET_COLUMNS}x{SHEET_ROWS},format=yuvj420p[sheet]"
    )
    return [
        *_guarded(limits, verbosity="repeat+error"),
        "-max_error_rate", "0",  # One frame that cannot be decoded is a failure.
        *(["-skip_frame", "nokey"] if select.kind is SelectionKind.KEYFRAMES_ONLY else []),
        *(["-ss", f"{part.start:.6f}"] if part.start else []),
        *(_TURNED if turned else _UPRIGHT),
        *_source(source),
        "-filter_complex", graph,
        "-map", "[frames]",
        "-fps_mode", "passthrough", "-enc_time_base", "filter",  # Not one frame dropped or doubled on the way out.
        "-frames:v", str(_most(select, limits)),
        "-threads", _ENCODER_THREADS, *encoding(options), *_bit_exact(),
        "-stats_enc_pre", f"pipe:{instants}", "-stats_enc_pre_fmt", "{ptsi} {tbi} {t}",
        *_container(options.format), f"pipe:{frames}",
        "-map", "[sheet]", "-fps_mode", "passthrough", "-frames:v", "1",
        "-c:v", "mjpeg", "-q:v", _SHEET_QUALITY, *_bit_exact(), "-f", "image2pipe", f"pipe:{sheet}",
    ]  # fmt: skip


def _most(select: FrameSelection, limits: Limits) -> int:
    """As many as were asked for, or one more than is allowed, so that the limit cannot be a silent cut."""
    return int(select.value) if select.kind is SelectionKind.COUNT else limits.max_frames + 1


def fitting(options: ExtractionOptions, longest_side: int) -> str:
    """Scale down, never up, and keep the shape: within what the user asked and what the format can hold."""
    width, height = options.max_width or longest_side, options.max_height or longest_side
    factor = f"min(1,min({min(width, longest_side)}/iw,{min(height, longest_side)}/ih))"
    return f"scale=w='max(1,round(iw*{factor}))':h='max(1,round(ih*{factor}))'"


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


def _container(image_format: ImageFormat) -> list[str]:
    return ["-f", "mpjpeg" if image_format is ImageFormat.JPEG else "image2pipe"]


def _bit_exact() -> list[str]:
    return ["-flags:v", "+bitexact"]  # No version of the encoder in each picture.
