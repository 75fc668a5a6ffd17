"""What our ZIP, our reading of multipart bodies and our token buckets cost beside the libraries that do the same.

Repeat: PYTHONPATH=. python bench/libraries.py

The libraries that we do not use are measured where they are installed: pip install stream-zip multipart. ADR 22 says
what else than their speed decided.
"""

import asyncio
import importlib
import secrets
import sys
import time
import tracemalloc
import zlib
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.requests import Request
from starlette.types import Message

from app.infra.zip import StoredZip
from app.server.metrics import Metrics
from app.server.multipart import Multipart
from app.server.throttle import TokenBuckets
from app.server.uploads import Incoming, Uploads
from tests.parts.wired import shipped

AIMS = {"ZIP": 0.7, "multipart": 1.5, "buckets": 0.5}
"""The most that ours may cost of what the library costs, in processor time."""
PICTURES, PICTURE = 2_000, secrets.token_bytes(100_000)
BODY, PIECE = 200 * 1024**2, secrets.token_bytes(64 * 1024)
ASKED, PER_MINUTE, NETWORKS = 50_000, 600, 100_000
NOW = datetime(2026, 11, 29, tzinfo=UTC)


def seconds(work: Callable[[], object]) -> float:
    """Return the least processor time of three runs."""
    took = []
    for _ in range(3):
        began = time.process_time()
        work()
        took.append(time.process_time() - began)
    return min(took)


def told(what: str, unit: str, amount: float, ours: float, theirs: float | None, library: str) -> bool:
    """Print both and their ratio; return whether the aim was missed."""
    line = f"{what}: ours {amount / ours:,.0f} {unit}"
    if theirs is None:
        print(f"{line}; {library} is not installed: pip install {library}")
        return False
    print(f"{line}, {library} {amount / theirs:,.0f}: {ours / theirs:.2f} of its time (aim at most {AIMS[what]})")
    return ours / theirs > AIMS[what]


def names() -> Iterator[str]:
    return (f"frame_{number:06}.jpg" for number in range(PICTURES))


def our_zip() -> int:
    archive = StoredZip()
    size = sum(len(piece) for name in names() for piece in archive.entry(name, PICTURE, NOW))
    return size + sum(len(piece) for piece in archive.end())


def their_zip(library: Any) -> int:
    """Sizes and checks in the local headers, as ours has them: stream-zip can do that where it is told both."""
    entries = (
        (name, NOW, 0o100644, library.NO_COMPRESSION_64(len(PICTURE), zlib.crc32(PICTURE)), (PICTURE,))
        for name in names()
    )
    return sum(len(piece) for piece in library.stream_zip(entries, extended_timestamps=False))


def zips() -> bool:
    try:
        library = importlib.import_module("stream_zip")
    except ImportError:
        library = None
    theirs = seconds(lambda: their_zip(library)) if library else None
    return told("ZIP", "MB/s", PICTURES * len(PICTURE) / 1e6, seconds(our_zip), theirs, "stream-zip")


def arriving() -> Request:
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n'
    pieces = iter([head, *[PIECE] * (BODY // len(PIECE)), b"\r\n--b--\r\n"])

    async def receive() -> Message:
        piece = next(pieces)
        return {"type": "http.request", "body": piece, "more_body": piece[-4:] != b"--\r\n"}

    headers = [(b"content-type", b"multipart/form-data; boundary=b")]
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


def incoming() -> Incoming:
    one = Incoming(Uploads(shipped(upload_memory_bytes=2 * BODY), Metrics()), "ana")
    one.keeps(0)
    return one


async def our_multipart() -> int:
    form = Multipart(arriving(), incoming())
    part = await form.next_part()
    assert part is not None
    return sum([len(chunk) async for chunk in form.last_file(part)])


async def their_multipart(parser: Any) -> int:
    request, one, size, more = arriving(), incoming(), 0, True
    while more:
        message = await one.take(request.receive, 30)
        more = message["more_body"]
        size += sum(len(event) for event in parser.parse(message["body"]) if isinstance(event, bytes))
    return size


def multiparts() -> bool:
    def run(read: Callable[[], Awaitable[int]]) -> None:
        async def whole() -> None:
            assert await read() == BODY

        asyncio.run(whole())

    theirs, library = None, importlib.import_module("multipart")  # Of this name python-multipart has a module too.
    if hasattr(library, "PushMultipartParser"):
        theirs = seconds(lambda: run(lambda: their_multipart(library.PushMultipartParser(b"b", strict=True))))
    return told("multipart", "MB/s", BODY / 1e6, seconds(lambda: run(our_multipart)), theirs, "multipart")


def held(spend: Callable[[str], object]) -> float:
    """Return how many MB are held after so many networks came once."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for number in range(NETWORKS):
        spend(f"2001:db8:{number:x}::/64")
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return (after - before) / 1e6


def buckets() -> bool:
    item = RateLimitItemPerMinute(PER_MINUTE)

    def ours() -> Callable[[str], object]:
        return TokenBuckets(PER_MINUTE).spend

    def theirs() -> Callable[[str], object]:
        limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        return lambda key: limiter.hit(item, key)

    def asked(spend: Callable[[str], object]) -> None:
        for number in range(ASKED):
            spend(f"192.0.2.{number % 250}")

    missed = told(
        "buckets", "requests/s", ASKED, seconds(lambda: asked(ours())), seconds(lambda: asked(theirs())), "limits"
    )
    print(f"after {NETWORKS:,} networks: ours hold {held(ours()):.0f} MB, those of limits {held(theirs()):.0f}")
    return missed


if __name__ == "__main__":
    sys.exit(any([zips(), multiparts(), buckets()]))
