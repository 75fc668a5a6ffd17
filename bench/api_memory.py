"""Whether the API's memory stays where it is under steady load, and if it rises, when that ends.

An API and a worker run on real stores as processes of their own. Somebody lists, looks at the status, uploads a tiny
file and deletes it again, watches by sockets that come and go, and signs in anew, always as often. The resident memory
of the API is printed every 20 s, beside the number of requests so far.

Repeat: PYTHONPATH=. python bench/api_memory.py [SECONDS]
"""

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from bench.redis_away import BUCKET, make_bucket
from tests.ops.deployment import Deployment, running_deployment
from tests.parts.site import MP4
from tests.parts.stores import S3Part, SmtpSinkPart, ValkeyPart

OPERATIONS: Final = Path(__file__).parents[1] / "operations"
EVERY_SECONDS: Final = 20
ACCOUNT: Final = {"email": "ana@example.com", "password": "correct horse battery"}
MOST_MIB: Final = 4.0
"""So much may the second half of the time add."""


@dataclass
class Somebody:
    """A user who does all that users do, again and again."""

    http: httpx.AsyncClient
    requests: int = 0

    async def sign_in(self) -> None:
        answer = await self.http.post("/auth/login", json=ACCOUNT)
        self.http.headers["Authorization"] = f"Bearer {answer.raise_for_status().json()['access_token']}"
        self.requests += 1

    async def ask(self, operation: str, **variables: object) -> Any:
        query = (OPERATIONS / f"{operation}.graphql").read_text("utf-8")
        answer = await self.http.post("/graphql", json={"query": query, "variables": variables})
        self.requests += 1
        return answer.raise_for_status().json()["data"]

    async def looks(self) -> None:
        await self.ask("videos", first=20)
        (await self.http.get("/videos")).raise_for_status()
        (await self.http.get("/readyz")).raise_for_status()
        self.requests += 2

    async def sends(self) -> None:
        answer = await self.http.post("/videos/upload", files={"file": ("a.mp4", MP4)})
        video = answer.raise_for_status().json()["id"]
        self.requests += 1
        await self.ask("video", id=video)
        await self.watches()
        await self.ask("delete-video", id=video)

    async def watches(self) -> None:
        url = str(self.http.base_url.copy_with(scheme="ws", path="/graphql"))
        query = (OPERATIONS / "video-status.graphql").read_text("utf-8")
        async with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")], proxy=None) as socket:
            said: list[object] = [
                {"type": "connection_init", "payload": {"authorization": self.http.headers["Authorization"]}},
                {"id": "1", "type": "subscribe", "payload": {"query": query}},
            ]
            for message in said:
                await socket.send(json.dumps(message))
                await asyncio.wait_for(socket.recv(), 10)
        self.requests += 1


async def again_and_again(step: Callable[[], Awaitable[None]], seconds: float) -> None:
    while True:
        await step()
        await asyncio.sleep(seconds)


def resident_mib(process: int) -> float:
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024**2


async def watched(deployment: Deployment, seconds: float) -> list[float]:
    """Give the memory at each look, the first once everything has been done a few times."""
    seen: list[float] = []
    async with httpx.AsyncClient(base_url=deployment.api, trust_env=False, timeout=30) as http:
        (await http.post("/auth/register", json={"name": "Ana", **ACCOUNT})).raise_for_status()
        ana = Somebody(http)
        await ana.sign_in()
        async with asyncio.TaskGroup() as doing:
            steps = ((ana.looks, 0.1), (ana.sends, 0.4), (ana.watches, 0.3), (ana.sign_in, 5.0))
            tasks = [doing.create_task(again_and_again(step, pause)) for step, pause in steps]
            begun = time.monotonic()
            while time.monotonic() < begun + seconds:
                await asyncio.sleep(EVERY_SECONDS)
                seen.append(resident_mib(deployment.processes[0].pid))
                print(f"{time.monotonic() - begun:5.0f} s {ana.requests:7} requests {seen[-1]:7.1f} MiB", flush=True)
            for task in tasks:
                task.cancel()
    return seen


def main(seconds: float) -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with ValkeyPart(folder) as valkey, S3Part(folder) as s3, SmtpSinkPart(folder) as sink:
            make_bucket(s3)
            with running_deployment(folder, valkey, s3, BUCKET, sink) as deployment:
                seen = asyncio.run(watched(deployment, seconds))
    middle = len(seen) // 2
    first, second = seen[middle] - seen[0], seen[-1] - seen[middle]
    print(f"the first half added {first:.1f} MiB, the second {second:.1f} (at most {MOST_MIB:g} are let pass)")
    print(f"repeat: PYTHONPATH=. python bench/api_memory.py {seconds:g}")
    return 1 if second > MOST_MIB else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 300))
