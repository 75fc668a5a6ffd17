"""The GraphQL multipart request specification (Jayden Seric's, version 2), read as it arrives.

``operations`` comes first and ``map`` second, as the specification says; the file comes last and is not read here:
the variable it belongs to becomes a reader, so that a resolver looks at the session and the limits before a byte of
the file is taken from the network, and no copy of it is ever made. One file per request, for one variable.
"""

import json
from typing import Any

from starlette.requests import Request

from app.domain.errors import InvalidInput
from app.server.body import MAX_JSON_BYTES
from app.server.multipart import Multipart
from app.server.uploads import Incoming
from app.usecases.upload_video import IncomingVideo


async def parsed_operations(request: Request, incoming: Incoming) -> object:
    """Return the operation, with its file in place.

    :raises InvalidInput: where the body is not as the specification says
    :raises UploadIncomplete: where it ends before the file begins
    """
    form = Multipart(request, incoming)
    operations = await _field(form, "operations")
    name, path = _only_entry(await _field(form, "map"))
    file = await form.next_part()
    if file is None or file.file_name is None or file.name != name:
        raise InvalidInput("The part that the map names must follow it and be a file.")
    _put(operations, path, IncomingVideo(file.file_name, form.bytes_at_most(), form.last_file(file), incoming.keeps))
    return operations


async def _field(form: Multipart, name: str) -> object:
    part = await form.next_part()
    if part is None or part.name != name or part.file_name is not None:
        raise InvalidInput("A multipart request begins with operations, then map, then the file.")
    try:
        value: object = json.loads(await part.read(MAX_JSON_BYTES))
    except (ValueError, RecursionError):
        raise InvalidInput(f"{name} is not valid JSON.") from None
    return value


def _only_entry(files: object) -> tuple[str, list[str]]:
    if isinstance(files, dict) and len(files) == 1:
        name, paths = next(iter(files.items()))
        if isinstance(paths, list) and len(paths) == 1 and isinstance(paths[0], str):
            return name, paths[0].split(".")
    raise InvalidInput("The map must name one file and one variable.")


def _put(operations: object, path: list[str], file: IncomingVideo) -> None:
    """Put the file where its path leads; the specification wants a null there."""
    wrong = InvalidInput("The map's path must lead to a variable that is null.")
    if path[0] != "variables":
        raise wrong
    *way, last = path
    holder: Any = operations
    for step in way:
        holder = holder.get(step) if isinstance(holder, dict) else None
    if not isinstance(holder, dict) or last not in holder or holder[last] is not None or not way:
        raise wrong
    holder[last] = file
