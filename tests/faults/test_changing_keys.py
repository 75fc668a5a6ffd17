"""Processes that sign with different keys beside each other, as they do while one is rolled out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from app.bootstrap import Service, compose
from app.settings import Settings
from tests.faults.conftest import Stack
from tests.parts.known_secrets import remember


@asynccontextmanager
async def process(stack: Stack, key: str, former: str) -> AsyncIterator[Service]:
    environment = stack.environment | {"FIAPX_JWT_SECRET": key}
    settings = {name.removeprefix("FIAPX_").lower(): value for name, value in environment.items()}
    async with compose(Settings(**settings, jwt_former_secrets=[former])) as service:  # type: ignore[arg-type]  # pydantic reads them from text, as from the environment
        yield service


async def test_a_lost_answer_that_another_process_gives_again_ends_no_session(stack: Stack):
    old, new = stack.environment["FIAPX_JWT_SECRET"], uuid4().hex * 2
    remember(new)
    async with process(stack, old, new) as former, process(stack, new, old) as latter:
        do = former.services.do
        session = await do.authenticate_user("ana@example.com", "correct horse battery", "127.0.0.1")
        lost = await do.sessions.refresh(session.refresh_token)
        again = await latter.services.do.sessions.refresh(session.refresh_token)
        assert again.refresh_token == lost.refresh_token
        assert latter.services.tokens.verify(lost.token.text) == former.services.tokens.verify(lost.token.text)
