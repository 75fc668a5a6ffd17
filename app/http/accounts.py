"""The brief's ``/auth``."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.domain.errors import InvalidInput
from app.domain.user import Locale
from app.http.body import json_object, text_of
from app.http.edge import edge_of
from app.http.language import preferred_locale
from app.http.times import iso8601


async def register(request: Request) -> Response:
    """POST /auth/register: 201 with the account, 409 where the address is taken."""
    body = await json_object(request)
    name, email, password = text_of(body, "name"), text_of(body, "email"), text_of(body, "password")
    session = await edge_of(request).do.register_user(name, email, password, _locale(request, body.get("locale")))
    user = session.user
    return JSONResponse(
        {"id": user.id, "name": user.name, "email": user.email, "createdAt": iso8601(user.created_at)},
        HTTPStatus.CREATED,
    )


async def login(request: Request) -> Response:
    """POST /auth/login: 200 with a bearer token (the members of RFC 6749, section 5.1), or 401."""
    edge, body = edge_of(request), await json_object(request)
    session = await edge.do.authenticate_user(text_of(body, "email"), text_of(body, "password"))
    seconds = (session.token.expires_at - edge.clock.now()).total_seconds()
    return JSONResponse({"access_token": session.token.text, "token_type": "Bearer", "expires_in": round(seconds)})


def _locale(request: Request, given: object) -> Locale:
    if given is None:
        return preferred_locale(request.headers.get("accept-language"))
    if not isinstance(given, str) or given not in tuple(Locale):
        raise InvalidInput(f"The language is one of {', '.join(Locale)}.", field=("locale",))
    return Locale(given)
