"""An API that is sent documents, each another, by nobody in particular; it says by how many bytes it grew."""

import asyncio
import re
from pathlib import Path

import httpx

from app.infra.sql.engine import engine_for
from app.infra.sql.transactions import SqlTransactions
from app.main import application
from app.server.draining_server import collect_less_often
from app.server.serving import Serving
from tests.fakes.transactions import LostAnswers
from tests.parts.site import Site
from tests.parts.wired import shipped


def resident_bytes() -> int:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) * 1024 if found else 0


def documents(number: int) -> list[str]:
    """Give what is right, what is wrong in its names, and what is wrong in its syntax, three of them large."""
    fields = " ".join(f"{name}{number}: maxFileBytes" for name in "abcdefghijklmno")
    fragments = " ".join(f"fragment F{number}_{one} on Query {{ __typename }}" for one in range(120))
    wrong = " ".join(f"a{number}_{one}" for one in range(900))
    return [f"{{ serviceLimits {{ {fields} }} }}", f"{{ __typename }} {fragments}", f"{{ {wrong} }}", f"{{ {wrong} ?"]


async def main() -> None:
    edge = Site(LostAnswers(SqlTransactions(engine_for("sqlite+aiosqlite:////nowhere/fiapx.db")))).services()
    settings = shipped(requests_per_minute=10**9, max_cpu_seconds_per_minute=10**9)
    app = application(edge, Serving.of(settings, files=1024))
    collect_less_often()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api") as client:
        sizes = []
        for number in range(200):
            for document in documents(number):
                await client.post("/graphql", json={"query": document})
            sizes.append(resident_bytes())
    print(sizes[-1] - sizes[40])  # noqa: T201 - it is what is asked


if __name__ == "__main__":
    asyncio.run(main())
