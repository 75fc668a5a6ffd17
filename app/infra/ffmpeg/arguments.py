"""The decoder's command lines: what each argument is for stands beside it."""

from collections.abc import Sequence
from typing import Final

from app.domain.film import Film
from app.domain.options import ExtractionOptions, ImageFormat
from app.domain.storyboard import Storyboard
from app.infra.ffmpeg.codecs import ALPHA_DECODER, DECODER, DEMUXERS
from app.infra.ffmpeg.filters import Filters
from app.infra.ffmpeg.limits import Limits
from app.infra.ffmpeg.look import decoder
from app.infra.ffmpeg.recipe import Recipe

_BIT_EXACT: Final = ("-flags:v", "+bitexact")  # No version of the encoder in each picture.
_TILE: Final = ("-threads", "1", "-c:v", "mjpeg", "-q:v", "5", *_BIT_EXACT)
_SHEET: Final = ("-threads", "1", "-c:v", "mjpeg", "-q:v", "4", *_BIT_EXACT)
"""One thread each: several hold pictures back until others come, and cost more than they gain for so little."""
_MARKED_TOO_LATE: Final = frozenset({"h264", "hevc", "mpeg4"})
"""Codecs that show their pictures in another order than they are decoded in. With a thread for each picture, one can be
given away before its own thread has found the damage in it; with a thread for each slice, H.264 looks for none."""
_ENCODER_THREADS: Final = "4"  # Each holds a picture: more would cost memory and gain little beside the decoder.


def _guarded(limits: Limits) -> list[str]:
    """Bear a file that may be hostile: nothing but this one file is read, and by a few parsers only."""
    return [
        "-nostdin", "-hide_banner", "-nostats", "-v", "error",
        "-protocol_whitelist", "file,pipe",
        "-format_whitelist", ",".join(DEMUXERS),
        "-codec_whitelist", ",".join((*DECODER.values(), *ALPHA_DECODER.values())),
        "-max_pixels", str(limits.settings.max_pixels),
        "-threads", str(limits.settings.ffmpeg_threads),
        "-apply_cropping", "codec",  # The rendering cuts what a container cuts off, after fields are taken apart.
        "-copyts",  # The packets' times as they are: by them the plan names packets and pictures.
        # As PyAV has it, presentation times of MPEG-PS that follow from the others. And packets are left out that the
        # container calls damaged: those that a picture needs were refused before, and any would end all.
        "-fflags", "+genpts+discardcorrupt",
    ]  # fmt: skip


def _strict(film: Film) -> list[str]:
    """End at the first packet that cannot be decoded and the first picture that the decoder marks as corrupt.

    Only packets that a planned picture needs are decoded, so either spoils one; the exit code says so.
    """
    one_at_a_time = ["-threads", "1"] if film.stream.codec in _MARKED_TOO_LATE else []
    # Asked for only where there are any: a decoder that is this strict also refuses odd messages.
    hashes = [f"-err_detect:{film.stream.index}", "crccheck+explode"] if film.hashed else []
    return ["-xerror", "-max_error_rate", "0", *one_at_a_time, *hashes]


def decoding(recipe: Recipe, filters: Filters, inputs: Sequence[int], outputs: Sequence[int]) -> list[str]:
    """Decode and encode the planned pictures; write them, a line for each, tiles and sheets to ``outputs``.

    ``inputs`` are the pipes from which the filters are read and, where any are left out, which packets these are.
    """
    film, options = recipe.film, recipe.options
    graph, *dropped = inputs
    frames, lines, small, sheets = outputs
    return [
        *_guarded(recipe.limits), *_strict(film),
        *(argument for pipe in dropped for argument in (f"-/bsf:{film.stream.index}", f"pipe:{pipe}")),
        "-reinit_filter", "0",  # One graph for all, also where the picture's size changes: a new one counts anew.
        "-noautorotate",  # The rendering turns it, from what the inspection found.
        *decoder(film.stream, film.looks[recipe.look]),
        "-i", f"file:{recipe.source}",
        "-/filter_complex", f"pipe:{graph}",
        "-map", "[frames]", "-fps_mode", "passthrough", "-enc_time_base", "filter",
        "-frames:v", str(filters.pictures),
        "-threads", _ENCODER_THREADS, *encoding(options), *_BIT_EXACT,
        "-stats_enc_pre", f"pipe:{lines}", "-stats_enc_pre_fmt", "{ni} {ptsi}",
        "-f", "mpjpeg" if options.format is ImageFormat.JPEG else "image2pipe", f"pipe:{frames}",
        "-map", "[tiles]", "-fps_mode", "passthrough", "-enc_time_base", "filter",
        "-frames:v", str(filters.tiles), *_TILE, "-f", "mpjpeg", f"pipe:{small}",
        "-map", "[sheets]", "-fps_mode", "passthrough", "-enc_time_base", "filter",
        "-frames:v", str(filters.sheets), *_SHEET, "-f", "mpjpeg", f"pipe:{sheets}",
    ]  # fmt: skip


def surveying(recipe: Recipe, drop: str | None, outputs: Sequence[int], *, scenes: bool) -> list[str]:
    """Decode all and encode nothing; write a line for each picture: all with their scores, or the key pictures."""
    film = recipe.film
    lines, scores = outputs
    # Scores need pictures of one size even where the film's changes on the way.
    scored = (
        f"scale={film.look.width}:{film.look.height},select='gte(scene,0)',"
        f"metadata=mode=print:key=lavfi.scene_score:file=pipe\\\\:{scores}"
    )
    return [
        *_guarded(recipe.limits), *_strict(film),
        *([f"-bsf:{film.stream.index}", drop] if drop is not None else []),
        "-reinit_filter", "0", "-noautorotate",
        "-i", f"file:{recipe.source}",
        "-filter_complex", f"[0:{film.stream.index}]{scored if scenes else 'select=key'}[seen]",
        "-map", "[seen]", "-fps_mode", "passthrough",
        "-stats_enc_pre", f"pipe:{lines}", "-stats_enc_pre_fmt", "{ni} {ptsi}",
        "-f", "null", "-",
    ]  # fmt: skip


def measuring(
    recipe: Recipe, filters: Filters, inputs: Sequence[int], outputs: Sequence[int], *, scored: bool
) -> list[str]:
    """Decode the pictures of a plan and encode none; write of each its cells, a line, and what was measured of it.

    ``inputs`` are as in ``decoding``.
    """
    film = recipe.film
    graph, *dropped = inputs
    cells, lines, scores = outputs
    told = f"[seen]metadata=mode=print:file=pipe\\\\:{scores}:direct=1[told]"
    return [
        *_guarded(recipe.limits), *_strict(film),
        *(argument for pipe in dropped for argument in (f"-/bsf:{film.stream.index}", f"pipe:{pipe}")),
        "-reinit_filter", "0", "-noautorotate",
        *decoder(film.stream, film.looks[recipe.look]),
        "-i", f"file:{recipe.source}",
        "-/filter_complex", f"pipe:{graph}",
        *(["-filter_complex", told] if scored else []),
        "-map", "[told]" if scored else "[seen]", "-fps_mode", "passthrough", "-enc_time_base", "filter",
        "-frames:v", str(filters.pictures),
        "-c:v", "rawvideo", *_BIT_EXACT,
        "-stats_enc_pre", f"pipe:{lines}", "-stats_enc_pre_fmt", "{ni} {ptsi}",
        "-f", "rawvideo", f"pipe:{cells}",
    ]  # fmt: skip


def composing(limits: Limits, board: Storyboard, tiles: int, sheet: int) -> list[str]:
    """Put small pictures, which come one after the other through a pipe, on a sheet."""
    return [
        "-nostdin", "-hide_banner", "-nostats", "-v", "error", "-protocol_whitelist", "pipe",
        "-max_pixels", str(limits.settings.max_pixels),
        "-f", "mjpeg", "-i", f"pipe:{tiles}",
        "-vf", f"tile={board.columns}x{board.rows}", "-frames:v", "1", *_SHEET, "-f", "image2pipe", f"pipe:{sheet}",
    ]  # fmt: skip


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
