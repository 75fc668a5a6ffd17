"""The service, as this client speaks to it: GraphQL and REST over HTTP, with a key or with a session of its own."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus
from typing import Any, Final, TypeVar, final

import httpx

from fiapx_client import codes
from fiapx_client.answers import events_of, refusal_of, value_of
from fiapx_client.documents import LOGIN, LOGOUT, RENEW
from fiapx_client.refused import Refused, no_sense
from fiapx_client.session import Session, SessionStore

_Value = TypeVar("_Value")
_TIMEOUT: Final = httpx.Timeout(30, connect=10)
_STREAM_TIMEOUT: Final = httpx.Timeout(45, connect=10)
"""A stream without news has a sign of life every 15 seconds."""
SENDING_TIMEOUT: Final = httpx.Timeout(120, connect=20, pool=None)
"""What the system has taken in counts as sent, and may take a slow line a while."""
_VISIBLE: Final = re.compile(r"[!-~]+")


@contextmanager
def heard(otherwise: str = "The service does not answer.") -> Iterator[None]:
    """Raise ``Refused`` with ``NETWORK`` and this sentence where nobody answers in the block."""
    try:
        yield
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise no_sense("An address that the service gave") from error
    except httpx.RequestError as error:
        raise Refused(codes.NETWORK, otherwise) from error


@final
class Service:
    """Asks in somebody's name. Everything raises ``Refused``."""

    def __init__(self, url: str, key: str | None, http: httpx.AsyncClient, store: SessionStore | None = None) -> None:
        try:
            self._url = httpx.URL(url.rstrip("/") + "/")
        except httpx.InvalidURL as error:
            raise ValueError(f"This is no address of a service: {url}") from error
        if self._url.scheme not in {"http", "https"} or not self._url.host:
            raise ValueError(f"This is no address of a service, such as https://videos.example: {url}")
        if key is not None and not _VISIBLE.fullmatch(key):
            raise ValueError("The key has characters that no key has.")
        self._key = key
        self._store = store
        self._session = store.load() if store and key is None else None
        self._renewing: asyncio.Task[None] | None = None
        self.http = http

    @property
    def url(self) -> str:
        """Its address."""
        return str(self._url).rstrip("/")

    async def aclose(self) -> None:
        """End, but not before a session that is being renewed is."""
        if self._renewing is not None:
            await asyncio.gather(self._renewing, return_exceptions=True)
        await self.http.aclose()

    async def sign_in(self, email: str, password: str) -> None:
        """Begin a session, which is then renewed by itself."""
        said = await self._post(LOGIN, {"input": {"email": email, "password": password}}, {})
        await self._keep(Session.of(said))

    async def sign_out(self) -> None:
        """End the session, which may be over already."""
        try:
            await self.ask(LOGOUT)
        except Refused as refused:
            if refused.code != codes.UNAUTHENTICATED:
                raise
        await self._keep(None)

    async def ask(self, document: str, **variables: Any) -> Any:
        """Return what the document's field answers."""
        return await self._authorized(lambda headers: self._post(document, variables, headers))

    async def ask_with(self, content: Callable[[], AsyncIterator[bytes]], headers: Mapping[str, str]) -> Any:
        """Return the same of one with a file, whose request's body is as its headers say."""

        async def step(authorization: Mapping[str, str]) -> Any:
            with heard("The connection to the service was lost."):
                answer = await self.http.post(
                    self.join("graphql"),
                    content=content(),
                    headers={**headers, **authorization},
                    timeout=SENDING_TIMEOUT,
                )
            return value_of(answer)

        return await self._authorized(step)

    async def events(self, document: str, **variables: Any) -> AsyncGenerator[Any]:
        """Yield what a subscription tells, until the stream ends, which it also does with the session."""
        body = {"query": document, "variables": variables}
        async with self.opened("POST", "graphql", {"Accept": "text/event-stream"}, json=body) as answer:
            if not answer.headers.get("Content-Type", "").startswith("text/event-stream"):
                with heard():
                    await answer.aread()
                value_of(answer)
                raise no_sense()
            with heard("The line to the service was lost."):
                async for event in events_of(answer.aiter_bytes()):
                    yield event

    @asynccontextmanager
    async def opened(
        self, method: str, path: str, headers: Mapping[str, str], json: Any = None
    ) -> AsyncIterator[httpx.Response]:
        """Open an answer of the service, which is no error, and whose body is still to come."""
        timeout = _TIMEOUT if json is None else _STREAM_TIMEOUT

        async def step(authorization: Mapping[str, str]) -> httpx.Response:
            request = self.http.build_request(
                method, self.join(path), headers={**headers, **authorization}, json=json, timeout=timeout
            )
            with heard():
                answer = await self.http.send(request, stream=True)
                if answer.status_code < HTTPStatus.BAD_REQUEST:
                    return answer
                try:
                    await answer.aread()
                finally:
                    await answer.aclose()
            raise refusal_of(answer)

        answer = await self._authorized(step)
        try:
            yield answer
        finally:
            await answer.aclose()

    def join(self, path: str) -> httpx.URL:
        """Return an address of the service's own."""
        return self._url.join(path)

    async def _authorized(self, step: Callable[[Mapping[str, str]], Awaitable[_Value]]) -> _Value:
        """Take a step, and where the session was over meanwhile renew it and take the step again."""
        used = self._session
        try:
            return await step(self._authorization())
        except Refused as refused:
            if used is None or refused.code != codes.UNAUTHENTICATED:
                raise
        await self._renewed(used)
        return await step(self._authorization())

    async def _renewed(self, used: Session) -> None:
        """Renew the session once for all who found it to be over.

        In a task of its own: whoever stops what is under way must not lose the answer, which has the only token that
        goes on.
        """
        if self._session is not used:
            return
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.create_task(self._renew(used))
        await asyncio.shield(self._renewing)

    async def _renew(self, used: Session) -> None:
        if self._store is None:
            self._session = Session.of(await self._post(RENEW, {"refreshToken": used.refresh_token}, {}))
            return
        async with self._store.alone():
            kept = self._store.load()
            if kept is None:
                raise Refused(codes.UNAUTHENTICATED, "You have signed out.")
            if kept == used:  # Else another program has renewed it.
                kept = Session.of(await self._post(RENEW, {"refreshToken": used.refresh_token}, {}))
                self._store.save(kept)
            self._session = kept

    async def _keep(self, session: Session | None) -> None:
        self._session = session
        if self._store is not None:
            async with self._store.alone():
                self._store.save(session)

    def _authorization(self) -> Mapping[str, str]:
        token = self._session.access_token if self._session else self._key
        return {"Authorization": f"Bearer {token}"} if token else {}

    async def _post(self, document: str, variables: Mapping[str, Any], headers: Mapping[str, str]) -> Any:
        body = {"query": document, "variables": variables}
        with heard():
            answer = await self.http.post(self.join("graphql"), json=body, headers=headers, timeout=_TIMEOUT)
        return value_of(answer)
