"""How late is a health check while fifty connections send the dearest documents that are let in?

The API is served by uvicorn in a process of its own, and fifty connections of one network, in another, send the
documents of ``tests/graphql/dear_documents.py`` in turn, each made new by a comment, as fast as they are answered;
beside them /livez is asked up to twenty times a second. Printed are its median, the slowest but one in a hundred, and
how many documents were answered (200) or refused (429). Its peer, in the same run, is the same service without a
budget of time, where only the turns keep the others waiting no longer than they must.

Before that each document is sent alone, forty times and each time new, and what one of them costs the process is
printed: its processor time, HTTP and all, beside that of ``{ __typename }``.

Repeat: PYTHONPATH=. python bench/hostile_documents.py [SECONDS]
"""

import asyncio
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count, cycle
from pathlib import Path

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
COPIES = 40
AIM_SECONDS = 0.5
AIM_MILLISECONDS = 25
ITSELF = [sys.executable, __file__]


async def serve(cpu_seconds_per_minute: float) -> None:
    edge = Site(LostAnswers(SqlTransactions(engine_for("sqlite+aiosqlite:////nowhere/fiapx.db")))).services()
    settings = shipped(requests_per_minute=10**9, max_cpu_seconds_per_minute=cpu_seconds_per_minute)
    shared = Serving.of(settings, files=4096)
    options = {**uvicorn_options(shared), "lifespan": "off"}
    server = uvicorn.Server(uvicorn.Config(application(edge, shared), port=0, **options))
    collect_less_often()
    answering = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    print(server.servers[0].sockets[0].getsockname()[1], flush=True)
    await answering


def requests() -> dict[str, bytes]:
    """Return each dear document as a request, with a place for what makes it new."""
    made = {}
    for name, (query, variables) in {"(no more than a name)": ("{ __typename }", {}), **dear_documents()}.items():
        body = json.dumps({"query": query[:14_980] + "#" + "0" * 9, "variables": variables}).encode()
        lines = (
            "POST /graphql HTTP/1.1",
            "Host: localhost",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
        )
        made[name] = "\r\n".join((*lines, "", "")).encode() + body
    return made


async def attack(port: int, seconds: float) -> None:
    """Send them over all connections, each as soon as the one before is answered; say how they were answered."""
    numbers, answers, ends = count(), Counter[str](), time.monotonic() + seconds
    bodies = cycle([*requests().values()][1:])

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


@contextmanager
def serving(cpu_seconds_per_minute: float) -> Iterator[tuple[int, int]]:
    """Serve in a process of its own; gives its id and its port."""
    command = [*ITSELF, "serve", str(cpu_seconds_per_minute)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        try:
            yield server.pid, int(server.stdout.readline())
        finally:
            server.terminate()


def cost_of_each() -> float:
    """Print what each document costs alone, in milliseconds of a core; return the most."""
    costs = dict[str, float]()
    with serving(10**9) as (process, port):
        for name, request in requests().items():
            client = socket.create_connection(("127.0.0.1", port))
            answers = client.makefile("rb")
            before = cpu_seconds(process)
            for number in range(COPIES):
                client.sendall(request.replace(b"#000000000", b"#%09d" % number))
                head = b"".join(iter(answers.readline, b"\r\n"))
                answers.read(int(re.findall(rb"content-length: (\d+)", head)[0]))
            costs[name] = (cpu_seconds(process) - before) * 1000 / COPIES
            client.close()
    for name, cost in sorted(costs.items(), key=lambda one: -one[1]):
        print(f"{cost:5.1f} ms of a core: {name}")
    return max(costs.values())


def cpu_seconds(process: int) -> float:
    """Return how much of a core a process has had, as Linux counts it."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measured(cpu_seconds_per_minute: float, seconds: float) -> float:
    """Return the 99th percentile of /livez, in seconds."""
    with serving(cpu_seconds_per_minute) as (_, port):
        return lateness(port, cpu_seconds_per_minute, seconds)


def lateness(port: int, cpu_seconds_per_minute: float, seconds: float) -> float:
    health = list[float]()
    attackers = subprocess.Popen([*ITSELF, "attack", str(port), str(seconds)], stdout=subprocess.PIPE, text=True)
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
    health.sort()
    late = health[int(len(health) * 0.99)]
    print(
        f"{cpu_seconds_per_minute:>6g} s a minute: /livez median {health[len(health) // 2] * 1000:.0f} ms, "
        f"99 % within {late * 1000:.0f} ms of {len(health)}; answers {answers}; load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    return late


def main(seconds: float) -> int:
    dearest = cost_of_each()
    measured(10**9, seconds)
    late = measured(shipped().max_cpu_seconds_per_minute, seconds)
    print(f"repeat: PYTHONPATH=. python bench/hostile_documents.py {seconds:g}")
    return 0 if late <= AIM_SECONDS and dearest <= AIM_MILLISECONDS else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        asyncio.run(serve(float(sys.argv[2])))
    elif sys.argv[1:2] == ["attack"]:
        asyncio.run(attack(int(sys.argv[2]), float(sys.argv[3])))
    else:
        sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 30))
