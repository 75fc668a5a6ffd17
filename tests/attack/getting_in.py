"""Who gets in: strangers on the machine, on the network and in a browser."""

import asyncio
import statistics
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from devserver.certificate import Certificate
from devserver.credentials import Credentials
from tests.attack.target import attack, hold, processes_of, somebody
from tests.e2e.conftest import Up
from tests.parts.listening import environment_of, listeners_of, says
from tests.parts.strangers import gives_to_strangers, names_of

MAPS = {
    "__schema": "{ __schema { types { name } } }",
    "__type": '{ __type(name: "User") { fields { name } } }',
    "a suggestion": "{ serviceLimit { maxFileBytes } }",
    "a suggestion for a variable": "mutation($input: LoginInput!) { login(input: $input) { __typename } }",
}
"""By which a stranger draws a map of the schema."""


@attack("Another user of the machine tries every port of the stores")
async def every_port(up: Up) -> str:
    names = names_of(up)
    ports = [one for one in listeners_of(up.process.pid) if one.kind == "tcp" and names.get(one.port) != "api"]
    unknown = [one.port for one in ports if one.port not in names]
    hold(not unknown, f"ports that nobody knows: {unknown}")
    other = Certificate.made_in(up.data.parent / "of a stranger")
    given = await asyncio.to_thread(
        lambda: [what for one in ports for what in gives_to_strangers(one.port, names[one.port], other)]
    )
    hold(not given, "; ".join(given))
    return f"{len(ports)} ports give nothing, take nothing and delete nothing"


@attack("A decoder that was taken over looks around in its worker's environment")
async def the_decoders_neighbours(up: Up) -> str:
    kept = Credentials.kept_in(up.data / "secrets.json")
    secrets = {"tokens": kept.jwt_secret, "links": kept.link_secret, "mails": kept.smtp_password}
    workers = processes_of(up, "worker", "videos")
    hold(bool(workers), "there is no video worker")
    for pid in workers:
        with suppress(PermissionError):  # It lets no process of its own user look; root sees all.
            held = "\n".join(environment_of(pid).values())
            found = [name for name, secret in secrets.items() if secret in held]
            hold(not found, f"a video worker holds the keys of {found}")
    return f"{len(workers)} video worker(s) hold no key of {', '.join(secrets)}"


@attack("Paths are spelt in another way, and requests are said twice, or read in two ways")
async def odd_requests(up: Up) -> str:
    port = urlsplit(up.url).port or 0
    for path in ("/%6detrics", "/%72eadyz", "/metrics"):
        answer = says(port, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        hold(answer.startswith(b"HTTP/1.1 404"), f"{path} is answered {answer[:30]!r}")
    local, chunked = "Host: localhost\r\n", "Transfer-Encoding: chunked\r\n"
    wrong = {
        "two hosts": local + local,
        "no host": "",
        "two authorizations": local + "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n",
        "two lengths": local + "Content-Length: 0\r\nContent-Length: 5\r\n",
        "a length and chunks": local + "Content-Length: 5\r\n" + chunked,
        "chunks that are not the last coding": local + "Transfer-Encoding: chunked, identity\r\n",
        "a name with a space behind it": local + "Content-Length : 5\r\n",
        "a folded line": local + "X-A: b\r\n c: d\r\n",
    }
    for what, head in wrong.items():
        answer = says(port, f"POST /graphql HTTP/1.1\r\n{head}Connection: close\r\n\r\n".encode())
        hold(answer.startswith(b"HTTP/1.1 400"), f"{what}: answered {answer[:30]!r}")
    return f"no path by another spelling, 400 for each of {len(wrong)} kinds"


@attack("A page whose domain was turned to this machine (DNS rebinding) asks as if it were ours")
async def rebinding(up: Up) -> str:
    port = urlsplit(up.url).port or 0
    asked = {
        "graphql": "GET /graphql?query=%7B__typename%7D HTTP/1.1\r\nHost: {host}\r\n",
        "the page": "GET / HTTP/1.1\r\nHost: {host}\r\n",
        "its target's host": "GET http://{host}/graphql?query=%7B__typename%7D HTTP/1.1\r\nHost: localhost\r\n",
        "a WebSocket": "GET /graphql HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        "Sec-WebSocket-Protocol: graphql-transport-ws\r\nConnection: Upgrade\r\n",
    }
    for what, head in asked.items():
        for host, status in {"evil.example": b" 421", f"localhost.evil.example:{port}": b" 421"}.items():
            answer = says(port, (head.format(host=host) + "\r\n").encode())
            hold(answer[8:12] == status, f"{what} of {host} is answered {answer[:40]!r}")
        answer = says(port, (head.format(host="localhost") + "\r\n").encode())
        hold(answer[8:12] in {b" 200", b" 101"}, f"{what} of our own is answered {answer[:40]!r}")
    return f"421 for each of {len(asked)} ways, and our own page is served"


@attack(
    "Strangers draw a map of the schema where that is switched off, as in a cluster behind TLS",
    FIAPX_INTROSPECTION="false",
    FIAPX_SUGGESTIONS="false",
    FIAPX_GRAPHIQL="false",
    FIAPX_TRUSTED_PROXIES="127.0.0.1",
)
async def the_schemas_map(up: Up) -> str:
    async with httpx.AsyncClient(base_url=up.url, trust_env=False, headers={"X-Forwarded-Proto": "https"}) as client:
        for what, query in MAPS.items():
            variables = {"input": {"emial": "a", "passwort": "b"}}
            answer = await client.post("/graphql", json={"query": query, "variables": variables})
            hold("errors" in answer.json(), f"{what} is answered {answer.text[:200]}")
            hold("ean" not in answer.text and "maxFileBytes" not in answer.text, f"{what}: {answer.text[:200]}")
        hold((await client.get("/graphiql")).status_code == 404, "GraphiQL is served")
        told = (await client.get("/")).headers.get("strict-transport-security", "")
        hold("max-age=" in told, "a browser that came by TLS may come without it the next time")
    return f"none of {len(MAPS)} ways shows any of it; {told}"


@attack("8 KB that look like tokens are sent wherever a log might repeat them")
async def dear_lines(up: Up) -> str:
    async def took(text: str) -> float:
        async with somebody(up) as person:
            seconds = []
            for _ in range(15):
                headers = {"Authorization": f"Bearer {text}", "X-Request-Id": text, "Traceparent": text}
                began = time.monotonic()
                await person.http.get("/videos", headers=headers)
                await person.http.post("/graphql", json={"query": f"# {text}\n{{ {text[:2000]} }}"}, headers=headers)
                await person.http.get(f"/files/{text}")
                seconds.append(time.monotonic() - began)
        return statistics.median(seconds)

    plain, like_tokens = await took("a" * 8000), await took("eyJ" * 2700)
    hold(like_tokens < plain + 0.05, f"three requests take {plain * 1000:.0f} ms, with them {like_tokens * 1000:.0f}")
    logs = "".join(file.read_text("utf-8", "replace") for file in Path(up.data / "logs").glob("*.log"))
    hold("eyJ" * 10 not in logs, "the logs repeat them")
    return f"three requests take {like_tokens * 1000:.0f} ms, {plain * 1000:.0f} with any other text"
