"""How late is a health check while fifty connections send the dearest documents that are let in?

The API is served by uvicorn in a process of its own, and fifty connections of one network, in another, send the
documents of ``tests/graphql/dear_documents.py`` in turn, each made new by a comment, as fast as they are answered;
beside them /livez is asked up to twenty times a second. Printed are its median, the slowest but one in a hundred, and
how many documents were answered (200) or refused (429). Its peer, in the same run, is the same service without a
budget of time, where only the turns keep the others waiting no longer than they must.

Repeat: PYTHONPATH=. python bench/hostile_documents.py [SECONDS]
"""

import asyncio
import http.client
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from itertools import count, cycle

import uvicorn

from app.infra.sql.engine import engine_for
from app.infra.sql.transactions import SqlTransactions
from app.main import application
from app.server.draining_server import collect_less_often, uvicorn_options
from app.server.serving import Serving
from tests.fakes.transactions import LostAnswers
from tests.graphql.dear_documents import dear_documents
from tests.parts.site import Site
from tests.parts.wired import shipped

CONNECTIONS = 50
AIM_SECONDS = 0.5


async def serve(cpu_seconds_per_minute: float) -> None:
    edge = Site(LostAnswers(SqlTransactions(engine_for("sqlite+aiosqlite:////nowhere/fiapx.db")))).services()
    settings = shipped(requests_per_minute=10**9, max_cpu_seconds_per_minute=cpu_seconds_per_minute)
    shared = Serving.of(settings, files=4096)
    options = {**uvicorn_options(shared), "lifespan": "off"}
    server = uvicorn.Server(uvicorn.Config(application(edge, shared), port=0, **options))
    collect_less_often()
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    print(server.servers[0].sockets[0].getsockname()[1], flush=True)
    await serving


def requests() -> list[bytes]:
    """Give each dear document as a request, with a place for what makes it new."""
    made = []
    for query, variables in dear_documents().values():
        body = json.dumps({"query": query[:14_980] + "#" + "0" * 9, "variables": variables}).encode()
        lines = (
            "POST /graphql HTTP/1.1",
            "Host: localhost",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
        )
        made.append("\r\n".join((*lines, "", "")).encode() + body)
    return made


async def attack(port: int, seconds: float) -> None:
    """Send them over all connections, each as soon as the one before is answered; say how they were answered."""
    numbers, answers, ends = count(), Counter[str](), time.monotonic() + seconds
    bodies = cycle(requests())

    async def over_one_connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            while time.monotonic() < ends:
                writer.write(next(bodies).replace(b"#000000000", b"#%09d" % next(numbers)))
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"content-length: (\d+)", head)
                await reader.readexactly(int(length[1]) if length else 0)
                answers[head[9:12].decode()] += 1
        finally:
            writer.close()

    async def one() -> None:
        while time.monotonic() < ends:
            with suppress(asyncio.IncompleteReadError, ConnectionError):  # Who is refused unread must connect anew.
                await over_one_connection()

    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    print(dict(answers))


def measured(cpu_seconds_per_minute: float, seconds: float) -> float:
    """Give the 99th percentile of /livez, in seconds."""
    itself = [sys.executable, __file__]
    server = subprocess.Popen([*itself, "serve", str(cpu_seconds_per_minute)], stdout=subprocess.PIPE, text=True)
    assert server.stdout
    port, health = int(server.stdout.readline()), list[float]()
    attackers = subprocess.Popen([*itself, "attack", str(port), str(seconds)], stdout=subprocess.PIPE, text=True)
    try:
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        while attackers.poll() is None:
            began = time.monotonic()
            client.request("GET", "/livez")
            client.getresponse().read()
            health.append(time.monotonic() - began)
            time.sleep(0.05)
        answers = attackers.communicate()[0].strip()
    finally:
        attackers.kill()
        server.terminate()
        server.wait()
    health.sort()
    late = health[int(len(health) * 0.99)]
    print(
        f"{cpu_seconds_per_minute:>6g} s a minute: /livez median {health[len(health) // 2] * 1000:.0f} ms, "
        f"99 % within {late * 1000:.0f} ms of {len(health)}; answers {answers}; load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    return late


def main(seconds: float) -> int:
    measured(10**9, seconds)
    late = measured(shipped().max_cpu_seconds_per_minute, seconds)
    print(f"repeat: PYTHONPATH=. python bench/hostile_documents.py {seconds:g}")
    return 0 if late <= AIM_SECONDS else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        asyncio.run(serve(float(sys.argv[2])))
    elif sys.argv[1:2] == ["attack"]:
        asyncio.run(attack(int(sys.argv[2]), float(sys.argv[3])))
    else:
        sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 30))
