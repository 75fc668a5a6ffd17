"""Makes the film that the page offers where somebody has none at hand: 9 s in three scenes, under 200 kB.

All of it is drawn by ffmpeg's own sources, so that nobody else has a right in it.

Repeat: PYTHONPATH=. python frontend-sample/sample/make.py
"""

import subprocess
from pathlib import Path
from typing import Final

import imageio_ffmpeg

SAMPLE: Final = Path(__file__).parents[1] / "src" / "sample.mp4"
MOST_BYTES: Final = 200_000
SIZE: Final = "480x270"
SCENES: Final = (
    f"gradients=s={SIZE}:r=25:d=3:n=4:seed=7:speed=0.03:c0=0x2b0413:c1=0xb3124b:c2=0xff7aa2:c3=0x1559c1",
    f"mandelbrot=s={SIZE}:r=25:start_scale=1.2:end_scale=0.15:end_pts=75:maxiter=200",
    f"gradients=s={SIZE}:r=25:d=3:n=3:seed=11:speed=0.02:type=radial:c0=0xf1eff4:c1=0x17713a:c2=0x66d28e",
)


def make() -> None:
    """Draw the scenes, one after the other."""
    sources = [argument for scene in SCENES for argument in ("-f", "lavfi", "-t", "3", "-i", scene)]
    graph = "".join(f"[{place}:v]setsar=1,format=yuv420p[s{place}];" for place in range(len(SCENES)))
    graph += "".join(f"[s{place}]" for place in range(len(SCENES))) + f"concat=n={len(SCENES)}"
    encoding = ["-c:v", "libx264", "-preset", "slow", "-crf", "32", "-g", "75", "-movflags", "+faststart"]
    exact = ["-fflags", "+bitexact", "-flags:v", "+bitexact", "-map_metadata", "-1"]
    program = str(imageio_ffmpeg.get_ffmpeg_exe())
    command = [program, "-v", "error", "-y", *sources, "-filter_complex", graph, *encoding, *exact, str(SAMPLE)]
    subprocess.run(command, check=True)
    size = SAMPLE.stat().st_size
    assert size < MOST_BYTES, size
    print(f"{SAMPLE.name}: {size:,} bytes")


if __name__ == "__main__":
    make()
