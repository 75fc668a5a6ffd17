"""Objects by ticket, where links do not lead to the storage itself."""

import hashlib
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.rest.batches import BATCH_ERRORS, send_batch
from app.rest.objects import NOTHING_MAY_RUN, OBJECT_PARAMETERS, Representation, object_answers, send_object
from app.rest.ways_out import WAYS_OUT_ERRORS, send_selection, send_table
from app.server.contract import Parameter, promises
from app.server.problem_types import OUTSIDE_THE_FILE, UNKNOWN_PATH
from app.server.services import services_of
from app.usecases.download_batch import batch_of_ticket
from app.usecases.frame_tables import TableTicket
from app.usecases.ports.storage import ObjectMissing
from app.usecases.select_frames import SelectionTicket


@promises(
    "files",
    *object_answers("*/*"),
    errors=(*BATCH_ERRORS, *WAYS_OUT_ERRORS),
    problems=(UNKNOWN_PATH, OUTSIDE_THE_FILE),
    parameters=(Parameter("path", "ticket", "What a link of the API has there."), *OBJECT_PARAMETERS),
)
async def by_ticket(request: Request) -> Response:
    """Fetch what a link of the API names, such as a ZIP, a ZIP of chosen pictures, a batch's ZIP or a contact sheet.

    A link authorises itself for a few minutes; a forged, an expired and an empty one are all not found.
    """
    services = services_of(request)
    ticket = services.own_tickets.open(request.path_params["ticket"], services.clock.now())
    if ticket is not None and (made := await _made(request, ticket.key)) is not None:
        return made
    stored = await services.storage.stat(ticket.key) if ticket and services.tickets else None
    if ticket is None or stored is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    found = Representation(
        ticket.key,
        stored.size_bytes,
        hashlib.sha256(ticket.key.encode()).hexdigest(),  # A key is written once, so it stands for its content.
        ticket.content_type,
        services.content_disposition(ticket.file_name),
    )
    try:
        return await send_object(request, services.storage, found, NOTHING_MAY_RUN)
    except ObjectMissing:
        raise HTTPException(HTTPStatus.NOT_FOUND) from None


async def _made(request: Request, key: str) -> Response | None:
    """Answer with what is stored nowhere and made while it is read; None where the ticket is for an object."""
    do = services_of(request).do
    if (batch := batch_of_ticket(key)) is not None:
        return await send_batch(request, *batch, NOTHING_MAY_RUN)
    if (selection := SelectionTicket.parsed(key)) is not None:
        return await send_selection(request, await do.select_frames.by_ticket(selection), NOTHING_MAY_RUN)
    if (table := TableTicket.parsed(key)) is not None:
        return await send_table(request, await do.frame_tables.by_ticket(table), NOTHING_MAY_RUN)
    return None
