"""multipart/form-data (RFC 7578), read part by part as it arrives.

Nothing is kept: a part's bytes are parsed when they are asked for, and nothing more is taken from the network until
they were, so a slow storage slows its client down and memory does not depend on the size of a file.
"""

from collections import deque
from collections.abc import AsyncIterator, Collection
from enum import Enum, auto
from typing import Final, final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from app.domain.errors import InvalidInput, UploadIncomplete
from app.server.uploads import IDLE_SECONDS, Incoming

MAX_PARTS: Final = 16
MAX_FIELD_BYTES: Final = 64 * 1024
_MAX_HEADERS: Final = 8
_MAX_HEADER_BYTES: Final = 4096


class _Kind(Enum):
    HEADERS = auto()
    DATA = auto()
    END = auto()
    CLOSED = auto()


@final
class Part:
    """One part: a field, or a file where ``file_name`` is not None. Its bytes can be read once."""

    def __init__(self, form: "Multipart", name: str, file_name: str | None) -> None:
        self._form = form
        self.name = name
        self.file_name = file_name

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the bytes in pieces; raises ``UploadIncomplete`` where the client goes away."""
        return self._form.data(self)

    async def read(self, limit: int = MAX_FIELD_BYTES) -> bytes:
        """Return the bytes of a field; raises ``InvalidInput`` where there are more than ``limit``."""
        content = b""
        async for chunk in self:
            content += chunk
            if len(content) > limit:
                raise InvalidInput(f"This field may have {limit // 1024} KiB.", field=(self.name,))
        return content


@final
class Multipart:
    """The body of one request.

    :raises InvalidInput: from each method, where the body is malformed or has too many or too large parts
    :raises UploadIncomplete: from each method, where it ends early, nothing comes for ``idle_seconds``, or over such a
        time too little; only the time in which we wait for the client counts
    """

    def __init__(self, request: Request, incoming: Incoming, *, idle_seconds: float = IDLE_SECONDS) -> None:
        kind, options = parse_options_header(request.headers.get("content-type"))
        boundary = options.get(b"boundary", b"")
        if kind != b"multipart/form-data" or not boundary:
            raise InvalidInput("Send the file as multipart/form-data.")
        self._receive = request.receive
        self._incoming = incoming
        self._idle_seconds = idle_seconds
        self._declared = declared_bytes(request)
        self._tail = len(boundary) + 8  # A line break and two hyphens on each side of the last boundary.
        self._events: deque[tuple[_Kind, bytes, int]] = deque()
        self._received = 0
        self._ended = False
        self._parts = 0
        self._headers: dict[bytes, bytes] = {}
        self._header = (b"", b"")
        self._current: Part | None = None
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._on_part_begin,
                    "on_header_field": self._on_header_field,
                    "on_header_value": self._on_header_value,
                    "on_header_end": self._on_header_end,
                    "on_headers_finished": self._on_headers_finished,
                    "on_part_data": self._on_part_data,
                    "on_part_end": lambda: self._events.append((_Kind.END, b"", 0)),
                    "on_end": lambda: self._events.append((_Kind.CLOSED, b"", 0)),
                },
                max_header_count=_MAX_HEADERS,
                max_header_size=_MAX_HEADER_BYTES,
            )
        except FormParserError:
            raise InvalidInput("The boundary of this multipart body is too long.") from None

    async def next_part(self) -> Part | None:
        """Return the next part, or None after the last; what was not read of the one before is read over."""
        if self._current is not None:
            await self._current.read()
        kind, disposition, _ = await self._next()
        if kind is _Kind.CLOSED:
            await self._read_epilogue()
            return None
        _, options = parse_options_header(disposition.decode("latin-1"))
        if not options.get(b"name"):
            raise InvalidInput("A part of this multipart body has no name.")
        file_name = options.get(b"filename")
        self._current = Part(self, _text(options[b"name"]), None if file_name is None else _text(file_name))
        return self._current

    async def data(self, part: Part) -> AsyncIterator[bytes]:
        """Return the rest of the part that was given last; of any other, nothing is left."""
        while self._current is part:
            kind, data, _ = await self._next()
            if kind is _Kind.END:
                self._current = None
            else:
                yield data

    async def last_file(self, part: Part, *, first: Collection[str] = ()) -> AsyncIterator[bytes]:
        """Yield a file's bytes; it is only whole where the body ends as it should and holds no second file.

        Nor may one of the fields follow that must come ``first``, since the file was begun without them.
        """
        async for chunk in part:
            yield chunk
        while (more := await self.next_part()) is not None:
            if more.file_name is not None:
                raise InvalidInput("Send one file per request.", field=(more.name,))
            if more.name in first:
                raise InvalidInput("Send this field before the file.", field=(more.name,))
            await more.read()

    def bytes_at_most(self) -> int | None:
        """Return how large the part that was given last can be; None where the client did not say."""
        if self._declared is None:
            return None
        kind, _, offset = self._events[0] if self._events else (None, b"", 0)
        before = offset if kind is _Kind.DATA else self._received
        return max(0, self._declared - before - self._tail)

    async def _next(self) -> tuple[_Kind, bytes, int]:
        while not self._events:
            if self._ended:
                raise UploadIncomplete
            data = await self._take()
            try:
                self._parser.write(data)
            except FormParserError:
                raise InvalidInput("This multipart body is malformed.") from None
            self._received += len(data)
        return self._events.popleft()

    async def _take(self) -> bytes:
        """Wait for the network; the server stops reading from it while we do not ask."""
        message = await self._incoming.take(self._receive, self._idle_seconds)
        self._ended = not message.get("more_body", False)
        return bytes(message.get("body", b""))

    async def _read_epilogue(self) -> None:
        """Let the connection live on: what may follow the last boundary (RFC 2046, 5.1.1) is read over."""
        left = MAX_FIELD_BYTES
        while not self._ended and left > 0:
            left -= len(await self._take())

    def _on_part_begin(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise InvalidInput(f"This multipart body has more than {MAX_PARTS} parts.")
        self._headers = {}

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header = (self._header[0] + data[start:end], self._header[1])

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header = (self._header[0], self._header[1] + data[start:end])

    def _on_header_end(self) -> None:
        self._headers[self._header[0].lower()] = self._header[1]
        self._header = (b"", b"")

    def _on_headers_finished(self) -> None:
        # One chunk of the network can hold several parts, so what a part is called travels with its event.
        self._events.append((_Kind.HEADERS, self._headers.get(b"content-disposition", b""), 0))

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._events.append((_Kind.DATA, data[start:end], self._received + start))


def declared_bytes(request: Request) -> int | None:
    """Return how many bytes a request's body has; None where the client did not say."""
    declared = request.headers.get("content-length", "")
    return int(declared) if declared.isascii() and declared.isdigit() else None


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
