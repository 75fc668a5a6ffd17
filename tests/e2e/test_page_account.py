"""The account, at the page: what its owner is told, and that they can take their data and go."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import expect
from standardwebhooks import Webhook

from tests.e2e.conftest import Up
from tests.e2e.visitor import ENGLISH, PASSWORD, PORTUGUESE, Visitor, Words, new_visitor
from tests.parts.browser import running_browser
from tests.parts.receiver import Receiver, receiving
from tests.parts.waiting import until

pytestmark = pytest.mark.pages


async def open_account(visitor: Visitor) -> None:
    await visitor.page.locator("button.who").click()
    await expect(visitor.page.get_by_label("Webhook")).to_be_visible()


def told(visitor: Visitor, event: str, channel: str):
    """The line of the log."""
    return visitor.page.locator(".told li").filter(has_text=event).filter(has_text=channel)


@dataclass(frozen=True)
class Said:
    """What the account's dialog says in one language."""

    on_completion: str
    save: str
    send_test: str
    test: str
    ready: str
    delivered: str
    by_mail: str
    by_webhook: str


SAID_ENGLISH = Said(
    on_completion="A mail when the frames",
    save="Save",
    send_test="Send a test",
    test="Test",
    ready="Frames ready",
    delivered="Delivered",
    by_mail="by mail",
    by_webhook="by webhook",
)
SAID_PORTUGUESE = Said(
    on_completion="Um e-mail quando os quadros",
    save="Salvar",
    send_test="Enviar um teste",
    test="Teste",
    ready="Quadros prontos",
    delivered="Entregue",
    by_mail="por e-mail",
    by_webhook="por webhook",
)


@pytest.mark.parametrize(("words", "said"), [(ENGLISH, SAID_ENGLISH), (PORTUGUESE, SAID_PORTUGUESE)], ids=["en", "pt"])
async def test_a_webhook_is_set_tested_and_told_of_a_video(up: Up, samples: Path, words: Words, said: Said):
    async with receiving(Receiver()) as receiver, running_browser() as browser, asyncio.timeout(90):
        ana = await new_visitor(browser, up.url, words)
        await ana.sign_up()
        await open_account(ana)
        page = ana.page
        await page.get_by_label(said.on_completion).check()
        await page.get_by_label("Webhook").fill(f"http://127.0.0.1:{receiver.port}/in")
        await ana.button(said.save).click()
        secret = await page.locator("dialog code").inner_text()
        await ana.button(said.send_test).click()
        line = told(ana, said.test, said.by_webhook)
        await expect(line).to_contain_text(f"{said.delivered}: HTTP 204", timeout=20_000)
        (post,) = receiver.posts
        assert Webhook(secret).verify(post.body, post.headers)["type"] == "webhook.test"

        await page.keyboard.press("Escape")
        await ana.choose(samples / "bikes.mp4")
        await ana.sees("bikes.mp4", words.ready)
        await until(lambda: len(receiver.posts) == 2, 20)
        event = Webhook(secret).verify(receiver.posts[1].body, receiver.posts[1].headers)
        assert (event["type"], event["data"]["originalFileName"]) == ("video.completed", "bikes.mp4")
        await up.mail_to(ana.email, "bikes.mp4")
        await open_account(ana)
        await expect(page.get_by_label(said.on_completion)).to_be_checked()
        await expect(page.locator("dialog code")).to_have_count(0)  # The key was shown once.
        for channel in (said.by_mail, said.by_webhook):
            await expect(told(ana, said.ready, channel)).to_contain_text(said.delivered)
        again = told(ana, said.ready, said.by_webhook).get_by_role("button")
        await again.click()
        await until(lambda: len(receiver.posts) == 3, 20)
        assert receiver.posts[2].body == receiver.posts[1].body
        assert ana.wrong == []


async def test_an_address_that_is_not_public_is_refused_with_a_sentence(up: Up):
    async with running_browser() as browser, asyncio.timeout(60):
        ana = await new_visitor(browser, up.url)
        await ana.sign_up()
        await open_account(ana)
        field = ana.page.get_by_label("Webhook")
        await field.fill("https://169.254.169.254/latest/meta-data")
        await ana.button("Save").click()
        told = ana.page.locator("section").filter(has=field)
        await expect(told.get_by_role("alert")).to_contain_text("begins with https://")
        assert await field.get_attribute("aria-invalid") == "true"
        assert ana.wrong == []


async def test_ones_data_is_taken_and_the_account_deleted(up: Up, samples: Path, tmp_path: Path):
    async with running_browser() as browser, asyncio.timeout(60):
        ana = await new_visitor(browser, up.url)
        await ana.sign_up()
        await ana.choose(samples / "bikes.mp4")
        await ana.sees("bikes.mp4", ENGLISH.ready)
        await open_account(ana)
        async with ana.page.expect_download() as download:
            await ana.button("Take your data with you").click()
        await (await download.value).save_as(tmp_path / "mine.json")
        mine = json.loads((tmp_path / "mine.json").read_text("utf-8"))
        assert mine["profile"]["email"] == ana.email
        assert [video["originalFileName"] for video in mine["videoProcessings"]] == ["bikes.mp4"]

        ana.page.on("dialog", lambda dialog: dialog.accept())
        password = ana.page.get_by_role("dialog").get_by_label(ENGLISH.password)
        await password.fill("not the password")
        await ana.button("Delete your account").click()
        await expect(ana.page.get_by_role("dialog").get_by_role("alert").last).to_contain_text("password is wrong")
        await password.fill(PASSWORD)
        await ana.button("Delete your account").click()
        await expect(ana.page.get_by_label(ENGLISH.email)).to_be_visible()
        await ana.sign_in()
        await expect(ana.page.get_by_role("alert")).to_contain_text("password is wrong")
