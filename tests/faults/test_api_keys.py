"""A key for programs with several processes, which share nothing but their stores and sign with different secrets."""

import asyncio
from uuid import uuid4

import pytest

from app.domain.errors import RateLimited, Unauthenticated
from app.domain.session import Scope
from app.server.services import bearer_viewer, session_over
from tests.faults.conftest import Stack
from tests.faults.test_changing_keys import process
from tests.parts.known_secrets import remember


async def test_a_key_opens_every_process_and_its_end_in_one_cuts_what_is_open_in_another(stack: Stack):
    old, new = stack.environment["FIAPX_JWT_SECRET"], uuid4().hex * 2
    remember(new)
    async with process(stack, old, new) as here, process(stack, new, old) as there:
        do = here.services.do
        session = await do.authenticate_user("ana@example.com", "correct horse battery", "127.0.0.1")
        owner = here.services.tokens.verify(session.token.text)
        made = await do.api_keys.create(owner, "cameras", {Scope.READ}, None)
        opened = await bearer_viewer(there.services, f"Bearer {made.secret}")
        assert (opened.id, opened.scopes) == (owner.id, frozenset({Scope.READ}))
        watching = asyncio.create_task(session_over(there.services, opened))
        await do.api_keys.revoke(owner, made.key.id)
        async with asyncio.timeout(6):  # At once by Redis, or five seconds later by the database.
            await watching
        for one in (here, there):
            with pytest.raises(Unauthenticated, match="revoked"):
                await bearer_viewer(one.services, f"Bearer {made.secret}")


async def test_a_keys_requests_are_counted_for_all_processes_together(stack: Stack):
    stack.environment["FIAPX_REQUEST_RATE_PER_KEY"] = "4/hour"
    secret = stack.environment["FIAPX_JWT_SECRET"]
    async with process(stack, secret, secret) as here, process(stack, secret, secret) as there:
        do = here.services.do
        session = await do.authenticate_user("ana@example.com", "correct horse battery", "127.0.0.1")
        owner = here.services.tokens.verify(session.token.text)
        made = await do.api_keys.create(owner, "cameras", {Scope.READ}, None)
        for one in (here, there, here, there):
            await bearer_viewer(one.services, f"Bearer {made.secret}")
        for one in (here, there):
            with pytest.raises(RateLimited) as refused:
                await bearer_viewer(one.services, f"Bearer {made.secret}")
            assert 0 < refused.value.retry_after_seconds <= 3600
