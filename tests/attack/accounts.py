"""Who gets at the accounts and addresses of others."""

import asyncio
import base64
import email
import json
import re
import secrets
import time
from collections import Counter
from collections.abc import Iterator
from email import policy
from pathlib import Path
from typing import Any

import httpx

from tests.attack.target import NOT_A_VIDEO, all_is_told, attack, bearing, hold, somebody, upload
from tests.e2e.client import Person
from tests.e2e.conftest import Up
from tests.parts.receiver import OK, Post, Receiver, receiving
from tests.parts.waiting import until

REQUEST_RESET = "mutation($email: String!) { requestPasswordReset(email: $email) }"
LOGIN = "mutation($input: LoginInput!) { login(input: $input) { __typename ... on Problem { code } } }"
RESET = """mutation($token: String!, $new: String!) { resetPassword(token: $token, new: $new) {
             ... on Session { accessToken user { emailVerified notifications { webhookUrl } hasVideosFromBefore } }
             ... on Problem { code message } } }"""
SET_WEBHOOK = """mutation($url: String) { updateNotificationSettings(input: {webhookUrl: $url}) {
                   __typename ... on Problem { code } } }"""
ADDRESS_TAKEN = "EMAIL_ALREADY_REGISTERED"


def mails_to_x(up: Up) -> Iterator[str]:
    """Give the addresses of readers x, as the mail server was told them."""
    for file in up.data.glob("**/*.eml"):
        for line in file.read_text("utf-8", "replace").splitlines():
            if line.startswith("X-RcptTo: x@"):
                yield line.removeprefix("X-RcptTo: ")


@attack("A reset is asked for an address whose domain IDNA 2003 would turn into another")
async def another_domain(up: Up) -> str:
    async with somebody(up, "x@straße.example") as person:
        await person.ask(REQUEST_RESET, email="x@straße.example")
        await until(lambda: list(mails_to_x(up)), 30)
        async with Person(up.url, "x@xn--strae-oqa.example") as other:
            again = await other.register()
    to = list(mails_to_x(up))
    hold(not any("strasse.example" in line for line in to), f"it went to {to}")
    hold(again.get("code") == ADDRESS_TAKEN, f"the same address in other letters is another account: {again}")
    return f"it went to {to[0]}, and no other spelling is another account"


@attack("An account is made with somebody else's address, and files are refused in it", FIAPX_VERIFY_EMAIL="true")
async def anothers_address(up: Up) -> str:
    async with receiving(Receiver()) as receiver, somebody(up, "victim@example.com") as person:
        answer = await person.ask(SET_WEBHOOK, url=f"http://127.0.0.1:{receiver.port}/")
        refused = answer["updateNotificationSettings"].get("code")
        hold(refused == "EMAIL_NOT_VERIFIED", f"a webhook is set before anybody verified the address: {answer}")
        for number in range(20):
            await upload(person, f"call-www.evil.example-{number}.mp4")
        await all_is_told(person)
        hold(not receiver.posts, f"{len(receiver.posts)} posts were sent for an address that nobody verified")
    mails = up.mails_to("victim@example.com")
    hold(len(mails) <= 1, f"{len(mails)} mails were sent to somebody who never asked")
    return f"{len(mails)} mail, which asks whether it is theirs, and no webhook"


@attack("Who made an account with somebody else's address stays in it when the owner takes it by the mailed reset")
async def made_before_its_owner_came(up: Up) -> str:
    async with receiving(Receiver()) as receiver, somebody(up, "owner.of.it@example.com") as thief:
        await thief.ask(SET_WEBHOOK, url=f"http://127.0.0.1:{receiver.port}/")
        await upload(thief, "of the thief.mp4")
        await all_is_told(thief)
        before = len(receiver.posts)
        async with Person(up.url, thief.email) as owner:
            user = await taken_back(up, owner)
            hold(user["emailVerified"] and user["notifications"]["webhookUrl"] is None, f"after the reset: {user}")
            hold(user["hasVideosFromBefore"], "nothing tells the owner of the videos from before")
            answer = await thief.http.get("/videos", headers=bearing(thief))
            hold(answer.status_code == 401, f"the thief's session goes on: {answer.status_code}")
            await up.mail_to(owner.email, "Your webhook was removed")
            await upload(owner, "of the owner.mp4")
            await all_is_told(owner)
        hold(before == len(receiver.posts) == 1, f"the thief's webhook got {before} posts, then {len(receiver.posts)}")
    return "no session, no webhook and no post is left to the thief, and a mail says so"


async def taken_back(up: Up, owner: Person) -> Any:
    """Choose a new password by the mailed link, sign in with it, and give the account as it is then."""
    await owner.ask(REQUEST_RESET, email=owner.email)
    mail = (await up.mail_to(owner.email, "/reset-password#token=")).get_body(("plain",))
    token = re.search(r"#token=(\S+)", mail.get_content() if mail else "")
    answer = (await owner.ask(RESET, token=token and token[1], new="a password of the owner's own"))["resetPassword"]
    hold("accessToken" in answer, f"the way back by mail is closed: {answer}")
    owner.token = answer["accessToken"]
    return answer["user"]


def text_of(file: Path) -> str:
    """Give what a reader sees of a mail: its subject, its names and its texts."""
    mail = email.message_from_bytes(file.read_bytes(), policy=policy.default)
    texts = (part.get_content() for part in mail.walk() if part.get_content_maintype() == "text")
    return "\n".join([str(mail["Subject"]), str(mail["To"]), *texts])


@attack("30 files of 72 bytes fail, 150 are refused, and there is a webhook")
async def mail_by_the_thousand(up: Up) -> str:
    name, posted = "Win at www.evil.example", list[float]()

    def taken(_: Post) -> bytes:
        posted.append(time.monotonic())
        return OK

    async with receiving(Receiver(answer=taken)) as receiver, somebody(up, "flooded@example.com") as person:
        await person.ask("mutation($n: String) { updateProfile(input: {name: $n}) { __typename } }", n=name)
        await person.ask(SET_WEBHOOK, url=f"http://127.0.0.1:{receiver.port}/")
        files = [NOT_A_VIDEO] * 30 + [b"no film"] * 150
        answers = [await upload(person, f"www.evil.example {n}.mp4", file) for n, file in enumerate(files)]
        told = Counter((one["event"], one["channel"]) for one in await all_is_told(person))
    hold(Counter(answer.status_code for answer in answers)[202] == 30, "some of what may come is refused")
    news = {
        ("video.failed", "EMAIL"): 30,
        ("video.failed", "WEBHOOK"): 30,
        ("upload.rejected", "EMAIL"): 1,  # Who sent them was told by the answers; a mail an hour says so too.
        ("upload.rejected", "WEBHOOK"): 150,
    }
    hold(news.items() <= told.items(), f"something is lost, the log has {dict(told)}")
    mails = up.mails_to("flooded@example.com")
    hold(len(mails) <= 30, f"{len(mails)} mails for 180 files")
    linked = [text for text in map(text_of, mails) if "www.evil.example" in text]
    hold(not linked, f"a mail bears a link of theirs: {linked[:1]}")
    in_a_minute = max(sum(began <= one < began + 55 for one in posted) for began in posted)
    hold(in_a_minute <= 120, f"{in_a_minute} posts to a stranger's address within a minute")
    return f"{len(mails)} mails without a link of theirs, {in_a_minute} posts a minute, and all are in the log"


@attack("A stranger at another address fails to sign in 200 times and asks for resets; the owner signs in 12 times")
async def locked_out(up: Up) -> str:
    async with somebody(up, "owner@example.com") as owner:
        transport = httpx.AsyncHTTPTransport(local_address="127.0.0.2")
        async with httpx.AsyncClient(base_url=up.url, transport=transport, timeout=60) as stranger:
            codes = []
            for number in range(200):
                wrong = {"email": owner.email, "password": f"wrong password {number}"}
                answer = await stranger.post("/graphql", json={"query": LOGIN, "variables": {"input": wrong}})
                codes.append(json.dumps(answer.json()))
            for _ in range(5):
                variables = {"email": owner.email}
                await stranger.post("/graphql", json={"query": REQUEST_RESET, "variables": variables})
        hold(any("RATE_LIMITED" in code for code in codes), "the stranger may go on for ever")
        for number in range(12):
            hold("accessToken" in await owner.login(), f"the owner is locked out time {number + 1}")
        await taken_back(up, owner)
    return "the stranger is stopped, the owner signs in and has a way back by mail"


async def signed_in(person: Person) -> str:
    """Sign in by REST, and give the refresh token."""
    answer = await person.http.post("/auth/login", json={"email": person.email, "password": person.password})
    person.token = answer.json()["access_token"]
    return str(answer.json()["refresh_token"])


@attack("A session is to be ended by its id and 43 characters")
async def forged_refresh_token(up: Up) -> str:
    async with somebody(up) as person:
        own = await signed_in(person)
        claims = json.loads(base64.urlsafe_b64decode(person.token.split(".")[1] + "=="))
        forged = [f"{claims['sid']}.{secrets.token_urlsafe(32)}" for _ in range(20)]
        answers = [await person.http.post("/auth/refresh", json={"refresh_token": token}) for token in forged]
        hold(all(answer.status_code == 401 for answer in answers), "one of them is taken for a refresh token")
        # Who refreshes is told by the record itself; an access token would be good for some seconds more.
        answer = await person.http.post("/auth/refresh", json={"refresh_token": own})
        hold(answer.status_code == 200, f"the session was ended by a stranger: {answer.status_code}")
    return "20 are refused, and the session goes on"


@attack(
    "A session is refreshed for ever",
    FIAPX_LONGEST_SESSION_SECONDS="6",
    FIAPX_SESSION_SECONDS="2",
    FIAPX_REFRESH_GRACE_SECONDS="0",
)
async def an_endless_session(up: Up) -> str:
    async with somebody(up) as person:
        token, refreshed, answer = await signed_in(person), 0, None
        async with asyncio.timeout(30):
            while answer is None or answer.status_code == 200:
                answer = await person.http.post("/auth/refresh", json={"refresh_token": token})
                token, refreshed = answer.json().get("refresh_token", token), refreshed + 1
                await asyncio.sleep(0.5)
        hold(answer.status_code == 401, f"it ends with {answer.status_code}")
    return f"it ends after {refreshed} times, where six seconds are the longest"
