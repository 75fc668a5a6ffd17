"""A film in one request, for where no way leads to the storage (GraphQL multipart request specification)."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final
from uuid import uuid4

from anyio import to_thread

from fiapx_client.documents import REFUSAL, WHOLE, WHOLE_IN_BATCH
from fiapx_client.file import File
from fiapx_client.parts import CHUNK
from fiapx_client.service import Service

_ESCAPED: Final = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})
"""In the name of a file, as browsers do it (HTML, section 4.10.22.8)."""


async def send_whole(
    service: Service,
    file: File,
    variables: Mapping[str, Any],
    batch: str | None,
    on_sent: Callable[[int], None],
) -> Any:
    """Send a film, and return what the service answers; ``on_sent`` is told how many of its bytes are on their way.

    A refusal in the midst of a body may be lost with the line, so it is asked for before. ``variables`` are those of
    ``uploadVideo`` but the file and the ``batch`` that it joins; with the same idempotency key the same film becomes no
    second video. Raises ``Refused``.
    """
    await service.ask(REFUSAL, **file.shown(), **variables)
    document = WHOLE if batch is None else WHOLE_IN_BATCH
    variables = {"file": None, **variables, **({} if batch is None else {"batchId": batch})}
    boundary = uuid4().hex
    fields = {"operations": json.dumps({"query": document, "variables": variables}), "map": '{"0": ["variables.file"]}'}
    before = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    disposition = f'form-data; name="0"; filename="{file.name.translate(_ESCAPED)}"'
    head = f"{before}--{boundary}\r\nContent-Disposition: {disposition}\r\n\r\n".encode()
    tail = f"\r\n--{boundary}--\r\n".encode()

    async def content() -> AsyncIterator[bytes]:
        yield head
        for start in range(0, file.size, CHUNK):
            chunk = await to_thread.run_sync(file.read, start, min(CHUNK, file.size - start))
            yield chunk
            on_sent(start + len(chunk))
        yield tail

    headers = {
        "Content-Type": f"multipart/form-data; boundary={boundary}",
        "Content-Length": str(len(head) + file.size + len(tail)),
    }
    return await service.ask_with(content, headers)
