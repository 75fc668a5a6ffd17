"""Who gets in: strangers on the machine, on the network and in a browser."""

import asyncio
import base64
import json
import re
import secrets
from pathlib import Path

import httpx

from devserver.certificate import Certificate
from tests.attack.target import attack, hold, processes_of, somebody, upload
from tests.e2e.conftest import Up
from tests.parts.listening import listeners_of, says
from tests.parts.strangers import gives_to_strangers, names_of

REQUEST_RESET = "mutation($email: String!) { requestPasswordReset(email: $email) }"


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


@attack("A reset is asked for an address whose domain IDNA 2003 would turn into another")
async def another_domain(up: Up) -> str:
    async with somebody(up, "x@straße.example") as person:
        await person.ask(REQUEST_RESET, email="x@straße.example")
        async with asyncio.timeout(30):
            while not (mails := [file.read_text("utf-8", "replace") for file in up.data.glob("**/*.eml")]):
                await asyncio.sleep(0.2)
    to = [line for mail in mails for line in mail.splitlines() if line.startswith("X-RcptTo:")]
    hold(not any("strasse.example" in line for line in to), f"it went to {to}")
    return f"it went to {to[0].removeprefix('X-RcptTo: ')}"


@attack("An account is made with somebody else's address, and files are refused in it", FIAPX_VERIFY_EMAIL="true")
async def anothers_address(up: Up) -> str:
    async with somebody(up, "victim@example.com") as person:
        for number in range(20):
            await upload(person, f"call-www.evil.example-{number}.mp4")
        await asyncio.sleep(12)  # Two rounds of what delivers notifications.
    mails = up.mails_to("victim@example.com")
    hold(len(mails) <= 1, f"{len(mails)} mails were sent to somebody who never asked")
    return f"{len(mails)} mail, which asks whether it is theirs"


@attack("120 files of 72 bytes are uploaded, each of which fails")
async def mail_by_the_thousand(up: Up) -> str:
    async with somebody(up, "flooded@example.com") as person:
        answers = await asyncio.gather(*(upload(person, f"www.evil.example {number}.mp4") for number in range(120)))
        accepted = [answer for answer in answers if answer.status_code == 202]
        async with asyncio.timeout(120):
            while any(edge["node"]["status"] in {"PENDING", "PROCESSING"} for edge in (await person.videos())["edges"]):
                await asyncio.sleep(0.5)
        await asyncio.sleep(12)  # Two rounds of what delivers notifications.
    mails = up.mails_to("flooded@example.com")
    hold(len(mails) <= 30, f"{len(mails)} mails for {len(accepted)} files")
    subjects = "\n".join(mail.read_text("utf-8", "replace") for mail in mails)
    hold(not re.search(r"^Subject:.*www\.evil\.example", subjects, re.MULTILINE), "a subject bears a link of theirs")
    return f"{len(accepted)} accepted, {len(mails)} mails"


@attack("A stranger at another address fails to sign in 200 times")
async def locked_out(up: Up) -> str:
    login = "mutation($input: LoginInput!) { login(input: $input) { __typename ... on Problem { code } } }"
    async with somebody(up, "owner@example.com") as owner:
        transport = httpx.AsyncHTTPTransport(local_address="127.0.0.2")
        async with httpx.AsyncClient(base_url=up.url, transport=transport, timeout=60) as stranger:
            codes = []
            for number in range(200):
                wrong = {"email": "owner@example.com", "password": f"wrong password {number}"}
                answer = await stranger.post("/graphql", json={"query": login, "variables": {"input": wrong}})
                codes.append(json.dumps(answer.json()))
        hold(any("RATE_LIMITED" in code for code in codes), "the stranger may go on for ever")
        hold("accessToken" in await owner.login(), "the owner is locked out")
    return "the stranger is stopped, the owner signs in"


@attack("A decoder that was taken over looks around in its worker's environment")
async def the_decoders_neighbours(up: Up) -> str:
    kept = json.loads((up.data / "secrets.json").read_text())
    workers = processes_of(up, "worker", "videos")
    hold(bool(workers), "there is no video worker")
    for pid in workers:
        found = Path(f"/proc/{pid}/environ").read_text()
        for name in ("jwt_secret", "link_secret"):
            hold(kept[name] not in found, f"a video worker holds the {name}")
    return f"{len(workers)} video worker(s) hold neither the key of tokens nor that of links"


@attack("A session is to be ended by its id and 43 characters")
async def forged_refresh_token(up: Up) -> str:
    async with somebody(up) as person:
        claims = json.loads(base64.urlsafe_b64decode(person.token.split(".")[1] + "=="))
        session = next(value for name, value in claims.items() if name in {"sid", "jti"})
        answer = await person.http.post(
            "/auth/refresh", json={"refresh_token": f"{session}.{secrets.token_urlsafe(32)}"}
        )
        hold(answer.status_code >= 400, "it is taken for a refresh token")
        await asyncio.sleep(6)  # Ended sessions are read every five seconds.
        await person.ask("{ me { id } }")
    return f"refused with {answer.status_code}, and the session goes on"


@attack("Paths are spelt in another way, hosts and credentials sent twice or of another page")
async def odd_requests(up: Up) -> str:
    port = int(up.url.rpartition(":")[2])
    for path in ("/%6detrics", "/%72eadyz", "/metrics"):
        answer = says(port, f"GET {path} HTTP/1.1\r\nHost: fiapx.evil.example\r\nConnection: close\r\n\r\n".encode())
        hold(not answer.startswith(b"HTTP/1.1 200"), f"{path} answers a page of another name")
    wrong = {
        "two hosts": "Host: localhost\r\nHost: localhost\r\n",
        "no host": "",
        "two authorizations": "Host: localhost\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n",
    }
    for what, head in wrong.items():
        answer = says(port, f"GET /videos HTTP/1.1\r\n{head}Connection: close\r\n\r\n".encode())
        hold(answer.startswith(b"HTTP/1.1 400"), f"{what} are answered {answer[:30]!r}")
    return "no path by another spelling, 400 for each"
