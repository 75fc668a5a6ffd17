"""The brief's ``/auth``."""

from http import HTTPStatus
from typing import Final, Literal, NotRequired

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from app.domain import errors
from app.domain.session import agent_of
from app.domain.times import iso8601
from app.domain.user import Locale
from app.server.body import json_body
from app.server.contract import Answer, Instant, Parameter, Uuid, described, promises
from app.server.preferences import preferred_locale
from app.server.services import Services, address_of, services_of, viewer_of
from app.usecases.sessions import Session

_STORES: Final = (errors.StorageError, errors.StorageFull)


@described
class Registration(TypedDict):
    """A new account."""

    name: str
    """One line of 1 to 255 characters."""
    email: str
    """Where mails go; what differs only in its case is the same address."""
    password: str
    """12 to 128 characters, and none of the usual ones."""
    locale: NotRequired[Locale | None]
    """The language of mails; without it Accept-Language decides."""


@described
class Account(TypedDict):
    """An account as it was made."""

    id: Uuid
    name: str
    email: str
    """As it is kept: in lower case."""
    createdAt: Instant


@described
class Credentials(TypedDict):
    """Who signs in."""

    email: str
    password: str


@described
class RefreshToken(TypedDict):
    """A session that is to go on."""

    refresh_token: str
    """The one that came last."""


@described
class Tokens(TypedDict):
    """A session, in the members of RFC 6749, section 5.1."""

    access_token: str
    """Send it as ``Authorization: Bearer ...``."""
    token_type: Literal["Bearer"]
    expires_in: int
    """For so many seconds the access token is valid."""
    refresh_token: str
    """Gets the next tokens, once."""


_LANGUAGE: Final = Parameter("header", "Accept-Language", "Chooses the language of mails where ``locale`` does not.")
_SIGNED_IN: Final = Answer(HTTPStatus.OK, "The session.", Tokens, headers=("Cache-Control",))


@promises(
    "accounts",
    Answer(HTTPStatus.CREATED, "The account; sign in with its address and password.", Account),
    errors=(errors.EmailAlreadyRegistered, *_STORES),
    parameters=(_LANGUAGE,),
    body=Registration,
)
async def register(request: Request) -> Response:
    """Make an account."""
    body = await json_body(request, Registration)
    locale = _locale(request, body.get("locale"))
    user = await services_of(request).do.register_user.without_session(
        body["name"], body["email"], body["password"], locale, address_of(request)
    )
    account = Account(id=user.id, name=user.name, email=user.email, createdAt=iso8601(user.created_at))
    return JSONResponse(account, HTTPStatus.CREATED)


@promises(
    "accounts",
    _SIGNED_IN,
    errors=(errors.AccountDisabled, errors.InvalidCredentials, errors.RateLimited, *_STORES),
    body=Credentials,
)
async def login(request: Request) -> Response:
    """Sign in."""
    services, body = services_of(request), await json_body(request, Credentials)
    agent = agent_of(request.headers.get("user-agent"))
    session = await services.do.authenticate_user(body["email"], body["password"], address_of(request), agent)
    return _tokens(services, session)


@promises("accounts", _SIGNED_IN, errors=(errors.InvalidCredentials, *_STORES), body=RefreshToken)
async def refresh(request: Request) -> Response:
    """Get the next tokens of a session.

    A refresh token that was used before ends its session, for somebody may have copied it.
    """
    services, body = services_of(request), await json_body(request, RefreshToken)
    return _tokens(services, await services.do.sessions.refresh(body["refresh_token"]))


@promises(
    "accounts", Answer(HTTPStatus.NO_CONTENT, "The session has ended everywhere."), errors=_STORES, signed_in=True
)
async def logout(request: Request) -> Response:
    """Sign out."""
    await services_of(request).do.sessions.end(await viewer_of(request))
    return Response(status_code=HTTPStatus.NO_CONTENT)


def _tokens(services: Services, session: Session) -> Response:
    seconds = (session.token.expires_at - services.clock.now()).total_seconds()
    tokens = Tokens(
        access_token=session.token.text,
        token_type="Bearer",  # noqa: S106 - no secret
        expires_in=round(seconds),
        refresh_token=session.refresh_token,
    )
    return JSONResponse(tokens, headers={"Cache-Control": "no-store"})  # RFC 6749, section 5.1.


def _locale(request: Request, given: object) -> Locale:
    if given is None:
        return preferred_locale(request.headers.get("accept-language"))
    if not isinstance(given, str) or given not in tuple(Locale):
        raise errors.InvalidInput(f"The language is one of {', '.join(Locale)}.", field=("locale",))
    return Locale(given)
