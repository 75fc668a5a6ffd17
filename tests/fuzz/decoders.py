"""Tells whether a decoder bears damaged films: ``python -m tests.fuzz.decoders [seconds for each] [decoder ...]``.

For each decoder that is allowed, or those that are named, small films are made with the binary's own encoders and
damaged again and again, always in the same ways; the binary decodes them under limits like those of the service.
Signals, hangs and memory count; what the decoder says does not. It ends with 1 where anything was found, and keeps
that film.
"""

import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final

from app.infra.ffmpeg.codecs import ALPHA_DECODER, DECODER, DEMUXERS
from tests.clips import FFMPEG, ffmpeg

SECONDS: Final = 10.0
FEWEST: Final = 150
FEWEST_PICTURES: Final = 3
MEMORY_BYTES: Final = 2 * 1024**3
HANG_SECONDS: Final = 20.0
MAX_PIXELS: Final = 8192 * 8192
SOURCE: Final = "testsrc2=s=96x64:r=25:d=0.4"

MATERIAL: Final[Mapping[str, Sequence[tuple[str, str]]]] = {
    # A decoder's name, and for each of its films the ending and the encoder's options.
    "apv": [("mp4", "-c:v liboapv -vf scale=320:192 -pix_fmt yuv422p10")],
    "cfhd": [("mov", "-c:v cfhd")],
    "cinepak": [("avi", "-c:v cinepak")],
    "dnxhd": [("mov", "-c:v dnxhd -profile:v dnxhr_lb -vf scale=256:128")],
    "dvvideo": [("avi", "-c:v dvvideo -vf scale=720:576 -pix_fmt yuv420p -frames:v 3")],
    "dxv": [("mov", "-c:v dxv")],
    "ffv1": [("mkv", "-c:v ffv1"), ("mkv", "-c:v ffv1 -level 3 -coder 1 -context 1 -pix_fmt yuv444p16")],
    "ffvhuff": [("avi", "-c:v ffvhuff")],
    "flashsv": [("flv", "-c:v flashsv -pix_fmt bgr24")],
    "flashsv2": [("flv", "-c:v flashsv2 -pix_fmt bgr24")],
    "flv": [("flv", "-c:v flv")],
    "h263": [("3gp", "-c:v h263 -vf scale=176:144")],
    "h264": [("mp4", "-c:v libx264"), ("ts", "-c:v libx264"), ("m2ts", "-c:v libx264"), ("flv", "-c:v libx264")],
    "hap": [("mov", "-c:v hap"), ("mov", "-c:v hap -format hap_q -chunks 2")],
    "hevc": [("mp4", "-c:v libx265 -x265-params log-level=none"), ("ts", "-c:v libx265 -x265-params log-level=none")],
    "huffyuv": [("avi", "-c:v huffyuv")],
    "jpeg2000": [("mov", "-c:v jpeg2000"), ("mov", "-c:v libopenjpeg -pix_fmt yuv422p10")],
    "libdav1d": [("webm", "-c:v libsvtav1 -svtav1-params rc=0")],
    "libvpx": [("webm", "-c:v libvpx -pix_fmt yuva420p -auto-alt-ref 0")],
    "libvpx-vp9": [("webm", "-c:v libvpx-vp9 -pix_fmt yuva420p")],
    "magicyuv": [("avi", "-c:v magicyuv"), ("avi", "-c:v magicyuv -pix_fmt gbrp")],
    "mjpeg": [("avi", "-c:v mjpeg")],
    "mpeg1video": [("mpg", "-c:v mpeg1video")],
    "mpeg2video": [("ts", "-c:v mpeg2video"), ("vob", "-c:v mpeg2video"), ("m2ts", "-c:v mpeg2video")],
    "mpeg4": [("avi", "-c:v mpeg4 -bf 2"), ("3gp", "-c:v mpeg4")],
    "msmpeg4": [("avi", "-c:v msmpeg4"), ("wmv", "-c:v msmpeg4")],
    "msmpeg4v2": [("avi", "-c:v msmpeg4v2")],
    "msrle": [("avi", "-c:v msrle -pix_fmt pal8")],
    "msvideo1": [("avi", "-c:v msvideo1")],
    "png": [("mov", "-c:v png"), ("mov", "-c:v png -pix_fmt rgba64be"), ("avi", "-c:v png -pix_fmt rgb24")],
    "prores": [("mov", "-c:v prores_ks"), ("mov", "-c:v prores_ks -profile:v 4 -pix_fmt yuva444p10")],
    "qtrle": [("mov", "-c:v qtrle")],
    "r10k": [("mov", "-c:v r10k")],
    "r210": [("mov", "-c:v r210")],
    "rawvideo": [("avi", "-c:v rawvideo"), ("mov", "-c:v rawvideo -pix_fmt uyvy422")],
    "rpza": [("mov", "-c:v rpza")],
    "smc": [("mov", "-c:v smc")],
    "speedhq": [("mov", "-c:v speedhq")],
    "svq1": [("mov", "-c:v svq1")],
    "theora": [("ogv", "-c:v libtheora")],
    "utvideo": [("avi", "-c:v utvideo")],
    "v210": [("mov", "-c:v v210"), ("avi", "-c:v v210")],
    "vp8": [("webm", "-c:v libvpx")],
    "vp9": [("webm", "-c:v libvpx-vp9")],
    "vvc": [("mp4", "-c:v libvvenc -preset faster")],
    "wmv1": [("wmv", "-c:v wmv1"), ("avi", "-c:v wmv1")],
    "wmv2": [("wmv", "-c:v wmv2")],
    "zmbv": [("avi", "-c:v zmbv")],
}


@dataclass
class Report:
    """What was seen of one decoder."""

    decoder: str
    runs: int = 0
    found: list[str] = field(default_factory=list)
    peak_bytes: int = 0
    longest: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.decoder:12} {self.runs:5} damaged films, at most {self.peak_bytes / 1024**2:5.0f} MiB and "
            f"{self.longest:4.1f} s each: {'; '.join(self.found[:4]) or 'nothing'}"
        )


def damaged(whole: bytes, dice: random.Random) -> bytes:
    """Return the film with one to four wounds, each of any kind."""
    data = bytearray(whole)
    for _ in range(dice.randint(1, 4)):
        place, length = dice.randrange(len(data)), dice.choice((1, 1, 2, 4, 16, 64))
        match dice.randrange(6):
            case 0 | 1:
                for _ in range(dice.randint(1, 24)):
                    data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
            case 2:
                data[place : place + length] = dice.randbytes(length)
            case 3:
                data[place : place + length] = dice.choice((b"\x00", b"\xff", b"\x7f", b"\x80")) * length
            case 4:
                data[place:place] = data[place : place + length * 16]
            case _:
                del data[place : place + length]
    return bytes(data)


def limited() -> None:
    """Bound what the child may take."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def decode(film: Path, decoder: str) -> tuple[int | None, float, int]:
    """Return the exit status (None: it hung), the seconds and the most bytes of memory."""
    forced = ["-c:v", decoder] if decoder in ALPHA_DECODER.values() else []
    command = [
        FFMPEG, "-nostdin", "-v", "quiet", "-protocol_whitelist", "file,pipe",
        "-format_whitelist", ",".join(DEMUXERS), "-codec_whitelist", decoder, "-max_pixels", str(MAX_PIXELS),
        "-threads", "2", *forced, "-i", f"file:{film}", "-map", "0:v:0", "-fps_mode", "passthrough", "-f", "null", "-",
    ]  # fmt: skip
    began = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=limited)  # noqa: PLW1509
    hung = False
    while True:
        pid, status, used = os.wait4(child.pid, os.WNOHANG)
        if pid:
            child.returncode = os.waitstatus_to_exitcode(status)
            return None if hung else child.returncode, time.monotonic() - began, used.ru_maxrss * 1024
        if not hung and time.monotonic() - began > HANG_SECONDS:
            hung = True
            child.kill()
        time.sleep(0.003)


def films(decoder: str, folder: Path) -> Iterator[Path]:
    """Make the decoder's whole films, and make sure that it does decode them."""
    for number, (ending, options) in enumerate(MATERIAL[decoder]):
        path = folder / f"{decoder}{number}.{ending}"
        ffmpeg("-f", "lavfi", "-i", SOURCE, *options.split(), path)
        forced = ["-c:v", decoder] if decoder in ALPHA_DECODER.values() else []
        shown = ffmpeg("-codec_whitelist", decoder, *forced, "-i", path, "-map", "0:v:0", "-f", "framecrc", "-")
        if sum(not line.startswith("#") for line in shown.splitlines()) >= FEWEST_PICTURES:
            yield path


def fuzz(decoder: str, seconds: float, folder: Path) -> Report:
    """Damage the decoder's films until the time is over, and ``FEWEST`` times at least."""
    report = Report(decoder)
    whole = [(path, path.read_bytes()) for path in films(decoder, folder)]
    until = time.monotonic() + seconds
    for seed in count():
        if not whole or (report.runs >= FEWEST and time.monotonic() > until):
            break
        path, data = whole[seed % len(whole)]
        film = folder / f"damaged{seed}{path.suffix}"
        film.write_bytes(damaged(data, random.Random(f"{decoder}{seed}")))
        exit_code, took, peak = decode(film, decoder)
        report.runs += 1
        report.longest = max(report.longest, took)
        report.peak_bytes = max(report.peak_bytes, peak)
        if exit_code is None or exit_code < 0:
            report.found.append(f"{'hung' if exit_code is None else f'signal {-exit_code}'} on {film}")
        else:
            film.unlink()
    return report


def main(arguments: Sequence[str]) -> int:
    """Return how the process is to end."""
    seconds = float(arguments[0]) if arguments else SECONDS
    allowed = sorted({*DECODER.values(), *ALPHA_DECODER.values()})
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    bad = False
    for decoder in arguments[1:] or allowed:
        if decoder not in MATERIAL:
            say(f"{decoder:12} no film can be made for it")
            continue
        report = fuzz(decoder, seconds, folder)
        bad = bad or bool(report.found) or not report.runs
        say(report)
    return int(bad)


def say(line: object) -> None:
    """Write a line at once, since the whole takes minutes."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
