"""Which service is asked, and with what."""

import os
from collections.abc import Mapping
from urllib.parse import urlsplit

from app.remote import API_KEY, SERVICE_URL
from app.remote.credentials import Credentials, KeptSession
from app.remote.failures import WRONG_USE, CannotGoOn
from fiapx_client import AsyncFiapX


def address(text: str) -> str:
    """Return a service's address as credentials are kept by it."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise CannotGoOn(f"This is no address of a service, such as https://videos.example: {text}", WRONG_USE)
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def chosen(url: str | None, environment: Mapping[str, str]) -> str | None:
    """Return the address that was named, by the option or by the environment."""
    named = url or environment.get(SERVICE_URL)
    return address(named) if named else None


def connected(url: str | None, environment: Mapping[str, str] = os.environ) -> AsyncFiapX:
    """Make a client of the service that was named, or else of the one that was signed in at last."""
    credentials = Credentials.of(environment)
    where, key = chosen(url, environment), environment.get(API_KEY)
    if key:
        if where is None:
            where = credentials.current()
        if where is None:
            raise CannotGoOn(f"Which service is the key in {API_KEY} for? Say it with --url, or in {SERVICE_URL}.", 2)
        return _client(where, key=key)
    where = where or credentials.current()
    kept = None if where is None else credentials.at(where)
    if where is None or kept is None:
        at = f" at {where}" if where else ""
        raise CannotGoOn(f"You are not signed in{at}: fiapx login --url {where or 'https://...'}")
    if kept.key is not None:
        return _client(where, key=kept.key)
    return AsyncFiapX(where, store=KeptSession(credentials, where))


def _client(where: str, key: str) -> AsyncFiapX:
    try:
        return AsyncFiapX(where, key=key)
    except ValueError as wrong:
        raise CannotGoOn(str(wrong), WRONG_USE) from None
