"""Signing in and out at a terminal, and what is kept of it."""

import asyncio
import json
import os
import pty
import signal
import stat
from pathlib import Path

import pytest

from app.domain.session import Scope
from app.remote.credentials import Credentials
from app.remote.failures import CannotGoOn
from tests.parts.api_keys import program
from tests.parts.http_line import HttpLine
from tests.parts.site import PASSWORD, Person, Site
from tests.parts.waiting import until
from tests.remote.conftest import Terminal

pytestmark = pytest.mark.slow


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_a_session_is_kept_for_its_owner_alone_and_signing_out_ends_it(
    site: Site, email: str, signed_in: Terminal
):
    assert (mode(signed_in.credentials), mode(signed_in.credentials.parent)) == (0o600, 0o700)
    assert sorted(path.name for path in signed_in.credentials.parent.iterdir()) == [
        "credentials.json",
        "credentials.lock",
    ]
    assert PASSWORD not in signed_in.credentials.read_text()
    kept = json.loads(signed_in.credentials.read_text())["services"][site.url]
    assert (await signed_in.fiapx("list")).code == 0
    assert (await signed_in.fiapx("logout")).code == 0
    assert json.loads(signed_in.credentials.read_text()) == {"current": None, "services": {}}
    async with site.client() as client:
        asked = await client.get("/videos", headers={"Authorization": f"Bearer {kept['accessToken']}"})
    assert asked.status_code == 401
    ended = await signed_in.fiapx("list")
    assert (ended.code, ended.err) == (3, "fiapx list: You are not signed in: fiapx login --url https://...\n")


async def test_a_wrong_password_is_said_and_nothing_is_kept(site: Site, email: str, terminal: Terminal):
    ended = await terminal.fiapx("login", email, "--url", site.url, said="another than that\n")
    assert (ended.code, ended.out) == (3, "")
    assert ended.err.startswith("fiapx login: INVALID_CREDENTIALS: ")
    assert not terminal.credentials.exists()


async def test_a_key_is_kept_in_place_of_a_session_once_it_is_known_to_open_something(
    site: Site, ana: Person, terminal: Terminal
):
    async with program(site, ana, Scope.UPLOAD) as camera:
        ended = await terminal.fiapx("login", "--key", "--url", f"{site.url}/", said=f"{camera.token}\n")
        assert ended.code == 0
        ended = await terminal.fiapx("list")
    assert (ended.code, ended.err.split(": ")[:2]) == (1, ["fiapx list", "INSUFFICIENT_SCOPE"])
    ended = await terminal.fiapx("login", "--key", said=f"{camera.token}0\n")
    assert ended.code == 3
    assert camera.token in terminal.credentials.read_text()


async def test_credentials_that_others_may_read_are_refused_in_a_sentence(signed_in: Terminal):
    signed_in.credentials.chmod(0o644)
    ended = await signed_in.fiapx("list")
    assert (ended.code, ended.out) == (3, "")
    assert ended.err.startswith(f"fiapx list: Others may read {signed_in.credentials}, ")


@pytest.mark.parametrize(
    "text", ["", "[]", '{"services": 3}', '{"current": 3, "services": {"x": "key"}}', "\x00" * 99, '{"services": {}}']
)
def test_credentials_that_make_no_sense_are_refused_in_a_sentence(tmp_path: Path, text: str):
    credentials = Credentials(tmp_path)
    credentials.path.write_text(text)
    credentials.path.chmod(0o600)
    with pytest.raises(CannotGoOn, match="makes no sense; remove it"):
        credentials.at("https://videos.example")


def test_a_link_to_credentials_elsewhere_is_not_followed(tmp_path: Path):
    (tmp_path / "credentials.json").symlink_to("/etc/hostname")
    with pytest.raises(CannotGoOn, match="cannot be read"):
        Credentials(tmp_path).current()


async def test_commands_that_run_at_once_renew_their_session_once(site: Site, signed_in: Terminal):
    (session,) = json.loads(signed_in.credentials.read_text())["services"].values()
    async with HttpLine(site.url).open() as line:
        signed_in.credentials.write_text(json.dumps({"current": line.url, "services": {line.url: session}}))
        site.clock.advance(3601)
        line.flows.clear()
        commands = [asyncio.create_task(signed_in.fiapx("list")) for _ in range(3)]
        await until(lambda: len(line.asked) == 3, 30)
        line.flows.set()
        ended = await asyncio.gather(*commands)
        assert [(one.code, one.err) for one in ended] == [(0, "")] * 3
        assert len(line.asked) == 3 + 1 + 3
        site.clock.advance(3601)  # By now a former token would end the session.
        assert (await signed_in.fiapx("list")).code == 0
    (kept,) = json.loads(signed_in.credentials.read_text())["services"].values()
    assert kept["refreshToken"] != session["refreshToken"]
    assert mode(signed_in.credentials) == 0o600


async def test_ctrl_c_does_not_lose_a_session_that_is_being_renewed(site: Site, signed_in: Terminal):
    (session,) = json.loads(signed_in.credentials.read_text())["services"].values()
    async with HttpLine(site.url).open() as line:
        signed_in.credentials.write_text(json.dumps({"current": line.url, "services": {line.url: session}}))
        site.clock.advance(3601)
        line.flows.clear()
        async with signed_in.begun("list") as process:
            await until(lambda: line.asked, 30)
            line.flows.set()  # For who waits now,
            line.flows.clear()  # and for nobody else.
            await until(lambda: len(line.asked) == 2, 30)
            process.send_signal(signal.SIGINT)
            line.flows.set()
            async with asyncio.timeout(20):
                await process.communicate()
        assert process.returncode == 130
        site.clock.advance(3601)
        assert (await signed_in.fiapx("list")).code == 0


async def test_a_password_that_is_typed_is_not_shown(site: Site, email: str, terminal: Terminal):
    ours, theirs = pty.openpty()
    async with terminal.begun("login", "--url", site.url, stdin=theirs) as process:
        assert process.stderr is not None
        async with asyncio.timeout(20):
            assert await process.stderr.readuntil(b": ") == b"E-mail: "
            os.write(ours, f"{email}\n".encode())
            assert await process.stderr.readuntil(b": ") == b"Password: "
            os.write(ours, f"{PASSWORD}\n".encode())
            assert await process.wait() == 0
    shown = os.read(ours, 4096).decode()
    os.close(theirs)
    os.close(ours)
    assert email in shown
    assert PASSWORD not in shown


async def test_ctrl_c_at_a_question_ends_it(site: Site, email: str, terminal: Terminal):
    ours, theirs = pty.openpty()
    async with terminal.begun("login", email, "--url", site.url, stdin=theirs) as process, asyncio.timeout(20):
        assert process.stderr is not None
        await process.stderr.readuntil(b"Password: ")
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 130
    os.close(theirs)
    os.close(ours)


async def test_nobody_answers_is_said_with_another_exit_code_than_refused(ana: Person, terminal: Terminal):
    ended = await terminal.fiapx("list", FIAPX_API_KEY=ana.token, FIAPX_SERVICE_URL="http://127.0.0.1:9")
    assert (ended.code, ended.err) == (3, "fiapx list: NETWORK: The service does not answer.\n")
    ended = await terminal.fiapx("list", "--url", "videos.example")
    assert (ended.code, ended.out) == (2, "")
    assert "This is no address of a service" in ended.err
