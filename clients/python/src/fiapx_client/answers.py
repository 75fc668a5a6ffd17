"""What the service's answers say, or refuse."""

import json
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from http import HTTPStatus
from typing import Any

import httpx

from fiapx_client import codes
from fiapx_client.refused import Refused, no_sense, retry_after


def value_of(answer: httpx.Response) -> Any:
    """Return what was asked for; raises ``Refused`` with what the service says instead."""
    said = _json(answer)
    value = _value(said)
    if value is None and not _is_nothing(said):
        raise refusal_of(answer)
    return value


def refusal_of(answer: httpx.Response) -> Refused:
    """Read an error of GraphQL, or a problem of REST, or what stands before the service says in words of its own."""
    said, later = _json(answer), retry_after(answer.headers.get("Retry-After"))
    if (error := _error(said, later)) is not None:
        return error
    if isinstance(said, dict) and isinstance(said.get("code"), str):
        field = said.get("field")
        message = str(said.get("detail") or said.get("title") or said["code"])
        return Refused(said["code"], message, retry_after_seconds=later, field=field if isinstance(field, list) else ())
    code = codes.INTERNAL
    if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        code = codes.RATE_LIMITED
    elif answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        code = codes.SERVICE_BUSY
    return Refused(code, f"The service answered with {answer.status_code}.", retry_after_seconds=later)


async def events_of(stream: AsyncIterable[bytes]) -> AsyncGenerator[Any]:
    """Yield what a stream of events says (graphql-sse, distinct connections); returns at its ``complete``."""
    async for name, data in _events(stream):
        if name == "complete":
            return
        if name != "next":
            continue
        try:
            said = json.loads(data)
        except ValueError as error:
            raise no_sense() from error
        value = _value(said)
        if value is None:
            raise _error(said, None) or no_sense()
        yield value


async def _events(stream: AsyncIterable[bytes]) -> AsyncIterator[tuple[str, str]]:
    """Yield each event's name and data (HTML, section 9.2.6); a comment, which is a sign of life, is passed over."""
    name, data = "message", list[str]()
    async for line in _lines(stream):
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data or name != "message":
                yield name, "\n".join(data)
            name, data = "message", []
        elif field == "event":
            name = value
        elif field == "data":
            data.append(value)


async def _lines(stream: AsyncIterable[bytes]) -> AsyncIterator[str]:
    """Split at line feeds alone: the other separators that Python knows may stand in a film's name."""
    rest = b""
    async for chunk in stream:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.removesuffix(b"\r").decode("utf-8", "replace")


def _value(said: Any) -> Any:
    """Return the value of the only field; None where there is none, and raises ``Refused`` where it is a Problem."""
    data = said.get("data") if isinstance(said, dict) else None
    value = next(iter(data.values()), None) if isinstance(data, dict) else None
    if isinstance(value, dict) and isinstance(value.get("code"), str):
        raise _refused(value["code"], value.get("message"), value.get("retryAfterSeconds"), value.get("field"))
    return value


def _is_nothing(said: Any) -> bool:
    """Whether there is no value because that is the answer."""
    return (
        isinstance(said, dict) and isinstance(said.get("data"), dict) and bool(said["data"]) and not said.get("errors")
    )


def _error(said: Any, later: float | None) -> Refused | None:
    """Return GraphQL's first error, where there is one."""
    errors = said.get("errors") if isinstance(said, dict) else None
    error = errors[0] if isinstance(errors, list) and errors else None
    extensions = error.get("extensions") if isinstance(error, dict) else None
    if not isinstance(error, dict) or not isinstance(extensions, dict) or not isinstance(extensions.get("code"), str):
        return None
    asked = extensions.get("retryAfterSeconds", later)
    return _refused(extensions["code"], error.get("message"), asked, extensions.get("field"))


def _refused(code: str, message: Any, later: Any, field: Any) -> Refused:
    seconds = float(later) if isinstance(later, int | float) else None
    return Refused(
        code, str(message or code), retry_after_seconds=seconds, field=field if isinstance(field, list) else ()
    )


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:  # A text that is no UTF-8 is one, too.
        return None
