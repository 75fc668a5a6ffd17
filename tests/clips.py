"""Videos to test with: small ones that ffmpeg makes when first asked, damaged and hostile ones, and real recordings."""

import random
import struct
import subprocess
from functools import cached_property
from pathlib import Path
from typing import final

import imageio_ffmpeg

FFMPEG = str(imageio_ffmpeg.get_ffmpeg_exe())
SAMPLES = Path(__file__).resolve().parent.parent / ".samples"


def ffmpeg(*arguments: str | Path) -> str:
    """Run plain ffmpeg; give what it writes to stdout."""
    command = [FFMPEG, "-nostdin", "-hide_banner", "-v", "error", "-y", *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@final
class Clips:
    """Each property is the path of a file; nobody may change it."""

    bikes = SAMPLES / "bikes.mp4"  # H.264, 640x272, 25 frames a second, 10 s, no sound.
    big_buck_bunny = SAMPLES / "bigbuckbunny.mp4"  # H.264, 1280x720, 25 frames a second, 5.3 s, sound in six channels.
    carphone = SAMPLES / "carphone_pristine.mp4"  # H.264, 176x144, 29.97 frames a second, 120 frames.

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _made(self, name: str, *arguments: str | Path, source: str = "testsrc2=s=160x120:r=25:d=3") -> Path:
        path = self._folder / name
        ffmpeg("-f", "lavfi", "-i", source, *arguments, path)
        return path

    def _written(self, name: str, data: bytes) -> Path:
        path = self._folder / name
        path.write_bytes(data)
        return path

    # ------------------------------------------------------------ whole

    @cached_property
    def short(self) -> Path:
        return self._made("short.mp4", source="testsrc2=s=160x120:r=25:d=0.4")

    @cached_property
    def mpeg4_avi(self) -> Path:
        return self._made("mpeg4.avi", "-c:v", "mpeg4", "-q:v", "3")

    @cached_property
    def mov(self) -> Path:
        return self._made("prores.mov", "-c:v", "prores_ks")

    @cached_property
    def matroska(self) -> Path:
        return self._made("h264.mkv")

    @cached_property
    def webm_without_duration(self) -> Path:
        """What a browser's recorder writes."""
        path = self._folder / "live.webm"
        ffmpeg("-f", "lavfi", "-i", "testsrc2=s=160x120:r=25:d=3", "-c:v", "libvpx", "-f", "webm", "-live", "1", path)
        return path

    @cached_property
    def changing_size(self) -> Path:
        """What a video call writes: 160x120 for two seconds, then 320x180."""
        names = [
            self._made(f"{size}.webm", "-c:v", "libvpx", source=f"testsrc2=s={size}:r=25:d=2").name
            for size in ("160x120", "320x180")
        ]
        listed = self._written("sizes.txt", "".join(f"file {name}\n" for name in names).encode())
        path = self._folder / "sizes.webm"
        ffmpeg("-f", "concat", "-i", listed, "-c", "copy", path)
        return path

    @cached_property
    def variable_rate(self) -> Path:
        """30 frames in the first second, then one every 0.7 s."""
        return self._made(
            "vfr.mkv", "-vf", "setpts='if(lt(N,30),N/30,1+(N-30)*0.7)/TB'", "-fps_mode", "passthrough",
            source="testsrc2=s=160x120:r=30:d=1.3",
        )  # fmt: skip

    @cached_property
    def rotated(self) -> Path:
        path = self._folder / "rotated.mp4"
        ffmpeg("-display_rotation", "90", "-i", self._made("upright.mp4"), "-c", "copy", path)
        return path

    @cached_property
    def rotated_and_shrinking(self) -> Path:
        """320x180 for two seconds, then 160x120, and all to be turned by a quarter."""
        assert self.changing_size.exists()  # Made of the same two halves.
        listed = self._written("shrinking.txt", b"file 320x180.webm\nfile 160x120.webm\n")
        path = self._folder / "shrinking.webm"
        ffmpeg("-f", "concat", "-i", listed, "-c", "copy", path)
        turned = self._folder / "turned.mkv"
        ffmpeg("-display_rotation", "90", "-i", path, "-c", "copy", turned)
        return turned

    @cached_property
    def late_picture(self) -> Path:
        """Sound from the start, the picture from 0.3 s to 0.7 s."""
        path = self._folder / "late.mkv"
        ffmpeg(
            "-f", "lavfi", "-i", "sine=d=0.7",
            "-itsoffset", "0.3", "-f", "lavfi", "-i", "testsrc2=s=160x120:r=25:d=0.4",
            "-c:a", "pcm_s16le", path,
        )  # fmt: skip
        return path

    # ------------------------------------------------------------ nothing to see

    @cached_property
    def sound_only(self) -> Path:
        return self._made("sound.mp4", source="sine=d=2")

    @cached_property
    def cover_only(self) -> Path:
        """Music with a picture of its cover."""
        cover = self._made("cover.png", "-frames:v", "1")
        path = self._folder / "cover.mp4"
        ffmpeg(
            "-i", self.sound_only, "-i", cover, "-map", "0", "-map", "1",
            "-c", "copy", "-disposition:v:0", "attached_pic", path,
        )  # fmt: skip
        return path

    # ------------------------------------------------------------ damaged

    def cut(self, whole: Path, share: float = 0.6) -> Path:
        """Give the first part of a file, as an upload that broke off leaves it."""
        return self._written(f"cut_{share}_{whole.name}", whole.read_bytes()[: int(whole.stat().st_size * share)])

    @cached_property
    def fast_start(self) -> Path:
        """The index first: such a file can be played from its first bytes on."""
        path = self._folder / "faststart.mp4"
        ffmpeg("-i", self.bikes, "-c", "copy", "-movflags", "+faststart", path)
        return path

    @cached_property
    def avi_cut_between_frames(self) -> Path:
        data = self.mpeg4_avi.read_bytes()
        return self._written("between.avi", data[: data.index(b"00dc", int(len(data) * 0.6))])

    @cached_property
    def flipped_bits(self) -> Path:
        data = bytearray(self.bikes.read_bytes())
        dice = random.Random(7)
        start = data.index(b"mdat") + 20_000
        for _ in range(40):
            data[dice.randrange(start, start + 300_000)] ^= 0x55
        return self._written("flipped.mp4", bytes(data))

    @cached_property
    def text(self) -> Path:
        return self._written("text.mp4", b"This is no video.\n" * 50)

    # ------------------------------------------------------------ hostile

    def playlist(self, url: str) -> Path:
        return self._written(
            "hls.mp4", f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{url}\n#EXT-X-ENDLIST\n".encode()
        )

    def concatenation(self, name: str) -> Path:
        return self._written("concat.mp4", f"ffconcat version 1.0\nfile {name}\n".encode())

    def dash(self, url: str) -> Path:
        return self._written(
            "dash.mp4",
            f"""<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT3S"
 profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet mimeType="video/mp4">
<Representation id="1" bandwidth="1000" codecs="avc1"><BaseURL>{url}</BaseURL></Representation>
</AdaptationSet></Period></MPD>""".encode(),
        )

    @cached_property
    def gap(self) -> Path:
        """Two frames, ten million seconds apart."""
        return self._made(
            "gap.mp4", "-vf", "setpts=N*10000000/TB", "-fps_mode", "passthrough", "-video_track_timescale", "100",
            source="testsrc2=s=64x48:r=1:d=2",
        )  # fmt: skip

    @cached_property
    def gap_that_lies(self) -> Path:
        """The same in Matroska, whose header says two seconds."""
        return self._two_seconds_long("lying_gap.mkv")

    @cached_property
    def long_frame_that_lies(self) -> Path:
        """One frame that is shown for ten million seconds; the header says two."""
        return self._two_seconds_long("lying_frame.mkv", "-frames:v", "1")

    def _two_seconds_long(self, name: str, *arguments: str) -> Path:
        path = self._folder / f"true_{name}"
        ffmpeg("-i", self.gap, *arguments, "-c", "copy", path)
        data = bytearray(path.read_bytes())
        place = data.index(b"\x44\x89\x88") + 3  # The element Duration, eight bytes long.
        data[place : place + 8] = struct.pack(">d", 2000.0)  # Milliseconds.
        return self._written(name, bytes(data))

    @cached_property
    def vast_picture(self) -> Path:
        return self._made("vast.mkv", "-frames:v", "1", "-c:v", "mjpeg", source="color=s=16000x16000:r=1:d=1")

    @cached_property
    def vast_picture_that_lies(self) -> Path:
        """The same, where the header says 64x64."""
        sizes = self.vast_picture.read_bytes().replace(b"\xb0\x82\x3e\x80", b"\xb0\x82\x00\x40", 1)
        return self._written("lying_vast.mkv", sizes.replace(b"\xba\x82\x3e\x80", b"\xba\x82\x00\x40", 1))
