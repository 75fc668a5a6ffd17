"""Stored objects as HTTP responses: whole, in part or only their headers (RFC 9110, sections 13 and 14)."""

import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from app.server.contract import Answer, Parameter
from app.server.problem_types import OUTSIDE_THE_FILE
from app.server.problems import problem
from app.usecases.ports.storage import ObjectStorage

OBJECT_PARAMETERS: Final = (
    Parameter("header", "Range", "One part of it, in bytes; more parts at once are answered with the whole."),
    Parameter("header", "If-Range", "An ETag: of any other content the whole is sent."),
    Parameter("header", "If-None-Match", "An ETag: the same content is not sent again."),
)
NOTHING_MAY_RUN: Final = {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox"}
"""For what anybody may open by a link, and a browser shows."""
_HEADERS: Final = ("Accept-Ranges", "Cache-Control", "Content-Disposition", "ETag")
_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


@dataclass(frozen=True, slots=True)
class Representation:
    """What never changes under its key: ``etag`` names its content, ``disposition`` how it is saved.

    It is an object, or of one the ``size_bytes`` from ``offset`` on: nothing else of it can be had. What is made while
    it is read has another ETag where it is another.
    """

    key: str
    size_bytes: int
    etag: str
    content_type: str
    disposition: str
    offset: int = 0
    cache_control: str = "private, no-store"


def object_answers(media_type: str) -> tuple[Answer, ...]:
    """Return what ``send_object`` may answer, for objects of this type."""
    sized = (*_HEADERS, "Content-Length")
    return (
        Answer(HTTPStatus.OK, "The whole of it.", {}, media_type, sized),
        Answer(HTTPStatus.PARTIAL_CONTENT, "The part that Range asks for.", {}, media_type, (*sized, "Content-Range")),
        Answer(HTTPStatus.NOT_MODIFIED, "It is the one that If-None-Match names.", headers=_HEADERS),
    )


async def send_object(
    request: Request, storage: ObjectStorage, found: Representation, headers: Mapping[str, str]
) -> Response:
    """Stream an object as ``send_bytes`` does."""
    return await send_bytes(request, lambda start, end: storage.read(found.key, start, end), found, headers)


async def send_bytes(
    request: Request,
    read: Callable[[int, int], AsyncIterator[bytes]],
    found: Representation,
    headers: Mapping[str, str],
) -> Response:
    """Stream what is read from one byte to another; several ranges at once are answered with the whole (RFC 9110).

    :raises ObjectMissing: before anything is sent
    :raises StorageError: before anything is sent; later, the connection is cut
    """
    etag, headers = f'"{found.etag}"', {"Accept-Ranges": "bytes", **_described(found), **headers}
    if _names(request.headers.get("if-none-match"), etag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    wanted = request.headers.get("range") if request.headers.get("if-range", etag) == etag else None
    start, end, status = 0, found.size_bytes, HTTPStatus.OK
    if wanted is not None and (part := _part(wanted, found.size_bytes)) is not None:
        start, end = part
        if start >= end:
            return problem(
                OUTSIDE_THE_FILE.status,
                OUTSIDE_THE_FILE.code,
                "Range not satisfiable",
                f"The file has {found.size_bytes} bytes.",
                headers={"Content-Range": f"bytes */{found.size_bytes}", "Accept-Ranges": "bytes"},
            )
        status = HTTPStatus.PARTIAL_CONTENT
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{found.size_bytes}"
    headers["Content-Length"] = str(end - start)
    if request.method == "HEAD" or start == end:
        return Response(status_code=status, headers=headers, media_type=found.content_type)
    chunks = read(found.offset + start, found.offset + end)
    first = await anext(chunks)
    return StreamingResponse(_joined(first, chunks), status, headers, found.content_type)


async def send_stream(
    request: Request, pieces: AsyncIterator[bytes], found: Representation, headers: Mapping[str, str]
) -> Response:
    """Stream what has no known length, and so no parts; raises as ``send_bytes``."""
    headers = {**_described(found), **headers}
    if _names(request.headers.get("if-none-match"), f'"{found.etag}"'):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    first = await anext(pieces)
    return StreamingResponse(_joined(first, pieces), HTTPStatus.OK, headers, found.content_type)


def _described(found: Representation) -> dict[str, str]:
    return {
        "ETag": f'"{found.etag}"',
        "Content-Disposition": found.disposition,
        "Cache-Control": found.cache_control,
    }


async def _joined(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk


def _names(if_none_match: str | None, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")]
    return etag in tags or "*" in tags


def _part(header: str, size: int) -> tuple[int, int] | None:
    """Read one range as (start, end exclusive); None where it is none that we serve, empty where it lies outside."""
    match = _RANGE.fullmatch(header.replace(" ", ""))
    if match is None or match[1] == match[2] == "":
        return None
    if not match[1]:
        return max(0, size - int(match[2])), size
    start = int(match[1])
    if match[2] and int(match[2]) < start:
        return None
    return min(start, size), min(size, int(match[2]) + 1) if match[2] else size
