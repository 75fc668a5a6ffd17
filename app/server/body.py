"""Small JSON bodies, bounded."""

import asyncio
import json
from http import HTTPStatus
from typing import Final, TypeVar, cast

from python_multipart.multipart import parse_options_header
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from app.domain.errors import FileTooLarge, InvalidInput, UploadIncomplete
from app.server.uploads import IDLE_SECONDS

MAX_JSON_BYTES: Final = 256 * 1024

_Body = TypeVar("_Body")


async def bounded_body(request: Request, limit: int = MAX_JSON_BYTES) -> bytes:
    """Read the whole of a small body.

    :raises FileTooLarge: where it is larger than ``limit`` bytes, as soon as that is known
    :raises UploadIncomplete: where the client goes away, or does not finish within half a minute
    """
    declared = request.headers.get("content-length", "0")
    body = b""
    try:
        async with asyncio.timeout(IDLE_SECONDS):
            if declared.isdigit() and int(declared) > limit:
                raise _too_large(limit)
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise _too_large(limit)
    except (ClientDisconnect, TimeoutError):
        raise UploadIncomplete("The request ended before its whole body had arrived.") from None
    return body


def is_json(content_type: str) -> bool:
    """Return whether a body of this media type is JSON as it is exchanged: in UTF-8 (RFC 8259, section 8.1)."""
    kind, options = parse_options_header(content_type)
    return kind == b"application/json" and options.get(b"charset", b"utf-8").lower() in {b"utf-8", b"utf8"}


async def json_body(request: Request, kind: type[_Body]) -> _Body:
    """Read a body of this kind, a TypedDict whose needed members are all strings; others are for the caller to check.

    :raises HTTPException: 415, where it does not say that it is JSON in UTF-8
    :raises InvalidInput: where it is not, or lacks a member
    """
    if not is_json(request.headers.get("content-type", "")):
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send a JSON object as application/json, in UTF-8.")
    try:
        value = json.loads(await bounded_body(request))
    except (ValueError, RecursionError):
        raise InvalidInput("This body is not valid JSON.") from None
    if not isinstance(value, dict):
        raise InvalidInput("Send a JSON object.")
    needed = kind.__required_keys__  # type: ignore[attr-defined]  # Every TypedDict has them.
    for name in (name for name in kind.__annotations__ if name in needed):
        if not isinstance(value.get(name), str):
            raise InvalidInput(f"{name} is needed and must be a string.", field=(name,))
    return cast("_Body", value)


def _too_large(limit: int) -> FileTooLarge:
    return FileTooLarge(f"This request is too large: {limit // 1024} KiB are allowed.")
