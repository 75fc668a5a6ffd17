"""Objects by ticket, where links do not lead to the storage itself."""

import hashlib
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.rest.objects import Representation, send_object
from app.server.edge import edge_of
from app.usecases.ports.storage import ObjectMissing

_NOTHING_MAY_RUN: Final = {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox"}


async def by_ticket(request: Request) -> Response:
    """GET /files/{ticket}: what the ticket names; a forged, a lapsed and an empty one are all 404."""
    edge = edge_of(request)
    ticket = edge.tickets.open(request.path_params["ticket"], edge.clock.now()) if edge.tickets else None
    stored = await edge.storage.stat(ticket.key) if ticket else None
    if ticket is None or stored is None:
        raise HTTPException(404)
    found = Representation(
        ticket.key,
        stored.size_bytes,
        hashlib.sha256(ticket.key.encode()).hexdigest(),  # A key is written once, so it stands for its content.
        ticket.content_type,
        edge.content_disposition(ticket.file_name),
    )
    try:
        return await send_object(request, edge.storage, found, _NOTHING_MAY_RUN)
    except ObjectMissing:
        raise HTTPException(404) from None
