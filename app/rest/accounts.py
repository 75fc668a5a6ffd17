"""The brief's ``/auth``."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.domain.errors import InvalidInput
from app.domain.times import iso8601
from app.domain.user import Locale
from app.server.body import json_object, text_of
from app.server.edge import Edge, address_of, edge_of, viewer_of
from app.server.language import preferred_locale
from app.usecases.open_session import Session


async def register(request: Request) -> Response:
    """POST /auth/register: 201 with the account, 409 where the address is taken."""
    body = await json_object(request)
    name, email, password = text_of(body, "name"), text_of(body, "email"), text_of(body, "password")
    locale = _locale(request, body.get("locale"))
    session = await edge_of(request).do.accounts.register_user(name, email, password, locale, address_of(request))
    user = session.user
    return JSONResponse(
        {"id": user.id, "name": user.name, "email": user.email, "createdAt": iso8601(user.created_at)},
        HTTPStatus.CREATED,
    )


async def login(request: Request) -> Response:
    """POST /auth/login: 200 with a bearer token (the members of RFC 6749, section 5.1), or 401."""
    edge, body = edge_of(request), await json_object(request)
    email, password = text_of(body, "email"), text_of(body, "password")
    return _tokens(edge, await edge.do.accounts.authenticate_user(email, password, address_of(request)))


async def refresh(request: Request) -> Response:
    """POST /auth/refresh: 200 with the next tokens for a refresh token, or 401."""
    edge, body = edge_of(request), await json_object(request)
    return _tokens(edge, await edge.do.accounts.refresh_session(text_of(body, "refresh_token")))


async def logout(request: Request) -> Response:
    """POST /auth/logout: 204, and the session has ended everywhere."""
    await edge_of(request).do.accounts.end_session(viewer_of(request))
    return Response(status_code=HTTPStatus.NO_CONTENT)


def _tokens(edge: Edge, session: Session) -> Response:
    seconds = (session.token.expires_at - edge.clock.now()).total_seconds()
    return JSONResponse(
        {
            "access_token": session.token.text,
            "token_type": "Bearer",
            "expires_in": round(seconds),
            "refresh_token": session.refresh_token,
        },
        headers={"Cache-Control": "no-store"},  # RFC 6749, section 5.1.
    )


def _locale(request: Request, given: object) -> Locale:
    if given is None:
        return preferred_locale(request.headers.get("accept-language"))
    if not isinstance(given, str) or given not in tuple(Locale):
        raise InvalidInput(f"The language is one of {', '.join(Locale)}.", field=("locale",))
    return Locale(given)
