"""The brief's ``User``."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, NewType

from app.domain.common_passwords import is_common
from app.domain.described import Described
from app.domain.errors import InvalidInput, UserNotFound
from app.domain.identifiers import is_uuid

UserId = NewType("UserId", str)
"""A user's public id: a UUID in its canonical text form. The database's int never leaves it."""

_EMAIL: Final = re.compile(
    r"[^@\s\x00-\x1f\x7f<>(),;:\\\"\[\]]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W_][\w-]{0,61}[^\W_]"
)
_EMAIL_MAX: Final = 254  # RFC 5321, 4.5.3.1.3, less the angle brackets
_NAME_MAX: Final = 255
_PASSWORD_MIN: Final = 12
_PASSWORD_MAX: Final = 128


class Locale(Described):
    """The languages of mails and pages."""

    PT_BR = "pt-BR", "Brazilian Portuguese."
    EN = "en", "English."


def parsed_user_id(text: str) -> UserId:
    """Read an id that somebody names.

    :raises UserNotFound: where it is no UUID in canonical form, since no such user can exist
    """
    if not is_uuid(text):
        raise UserNotFound
    return UserId(text)


class Role(Described):
    """What a user may do here."""

    USER = "user", "Sends videos and sees their own."
    OPERATOR = "operator", "Runs the service: sees and does what operators may, and all of it is written down."


@dataclass(frozen=True, slots=True)
class User:
    """Who uploads; ``password_hash`` is the only form in which a password is ever kept."""

    id: UserId
    name: str
    email: str
    password_hash: str
    locale: Locale
    email_on_failure: bool
    email_on_completion: bool
    created_at: datetime
    updated_at: datetime
    webhook_url: str | None = None
    email_verified_at: datetime | None = None
    """When the address was last proven to be the owner's: by a verification's or a reset's link."""
    role: Role = Role.USER
    disabled_at: datetime | None = None
    """Since when an operator lets nobody in with this account."""
    max_active_videos: int | None = None
    """How many unfinished videos this user may have, where that is not what the settings say."""
    max_stored_bytes: int | None = None
    """How much this user may keep, where that is not what the settings say."""


def pseudonym(user: UserId) -> str:
    """Return the name under which logs speak of a user: always the same, and nobody can tell from it who it is."""
    return hashlib.sha256(user.encode()).hexdigest()[:12]


def checked_email(text: str) -> str:
    """Return an address as far as its characters go: NFKC, no space around it, in lower case.

    Lower case and not case folding, which would make another domain of one with an eszett. What its domain means, and
    so whether two of them are one, is told by ``ports.MailAddresses``.

    :raises InvalidInput: where it is no address
    """
    email = _normalised("NFKC", _normalised("NFKC", text, _EMAIL_MAX).strip().lower(), _EMAIL_MAX)
    if len(email) > _EMAIL_MAX or not _EMAIL.fullmatch(email) or _has(email, "C"):
        raise InvalidInput("This is not an e-mail address.", field=("email",))
    return email


def mailbox_of(email: str) -> str:
    """Return what all addresses of one mailbox have in common, as far as one can know: no ``+tag``."""
    local, _, domain = email.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def checked_name(text: str) -> str:
    """Return a person's name as it is stored: NFC, one line, 1 to 255 characters.

    :raises InvalidInput: where it is empty, too long or holds control characters
    """
    return checked_line(text, _NAME_MAX)


def checked_line(text: str, longest: int) -> str:
    """Return the name of something or somebody as it is stored: NFC, one line, at least one character.

    :raises InvalidInput: where it is empty, longer than this or holds control characters
    """
    name = " ".join(_normalised("NFC", text, longest).split())
    if not name or len(name) > longest or _has(name, "Cc", "Cs"):
        raise InvalidInput(f"A name has 1 to {longest} characters.", field=("name",))
    return name


def normalised_password(text: str) -> str:
    """Return a password in the form that is hashed, NFC, so that it matches however a keyboard composes it.

    :raises InvalidInput: where it is shorter than 12 or longer than 128 characters, or no text at all
    """
    password = _normalised("NFC", text, _PASSWORD_MAX)
    if not _PASSWORD_MIN <= len(password) <= _PASSWORD_MAX or _has(password, "Cs"):
        raise InvalidInput(f"A password has {_PASSWORD_MIN} to {_PASSWORD_MAX} characters.", field=("password",))
    return password


def new_password(text: str) -> str:
    """Return a new password in the form that is hashed; it must not be one that everybody tries first.

    :raises InvalidInput: where it breaks the rules of ``normalised_password``, or is common
    """
    password = normalised_password(text)
    if is_common(password):
        raise InvalidInput("This password is too common: choose one that nobody would guess.", field=("password",))
    return password


def _normalised(form: Literal["NFC", "NFKC"], text: str, longest: int) -> str:
    """Normalise, unless it is far too long anyway: putting many marks in order takes quadratic time."""
    return unicodedata.normalize(form, text) if len(text) <= 4 * longest else text


def _has(text: str, *categories: str) -> bool:
    """Whether some of it is of these categories of Unicode, such as Cc for controls and Cs for halves of characters.

    All that begin with C cannot be seen or mean nothing.
    """
    return any(unicodedata.category(c).startswith(categories) for c in text)
