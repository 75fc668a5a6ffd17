"""Takes pictures as other libraries do; a script of its own, so that another interpreter can run it.

    python peers.py                                      which peers can be imported, as JSON
    python peers.py NAME FILM JPEG|PNG FOLDER STEP UNTIL  one picture each STEP seconds before UNTIL, into the folder

Prints what it took, from when all is imported on, and at which times the pictures come on the screen by the library's
own account. Each peer is written to be as quick as the library's documented ways allow: OpenCV grabs what it does not
need, PyAV seeks only where that leaves something out, both write as little compressed a PNG as we do.
"""

import importlib
import json
import resource
import sys
import time
from bisect import bisect_right
from collections.abc import Callable
from pathlib import Path
from typing import Any

QUALITY = 90


def opencv(film: str, image_format: str, folder: Path, step: float, until: float) -> list[float]:
    """Read all, and write the first picture that is there at each instant."""
    cv2 = importlib.import_module("cv2")
    capture = cv2.VideoCapture(film)
    slack = 250 / (capture.get(cv2.CAP_PROP_FPS) or 25)  # A quarter of an interval, in milliseconds.
    times: list[float] = []
    while capture.grab():
        at = capture.get(cv2.CAP_PROP_POS_MSEC)
        if at + slack >= len(times) * step * 1000 and len(times) * step < until:
            picture = capture.retrieve()[1]
            _write(cv2, folder, len(times), image_format, picture)
            times.append(at / 1000)
    return times


def decord(film: str, image_format: str, folder: Path, step: float, until: float) -> list[float]:
    """Take pictures by their index, which its own table of times tells."""
    cv2, library = importlib.import_module("cv2"), importlib.import_module("decord")
    reader = library.VideoReader(film, ctx=library.cpu(0))
    starts = [float(begin) for begin in reader.get_frame_timestamp(range(len(reader)))[:, 0]]
    slack = 0.25 / (reader.get_avg_fps() or 25)
    times: list[float] = []
    while len(times) * step < until:
        index = max(0, bisect_right(starts, starts[0] + len(times) * step + slack) - 1)
        picture = reader[index].asnumpy()
        _write(cv2, folder, len(times), image_format, picture[:, :, ::-1])
        times.append(starts[index] - starts[0])
    return times


def _write(cv2: Any, folder: Path, index: int, image_format: str, picture: Any) -> None:
    if image_format == "PNG":
        cv2.imwrite(str(folder / f"{index:06}.png"), picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    else:
        cv2.imwrite(str(folder / f"{index:06}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])


def pyav(film: str, image_format: str, folder: Path, step: float, until: float) -> list[float]:
    """Seek to the key picture before each instant, decode up to its picture, encode with libavcodec."""
    av: Any = importlib.import_module("av")
    encoder = None
    times: list[float] = []
    with av.open(film) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        base, start = float(stream.time_base), stream.start_time or 0
        keys = [entry.timestamp for entry in stream.index_entries if entry.is_keyframe]
        slack = 0.25 / float(stream.average_rate or 25)
        frames, held, following = container.decode(stream), None, None
        while len(times) * step < until:
            target = start + round((len(times) * step + slack) / base)
            here = start if held is None else held.pts
            if bisect_right(keys, target) > bisect_right(keys, here):
                frames, held, following = _sought(container, stream, target, keys)
            while following is None or following.pts <= target:
                held = following or held
                following = None
                if held is not None and held.duration and held.pts + held.duration > target:
                    break  # It is on the screen: the next one need not be decoded to know.
                following = next(frames, None)
                if following is None:
                    break
            shown = held or following
            if shown is None:
                break
            encoder = encoder or _encoder(av, shown, image_format)
            _encode(encoder, shown, len(times), folder, image_format)
            times.append((shown.pts - start) * base)
    return times


def _sought(container: Any, stream: Any, target: int, keys: list[int]) -> Any:
    """Give the pictures from a key picture on that is shown at the target or before."""
    place = bisect_right(keys, target) - 1
    while True:
        container.seek(keys[place], stream=stream, backward=True)
        frames = container.decode(stream)
        first = next(frames, None)
        if first is None or first.pts <= target or place == 0:
            return frames, None, first
        place -= 1


def _encoder(av: Any, frame: Any, image_format: str) -> Any:
    png = image_format == "PNG"
    encoder = av.CodecContext.create("png" if png else "mjpeg", "w")
    encoder.width, encoder.height, encoder.thread_count = frame.width, frame.height, 1
    encoder.time_base = frame.time_base
    encoder.pix_fmt = "rgb24" if png else "yuvj422p" if "422" in frame.format.name else "yuvj420p"
    encoder.options = {"compression_level": "1"} if png else {"qmin": "2", "qmax": "2"}
    return encoder


def _encode(encoder: Any, frame: Any, index: int, folder: Path, image_format: str) -> None:
    picture = frame.reformat(format=encoder.pix_fmt)
    picture.pts = index
    data = b"".join(bytes(packet) for packet in encoder.encode(picture))
    (folder / f"{index:06}.{'png' if image_format == 'PNG' else 'jpg'}").write_bytes(data)


PEERS: dict[str, tuple[Callable[[str, str, Path, float, float], list[float]], tuple[str, ...]]] = {
    "OpenCV loop": (opencv, ("cv2",)),
    "PyAV, seeking": (pyav, ("av",)),
    "decord": (decord, ("decord", "cv2")),
}


def importable(modules: tuple[str, ...]) -> str | None:
    """Give the first one's version, None where one of them is not here."""
    try:
        return str(next(iter([importlib.import_module(module) for module in modules])).__version__)
    except ImportError:
        return None


def main() -> None:
    if len(sys.argv) == 1:
        found = {name: importable(modules) for name, (_, modules) in PEERS.items()}
        print(json.dumps({name: version for name, version in found.items() if version}))
        return
    name, film, image_format, folder, step, until = sys.argv[1:]
    run, modules = PEERS[name]
    importable(modules)
    before, wall = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    times = run(film, image_format, Path(folder), float(step), float(until))
    wall, after = time.perf_counter() - wall, resource.getrusage(resource.RUSAGE_SELF)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"wall": wall, "cpu": spent, "times": times}))


if __name__ == "__main__":
    main()
