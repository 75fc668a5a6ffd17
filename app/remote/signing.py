"""Signing in and out."""

import getpass
import os
import sys
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final, final

from app.remote import SERVICE_URL
from app.remote.connection import chosen
from app.remote.credentials import Credentials, KeptSession
from app.remote.failures import WRONG_USE, CannotGoOn
from app.remote.shown import say
from fiapx_client import AsyncFiapX, Refused, codes

_LONGEST_LINE: Final = 4096


@final
@dataclass(frozen=True, slots=True)
class Answers:
    """What somebody signs in with: a key, where there is no address."""

    email: str | None
    secret: str = field(repr=False)


def place(url: str | None) -> str:
    """Return the address of the service to sign in at."""
    where = chosen(url, os.environ) or Credentials.of(os.environ).current()
    if where is None:
        raise CannotGoOn(f"Where? Say it with --url, or in {SERVICE_URL}.", WRONG_USE)
    return where


def asked(email: str | None, *, key: bool) -> Answers:
    """Ask for what was not said."""
    if key:
        return Answers(None, _secret("Key"))
    return Answers(email or _line("E-mail"), _secret("Password"))


async def log_in(where: str, answers: Answers) -> int:
    """Begin a session, or try a key, and keep it; where it is refused nothing changes."""
    credentials = Credentials.of(os.environ)
    if answers.email is None:
        await _try(where, answers.secret)
        await credentials.keep(where, answers.secret)
    else:
        async with AsyncFiapX(where, store=KeptSession(credentials, where)) as fiapx:
            await fiapx.sign_in(answers.email, answers.secret)
    await credentials.choose(where)
    say(f"Signed in at {where}.", sys.stderr)
    return 0


async def _try(where: str, key: str) -> None:
    """Raise ``Refused`` where it is no key."""
    try:
        async with AsyncFiapX(where, key=key) as fiapx, aclosing(fiapx.videos()) as videos:
            await anext(videos, None)
    except ValueError as wrong:
        raise CannotGoOn(f"{wrong}") from None
    except Refused as refused:
        if refused.code != codes.INSUFFICIENT_SCOPE:  # It may send or delete, and is one.
            raise


async def log_out(url: str | None) -> int:
    """End the session at the service, or forget the key."""
    credentials = Credentials.of(os.environ)
    where = chosen(url, os.environ) or credentials.current()
    kept = None if where is None else credentials.at(where)
    if where is None or kept is None:
        raise CannotGoOn("You are not signed in.")
    if kept.session is not None:
        async with AsyncFiapX(where, store=KeptSession(credentials, where)) as fiapx:
            await fiapx.sign_out()
    else:
        await credentials.forget(where)
    say(f"Signed out at {where}.", sys.stderr)
    return 0


def _secret(what: str) -> str:
    """Ask without an echo, or read a line where there is nobody to ask; never an argument, which all may see."""
    if sys.stdin.isatty():
        return getpass.getpass(f"{what}: ")
    return _read(what)


def _line(what: str) -> str:
    if sys.stdin.isatty():
        sys.stderr.write(f"{what}: ")
        sys.stderr.flush()
    return _read(what)


def _read(what: str) -> str:
    line = sys.stdin.readline(_LONGEST_LINE).rstrip("\r\n")
    if not line:
        raise CannotGoOn(f"{what}: there is none on standard input.", WRONG_USE)
    return line
