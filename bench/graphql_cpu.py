"""What one GraphQL request costs the server: ours beside stock Strawberry and a plain Starlette route, in one run.

All three are served by uvicorn in a process of their own and answer the same fields of the same list: once from
memory, which leaves what GraphQL itself costs, and once through the same use case from the same database. The figure is
the server's processor time per request, so it hardly depends on who else uses the machine's cores. Ours alone does what
the edge must: sessions, limits, masking, safe headers.

Repeat: PYTHONPATH=. python bench/graphql_cpu.py [REQUESTS]
"""

import asyncio
import http.client
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route
from strawberry import relay
from strawberry.asgi import GraphQL

from app.domain.options import ExtractionOptions
from app.domain.session import SessionId, Viewer
from app.domain.user import Locale, User, UserId
from app.domain.video import VERSION_STEP, ProcessingStatus, VideoProcessing, new_video_id, source_key
from app.infra.sql.engine import engine_for
from app.infra.sql.migrate import migrate
from app.infra.sql.transactions import SqlTransactions
from app.main import application
from app.server.services import Services, viewer_of
from app.server.serving import Serving
from app.usecases.list_user_videos import ListUserVideos
from app.usecases.paging import Page, Wanted, cursor_of
from tests.fakes.transactions import LostAnswers
from tests.parts.site import Site
from tests.parts.wired import shipped

USER = UserId("0d5e9cf8-6a4f-4bb0-bd39-04d27d1f2b1c")
PAGE = 50
TRIVIAL = "{ __typename }"
LIST = (
    "{ videos(first: 50) { edges { cursor node { id originalFileName status } } pageInfo { hasNextPage endCursor } } }"
)
TARGET = 0.5


@strawberry.type
class StockVideo(relay.Node):
    id: relay.NodeID[str]
    original_file_name: str
    status: str


@strawberry.type
class StockQuery:
    @relay.connection(relay.ListConnection[StockVideo])  # type: ignore[untyped-decorator]
    async def videos(self, info: strawberry.Info) -> Iterable[StockVideo]:
        request: Request = info.context["request"]
        page = await request.app.state.services.do.list_user_videos(await viewer_of(request), Wanted(PAGE), [])
        return [
            StockVideo(id=video.id, original_file_name=video.original_file_name, status=video.status)
            for video in page.entries
        ]


async def plain(request: Request) -> JSONResponse:
    if b"__typename" in await request.body():
        return JSONResponse({"data": {"__typename": "Query"}})
    page = await request.app.state.services.do.list_user_videos(await viewer_of(request), Wanted(PAGE), [])
    edges = [
        {
            "cursor": cursor_of(video),
            "node": {"id": video.id, "originalFileName": video.original_file_name, "status": video.status},
        }
        for video in page.entries
    ]
    ends = {"hasNextPage": page.has_next, "endCursor": edges[-1]["cursor"]}
    return JSONResponse({"data": {"videos": {"edges": edges, "pageInfo": ends}}})


def site_on(database: Path) -> Site:
    return Site(LostAnswers(SqlTransactions(engine_for(f"sqlite+aiosqlite:///{database}"))))


async def page_of(edge: Services) -> Page[VideoProcessing]:
    viewer = Viewer(USER, SessionId(str(uuid4())), edge.clock.now())
    return await edge.do.list_user_videos(viewer, Wanted(PAGE))


def serve(kind: str, database: Path, source: str) -> None:
    edge = site_on(database).services()
    if source == "memory":
        page = asyncio.run(page_of(edge))

        async def remembered(*_: object) -> Page[VideoProcessing]:
            return page

        edge = replace(edge, do=replace(edge.do, list_user_videos=cast("ListUserVideos", remembered)))
    if kind == "ours":
        settings = shipped(requests_per_minute=10**9, max_cpu_seconds_per_minute=10**9)
        app = application(edge, Serving.of(settings, files=1024))
    else:
        stock = GraphQL[Any, Any](strawberry.Schema(StockQuery)) if kind == "stock" else plain
        routes: list[BaseRoute] = [Route("/graphql", stock, methods=["POST"] if kind == "plain" else None)]
        app = Starlette(routes=routes)
        app.state.services = edge
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False, lifespan="off"))

    asyncio.run(answering(server))


async def answering(server: uvicorn.Server) -> None:
    """Serve, and answer each line on standard input with the processor time used until now."""
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    print(server.servers[0].sockets[0].getsockname()[1], flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        usage = resource.getrusage(resource.RUSAGE_SELF)
        print(usage.ru_utime + usage.ru_stime, flush=True)
    server.should_exit = True
    await serving


async def filled(database: Path) -> str:
    """Make a user with a page of videos; give a token."""
    site = site_on(database)
    now = site.clock.now()
    user = User(USER, "Ana", "ana@example.com", "no hash", Locale.EN, True, False, now, now)  # noqa: FBT003
    await site.transactions.write(lambda t: t.users.add(user))
    for number in range(PAGE + 10):
        video = VideoProcessing(
            id=(key := new_video_id()),
            owner=USER,
            original_file_name=f"holiday {number}.mp4",
            size_bytes=10**8,
            status=ProcessingStatus.PENDING,
            source_key=source_key(key),
            options=ExtractionOptions(),
            attempt=0,
            version=VERSION_STEP,
            created_at=now + timedelta(seconds=number),
        )
        await site.transactions.write(
            lambda t, video=video: t.videos.add(video, idempotency_key=None, request_digest=uuid4().hex, wake_at=now)  # type: ignore[misc]
        )
    return site.tokens.issue(USER, SessionId(str(uuid4()))).text


class Served:
    """One of the three, in a process of its own."""

    def __init__(self, kind: str, database: Path, source: str, token: str) -> None:
        command = [sys.executable, __file__, "serve", kind, str(database), source]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._client = http.client.HTTPConnection("127.0.0.1", int(self._line()), timeout=30)
        self._headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}

    def ask(self, query: str) -> Any:
        self._client.request("POST", "/graphql", json.dumps({"query": query}), self._headers)
        answer = json.loads(self._client.getresponse().read())
        assert "errors" not in answer, answer
        return answer["data"]

    def milliseconds(self, query: str, requests: int) -> float:
        """Give the processor time of one request, after a warm-up."""
        self._client.close()  # It was idle while the others were measured; the next request opens it anew.
        for _ in range(20):
            self.ask(query)
        before = self._used()
        for _ in range(requests):
            self.ask(query)
        return (self._used() - before) / requests * 1000

    def end(self) -> None:
        self._client.close()
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(30)

    def _used(self) -> float:
        assert self._process.stdin
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return float(self._line())

    def _line(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline()


def measured(name: str, served: Mapping[str, Served], query: str, requests: int) -> float:
    ms = {kind: one.milliseconds(query, requests) for kind, one in served.items()}
    figures = "   ".join(f"{kind} {figure:6.3f} ms" for kind, figure in ms.items())
    share, beside = ms["ours"] / ms["stock"], ms["ours"] / ms["plain"]
    print(f"{name:<19} {figures}   ours is {share:.2f} of stock (aim {TARGET}), {beside:.1f} times plain")
    return share


def main(requests: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "fiapx.db"
        asyncio.run(migrate(f"sqlite+aiosqlite:///{database}"))
        token = asyncio.run(filled(database))
        reached = True
        for source in ("memory", "database"):
            served = {kind: Served(kind, database, source, token) for kind in ("ours", "stock", "plain")}
            try:
                for kind in ("ours", "stock"):
                    assert len(served[kind].ask(LIST)["videos"]["edges"]) == PAGE
                trivial = measured("trivial", served, TRIVIAL, requests) if source == "memory" else 0.0
                items = measured(f"50 items, {source}", served, LIST, requests // 5)
                reached = reached and (source == "database" or max(trivial, items) <= TARGET)
            finally:
                for one in served.values():
                    one.end()
    print(f"repeat: PYTHONPATH=. python bench/graphql_cpu.py {requests}")
    return 0 if reached else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(sys.argv[2], Path(sys.argv[3]), sys.argv[4])
    else:
        sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000))
