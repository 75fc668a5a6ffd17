"""What the Python client reads and reckons: files, headers, answers and streams, and how long it waits."""

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from app.domain.errors import DomainError
from fiapx_client import AsyncFiapX, Refused, codes
from fiapx_client.answers import events_of, value_of
from fiapx_client.file import File
from fiapx_client.refused import retry_after
from fiapx_client.waiting import Tries


def test_retry_after_is_read_as_seconds_and_as_a_date():
    now = datetime(2026, 11, 29, 12, tzinfo=UTC)
    headers = ["120", "Sun, 29 Nov 2026 12:00:30 GMT", "Sun, 29 Nov 2026 11:00:00 GMT", "soon", "", None]
    assert [retry_after(header, now) for header in headers] == [120, 30, 0, None, None, None]


def test_a_file_is_told_apart_as_the_typescript_client_does(tmp_path: Path):
    """Its README's program gives for this file the same, as does Chromium's ``lastModified``."""
    path = tmp_path / "férias.mp4"
    path.write_bytes(bytes(range(256)) * 300)
    os.utime(path, ns=(0, 1764417600_123_456_789))
    assert File.at(path).fingerprint() == "férias.mp4:76800:1764417600123:a2d79dc5"


PROBLEM = '{"data": {"f": {"code": "QUOTA_EXCEEDED", "message": "Wait.", "retryAfterSeconds": 9}}}'
ERROR = '{"errors": [{"message": "Sign in.", "extensions": {"code": "UNAUTHENTICATED"}}]}'


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (200, PROBLEM, ("QUOTA_EXCEEDED", "Wait.", 9)),
        (401, ERROR, ("UNAUTHENTICATED", "Sign in.", None)),
        (403, '{"code": "INSUFFICIENT_SCOPE", "detail": "It may not."}', ("INSUFFICIENT_SCOPE", "It may not.", None)),
        (429, "Slow down", ("RATE_LIMITED", "The service answered with 429.", 7)),
        (502, "<html>", ("SERVICE_BUSY", "The service answered with 502.", 7)),
        (200, '{"data": null}', ("INTERNAL", "The service answered with 200.", None)),
        (200, '["no", "sense"]', ("INTERNAL", "The service answered with 200.", None)),
        (200, "\x80\xff", ("INTERNAL", "The service answered with 200.", None)),
    ],
)
def test_whatever_is_answered_is_a_code_and_a_sentence(status: int, body: str, told: tuple[str, str, float | None]):
    headers = {"Retry-After": "7"} if status in {429, 502} else {}
    with pytest.raises(Refused) as refused:
        value_of(httpx.Response(status, content=body.encode("latin-1"), headers=headers))
    assert (refused.value.code, refused.value.message, refused.value.retry_after_seconds) == told


async def test_a_stream_is_read_whatever_its_pieces_are_and_whatever_stands_in_a_name():
    name = "a\u2028b\x85c é"
    stream = (
        f': here\r\n\r\nevent: next\ndata: {{"data":\ndata: {{"f": "{name}"}}}}\n\nevent: complete\n\nevent: next\n\n'
    )

    async def pieces() -> AsyncIterator[bytes]:
        for byte in stream.encode():
            yield bytes([byte])

    assert [said async for said in events_of(pieces())] == [name]


def test_it_waits_longer_each_time_and_as_long_as_it_was_told():
    tries = Tries()
    pauses = [tries.pause_after(Refused("NETWORK")) for _ in range(8)]
    assert 0.5 <= pauses[0] <= 1
    assert all(5 <= pause <= 10 for pause in pauses[4:])
    assert len(set(pauses)) == 8
    assert tries.pause_after(Refused("RATE_LIMITED", retry_after_seconds=60)) == 60
    with pytest.raises(Refused):
        tries.pause_after(Refused("FILE_TOO_LARGE"))
    while tries.failures < 30:
        tries.pause_after(Refused("NETWORK"))
    with pytest.raises(Refused):
        tries.pause_after(Refused("NETWORK"))
    tries.came_through()
    assert tries.pause_after(Refused("NETWORK")) <= 1


@pytest.mark.parametrize(
    ("url", "key"), [("videos.example", None), ("ftp://videos.example", None), ("https://videos.example", "fx_\n")]
)
def test_what_is_no_address_and_no_key_is_said_at_once(url: str, key: str | None):
    with pytest.raises(ValueError, match=r"address|key"):
        AsyncFiapX(url, key=key)


def test_the_codes_that_it_acts_on_are_the_services_or_its_own():
    services = {DomainError.code, *(kind.code for kind in DomainError.coded())}
    known = {value for name, value in vars(codes).items() if name.isupper()}
    assert known - services == {"DAMAGED", "NETWORK", "STORAGE_UNREACHABLE", "UNREADABLE"}
