"""Programs that ask in a person's name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from app.domain.session import Scope
from tests.parts.site import Person, Site


@dataclass
class Program(Person):
    """A client with a key; its ``token`` is the key."""

    key: str
    """The key's id."""


@asynccontextmanager
async def program(site: Site, owner: Person, *scopes: Scope, seconds: float | None = None) -> AsyncIterator[Program]:
    """Make a key of the owner's with these scopes, all of them where none is named, and a client that sends it."""
    expires_at = None if seconds is None else site.clock.now() + timedelta(seconds=seconds)
    keys, viewer = site.services().do.api_keys, site.tokens.verify(owner.token)
    new = await keys.create(viewer, "cameras", scopes or tuple(Scope), expires_at)
    async with site.client(timeout=30, headers={"Authorization": f"Bearer {new.secret}"}) as client:
        yield Program(client, owner.id, owner.email, new.secret, new.key.id)


async def revoked(site: Site, of: Program, owner: Person) -> None:
    """Let the owner revoke the program's key."""
    await site.services().do.api_keys.revoke(site.tokens.verify(owner.token), of.key)
