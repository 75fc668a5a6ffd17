"""Films of all containers, and what is read of their structure."""

import io
from collections.abc import Mapping
from typing import Final

from app.infra.container_structure import structure_of
from app.infra.containers.reading import Structure

WHOLE: Final = Structure()
SHAPES: Final[Mapping[str, str]] = {
    # A film's name, and the options that make it.
    "plain.mp4": "",
    "faststart.mp4": "-movflags +faststart",
    "fragmented.mp4": "-movflags frag_keyframe+empty_moov+default_base_moof",
    "dash.mp4": "-movflags dash+frag_keyframe -g 10",
    "prores.mov": "-c:v prores_ks",
    "timecode.mov": "-timecode 01:00:00:00",
    "phone.3gp": "-c:v mpeg4 -c:a aac",
    "h264.mkv": "",
    "vp8.webm": "-c:v libvpx -c:a libvorbis",
    "live.webm": "-c:v libvpx -c:a libvorbis -f webm -live 1",
    "mpeg4.avi": "-c:v mpeg4",
    "broadcast.ts": "-c:v mpeg2video",
    "camcorder.m2ts": "",
    "mpeg1.mpg": "-c:v mpeg1video",
    "dvd.vob": "",
    "windows.wmv": "",
    "flash.flv": "",
    "theora.ogv": "",
}


def of(data: bytes) -> Structure:
    found = structure_of(io.BytesIO(data))
    assert found is not None
    return found
