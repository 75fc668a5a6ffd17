"""MPEG-4 as DivX and Xvid packed it for AVI: a picture comes in the packet of the one before it, a placeholder later.

People have put such films into other containers as they are, with times that are those of packets.
"""

from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests.extracting import EVERY_PICTURE, at, take
from tests.films import Films

pytestmark = pytest.mark.slow

COUNT = 60
PICTURE = b"\0\0\1\xb6"
PACKED = b"\0\0\1\xb2DivX503b1393p"
BIDIRECTIONAL = 2


def packed(packets: list[bytes]) -> list[bytes]:
    """Put each B-picture into the packet of the picture before it, and a placeholder into its own."""
    found: list[bytes] = []
    for packet in packets:
        if coding_type(packet) == BIDIRECTIONAL:
            found[-1] += packet
            found.append(placeholder(found[-1]))
        else:
            found.append(packet)
    return [found[0].replace(PICTURE, PACKED + PICTURE, 1), *found[1:]]


def coding_type(packet: bytes) -> int:
    return packet[packet.index(PICTURE) + 4] >> 6


def placeholder(packet: bytes) -> bytes:
    """A predicted picture of the same time that is not coded; of 25 pictures a second the time takes five bits."""
    start = packet.index(PICTURE) + 4
    bits = "".join(f"{byte:08b}" for byte in packet[start : start + 8])
    clock = bits.index("0", 2) + 1  # Behind the seconds, each of which is a one.
    header = "01" + bits[2 : clock + 7] + "0" + "0"
    header += "1" * (-len(header) % 8)
    return PICTURE + int(header, 2).to_bytes(len(header) // 8)


@pytest.mark.parametrize("container", ["avi", "mkv", "mp4"])
async def test_packed_pictures_are_each_at_their_own_time(films: Films, tmp_path: Path, container: str):
    source = films.numbered(
        "unpacked.avi", COUNT, 25, "-c:v", "mpeg4", "-q:v", "4", "-bf", "1", "-g", "25", "-sc_threshold", "1000000000"
    )
    film = tmp_path / f"packed.{container}"
    with av.open(str(source)) as reading, av.open(str(film), "w") as writing:
        stream = writing.add_stream_from_template(reading.streams.video[0])
        data = packed([bytes(packet) for packet in reading.demux(video=0) if packet.size])
        assert sum(one.count(PICTURE) > 1 for one in data) > COUNT // 3
        for number, one in enumerate(data):
            packet = av.Packet(one)
            packet.stream, packet.time_base = stream, Fraction(1, 25)
            packet.pts = packet.dts = number
            packet.is_keyframe = coding_type(one) == 0
            writing.mux(packet)
    assert (await take(film, at(0.5, 1.0, 2.02))).numbers == [12, 25, 50]
    taken = await take(film, EVERY_PICTURE)
    assert taken.numbers == list(range(COUNT))
    assert taken.times == pytest.approx([number / 25 for number in range(COUNT)], abs=0.002)
