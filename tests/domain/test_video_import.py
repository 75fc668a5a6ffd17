"""What a fetched film is called, and how it is cut into parts."""

from datetime import timedelta

import pytest

from app.domain.video_import import found_name, import_part_size, time_for

MIB = 1024**2


@pytest.mark.parametrize(
    ("said", "links", "name"),
    [
        ("férias.mov", ["https://x.example/a.mp4"], "férias.mov"),
        (None, ["https://x.example/f%C3%A9rias%20na%20praia.mkv?key=a.mp4"], "férias na praia.mkv"),
        (None, ["https://x.example/"], "video.mp4"),
        (None, ["https://x.example/.."], "video.mp4"),
        (None, ["https://x.example/download"], "download.mp4"),
        (None, ["https://x.example/latest", "https://cdn.example/film-3.webm"], "film-3.webm"),
        (None, ["https://x.example/film-3.webm", "https://cdn.example/blob"], "film-3.webm"),
        ("cat.php", ["https://x.example/get"], "cat.php.mp4"),
        ("../../etc/passwd", ["https://x.example/get"], "passwd.mp4"),
        ("..\\..\\a\x00\u202e.mp4", ["https://x.example/get"], "a.mp4"),
        ("", ["s3://cameras/yard/front 1.ts"], "front 1.ts"),
        ("/", ["https://x.example/%2e%2e%2f%2fa%0d%0ab.mp4"], "ab.mp4"),
        ("x" * 300, ["https://x.example/"], "x" * 200 + ".mp4"),
        ("x" * 300 + ".mov", ["https://x.example/"], "x" * 251 + ".mov"),
        (None, ["https://x.example/%ff%fe"], "\ufffd\ufffd.mp4"),
    ],
)
def test_a_film_is_called_as_its_server_or_its_links_say_and_ends_like_one(
    said: str | None, links: list[str], name: str
):
    assert found_name(said, links, "mp4") == name


def test_a_film_of_any_size_fits_into_as_many_parts_as_there_may_be():
    assert import_part_size(1) == import_part_size(50 * 1024 * MIB) == 8 * MIB
    for size in (50 * 1024 * MIB, 70 * 1024 * MIB, 5 * 1024 * 1024 * MIB):
        assert size / import_part_size(size) <= 8000


def test_time_is_an_hour_or_what_its_size_takes():
    assert time_for(1, 65536) == timedelta(hours=1)
    assert time_for(65536 * 7200, 65536) == timedelta(hours=2)
