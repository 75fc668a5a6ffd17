"""The page at ``/``, as people use it: in a real Chromium, against ``fiapx up``, with real videos."""

import asyncio
import gzip
import re
import zipfile
from pathlib import Path

import pytest
from playwright.async_api import Dialog, expect

from app.pages.routes import BUILT
from tests.clips import Clips
from tests.e2e.conftest import Up
from tests.e2e.visitor import ENGLISH, PORTUGUESE, SOON, Visitor, Words, new_visitor
from tests.parts.browser import running_browser

pytestmark = pytest.mark.pages

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True, "device_scale_factor": 3}


def cut(samples: Path, folder: Path) -> Path:
    """A recording whose end is missing."""
    path = folder / "cut.mp4"
    path.write_bytes((samples / "bikes.mp4").read_bytes()[:300_000])
    return path


async def whole_way(visitor: Visitor, samples: Path, folder: Path) -> None:
    """From nothing to frames on the disk, and back to nothing."""
    words, page = visitor.words, visitor.page
    await visitor.sign_up()
    await visitor.drop(samples / "bikes.mp4", samples / "carphone_pristine.mp4", cut(samples, folder))
    await visitor.sees("bikes.mp4", words.ready)
    await visitor.sees("carphone_pristine.mp4", words.ready)
    await visitor.sees("cut.mp4", words.failed)
    names = await page.get_by_role("listitem").get_by_role("heading").all_inner_texts()
    assert names == ["bikes.mp4", "carphone_pristine.mp4", "cut.mp4"]
    await expect(visitor.button(words.retry, "cut.mp4")).to_have_count(0)

    async with page.expect_download() as download:
        await visitor.button(words.download, "bikes.mp4").click()
    found = await download.value
    assert found.suggested_filename == "bikes-frames.zip"
    await found.save_as(folder / "frames.zip")
    with zipfile.ZipFile(folder / "frames.zip") as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == 11

    await page.get_by_role("link", name=f"{words.look}: bikes.mp4").click()
    await expect(page.get_by_role("gridcell")).to_have_count(10)
    await expect(page.get_by_role("gridcell").first).to_have_accessible_name(re.compile("1"))
    assert not await visitor.scrolls_sideways()
    await page.go_back()
    assert not await visitor.scrolls_sideways()

    await visitor.button(words.remove, "bikes.mp4").click()
    await visitor.button(words.undo, "bikes.mp4").click()
    await visitor.sees("bikes.mp4", words.ready)
    await visitor.button(words.remove, "cut.mp4").click()
    await expect(visitor.line("cut.mp4")).to_have_count(0, timeout=SOON)

    await visitor.button(words.sign_out).click()
    await visitor.sign_in()
    await visitor.sees("bikes.mp4", words.ready)
    await expect(page.get_by_role("listitem")).to_have_count(2)
    assert visitor.wrong == []


async def test_two_users_go_the_whole_way_at_once_in_two_languages_by_day_and_night(
    up: Up, samples: Path, tmp_path: Path
):
    async with running_browser() as browser, asyncio.timeout(120):
        ana = await new_visitor(browser, up.url, PORTUGUESE, color_scheme="light")
        bob = await new_visitor(browser, up.url, ENGLISH, color_scheme="dark", **PHONE)
        for name in ("ana", "bob"):
            (tmp_path / name).mkdir()
        async with asyncio.TaskGroup() as group:
            group.create_task(whole_way(ana, samples, tmp_path / "ana"))
            group.create_task(whole_way(bob, samples, tmp_path / "bob"))


@pytest.mark.parametrize(
    ("words", "cut_off", "unknown", "lie"),
    [
        (ENGLISH, "This file ends before the film does", "This file is no video that we know.", "its content is text."),
        (
            PORTUGUESE,
            "Este arquivo termina antes do fim do vídeo",
            "Este arquivo não é um vídeo que conhecemos.",
            "seu conteúdo é texto.",
        ),
    ],
)
async def test_a_failure_says_why_in_the_users_language(
    up: Up, samples: Path, tmp_path: Path, words: Words, cut_off: str, unknown: str, lie: str
):
    (tmp_path / "notes.txt").write_text("no video")
    (tmp_path / "lie.mp4").write_text("no video either, but it says so")
    async with running_browser() as browser, asyncio.timeout(60):
        ana = await new_visitor(browser, up.url, words)
        await ana.sign_up()
        sent: list[str] = []
        ana.page.on("request", lambda request: sent.append(request.headers.get("content-type", "")))
        await ana.choose(cut(samples, tmp_path), tmp_path / "notes.txt", tmp_path / "lie.mp4")
        await ana.sees("cut.mp4", words.failed)
        await expect(ana.line("cut.mp4")).to_contain_text(cut_off)
        for name, why in (("notes.txt", unknown), ("lie.mp4", lie)):
            await ana.sees(name, words.refused)
            await expect(ana.line(name)).to_contain_text(why)
            await expect(ana.button(words.retry, name)).to_have_count(0)
        uploads = [kind for kind in sent if kind.startswith("multipart/form-data")]
        assert len(uploads) == 1, "what the page or the service can tell before is not sent"
        assert ana.wrong == []


async def test_what_was_canceled_can_be_tried_again(up: Up, clips: Clips):
    async with running_browser() as browser, asyncio.timeout(90):
        ana = await new_visitor(browser, up.url)
        await ana.sign_up()
        review = await ana.review(clips.big_buck_bunny)
        await review.get_by_label("Value").fill("200")
        await review.get_by_label("Format").select_option("PNG")
        await ana.start()
        await ana.sees("bigbuckbunny.mp4", "Processing")
        await expect(ana.page).to_have_title(re.compile(r"\d+ % \(1\) · FIAP X"))
        await ana.button("Cancel", "bigbuckbunny.mp4").click()
        await ana.sees("bigbuckbunny.mp4", "Canceled")
        await ana.button("Try again", "bigbuckbunny.mp4").click()
        await expect(ana.button("Cancel", "bigbuckbunny.mp4")).to_be_visible()
        await ana.button("Cancel", "bigbuckbunny.mp4").click()
        await ana.button("1 more run of this file", "bigbuckbunny.mp4").click()
        await expect(ana.line("bigbuckbunny.mp4").get_by_text("Canceled")).to_have_count(2)
        assert ana.wrong == []


async def test_a_video_is_processed_again_with_other_options(up: Up, samples: Path):
    async with running_browser() as browser, asyncio.timeout(60):
        ana = await new_visitor(browser, up.url)
        await ana.sign_up()
        await ana.choose(samples / "carphone_pristine.mp4")
        await ana.sees("carphone_pristine.mp4", "Ready")
        await ana.looks_inside("carphone_pristine.mp4")
        first = ana.page.url
        await ana.page.get_by_text("Process again with other options").click()
        form = ana.page.locator("form")
        await expect(form.get_by_label("Value")).to_have_value("1")
        await form.get_by_label("Frames", exact=True).select_option("So many, evenly spread")
        await form.get_by_label("Value").fill("7")
        await form.get_by_label("Format").select_option("PNG")
        await form.get_by_role("button", name="Process again").click()
        await expect(ana.page).not_to_have_url(first)
        await expect(ana.page.get_by_role("gridcell")).to_have_count(7, timeout=SOON)
        assert ana.wrong == []


async def test_an_uploads_line_becomes_the_processings_line_and_its_bar_never_falls(up: Up, samples: Path):
    async with running_browser() as browser, asyncio.timeout(60):
        ana = await new_visitor(browser, up.url)
        await ana.sign_up()
        # Every state that any line was ever in, as the page drew it.
        await ana.page.evaluate(
            """() => {
                window.drawn = [];
                const look = () => {
                  const lines = [...document.querySelectorAll(".row")];
                  window.drawn.push(lines.map((line) => [
                    line.dataset.state, Number(line.querySelector(".bar")?.ariaValueNow ?? -1)]));
                };
                new MutationObserver(look).observe(
                  document.querySelector(".rows"), { subtree: true, childList: true, attributes: true });
            }"""
        )
        await ana.slowly(400_000)
        await ana.choose(samples / "bigbuckbunny.mp4")
        await expect(ana.line("bigbuckbunny.mp4")).to_contain_text(
            re.compile(r"\d+ % · 0\.\d / 1\.1 MB · .*/s · .* left")
        )
        await ana.sees("bigbuckbunny.mp4", "Ready")
        drawn: list[list[tuple[str, int]]] = await ana.page.evaluate("window.drawn")
        assert {len(lines) for lines in drawn} == {1}, "one file, one line"
        bars = [percent for [[state, percent]] in drawn if state == "sending" and percent >= 0]
        assert bars == sorted(bars)
        assert len(set(bars)) > 3
        states = list(dict.fromkeys(state for [[state, _]] in drawn))
        assert [state for state in states if state not in {"waiting", "PENDING"}] == [
            "sending",
            "PROCESSING",
            "COMPLETED",
        ]
        assert ana.wrong == []


async def test_a_file_is_sent_once_more_when_its_upload_was_canceled(up: Up, samples: Path):
    async with running_browser() as browser, asyncio.timeout(60):
        ana = await new_visitor(browser, up.url)
        await ana.sign_up()
        await ana.slowly(50_000)
        await ana.choose(samples / "bikes.mp4", samples / "bigbuckbunny.mp4")
        await ana.sees("bikes.mp4", "Uploading")
        await ana.button("Cancel", "bikes.mp4").click()
        await ana.button("Cancel", "bigbuckbunny.mp4").click()
        await expect(ana.page.get_by_role("listitem")).to_have_count(0)
        await ana.slowly(-1)
        await ana.choose(samples / "bikes.mp4")
        await ana.sees("bikes.mp4", "Ready")
        await expect(ana.page.get_by_role("listitem")).to_have_count(1)


async def test_whoever_closes_the_page_after_deleting_has_deleted(up: Up, samples: Path):
    async with running_browser() as browser, asyncio.timeout(60):
        ana = await new_visitor(browser, up.url)
        await ana.sign_up()
        await ana.choose(samples / "carphone_pristine.mp4", samples / "bikes.mp4")
        await ana.sees("carphone_pristine.mp4", "Ready")
        await ana.button("Delete", "carphone_pristine.mp4").click()
        await expect(ana.button("Undo", "carphone_pristine.mp4")).to_be_focused()
        await ana.page.goto("about:blank")
        await ana.page.goto(up.url)
        await ana.sees("bikes.mp4", "Ready")
        await expect(ana.page.get_by_role("listitem")).to_have_count(1)


async def test_all_tabs_show_the_same_and_leave_together(up: Up, samples: Path):
    async with running_browser() as browser, asyncio.timeout(60):
        ana = await new_visitor(browser, up.url)
        await ana.sign_up()
        other = await Visitor(await ana.page.context.new_page(), up.url, ENGLISH, ana.email).open()
        await other.is_live()
        await ana.choose(samples / "carphone_pristine.mp4")
        await other.sees("carphone_pristine.mp4", "Ready")
        await ana.button("Delete", "carphone_pristine.mp4").click()
        await expect(other.page.get_by_role("listitem")).to_have_count(0, timeout=SOON)
        await other.button("Sign out").click()
        await expect(ana.button("Sign in")).to_be_visible()
        await expect(ana.page.get_by_role("dialog")).to_have_count(0)
        assert ana.wrong + other.wrong == []


async def test_the_language_is_chosen_once_for_the_page_and_for_mails(up: Up, samples: Path, tmp_path: Path):
    async with running_browser() as browser, asyncio.timeout(60):
        ana = await new_visitor(browser, up.url, ENGLISH)
        await ana.sign_up()
        async with ana.page.expect_response(lambda answer: ana.asks(answer.request, "UpdateProfile")) as told:
            await ana.page.get_by_label("Language").select_option("Português")
        assert (await (await told.value).json())["data"]["updateProfile"]["__typename"] == "User"
        await expect(ana.page.get_by_role("heading", name="Seus vídeos")).to_be_visible()
        await ana.page.reload()
        await expect(ana.page.get_by_role("heading", name="Seus vídeos")).to_be_visible()
        assert await ana.page.evaluate("document.documentElement.lang") == "pt-BR"
        ana.words = PORTUGUESE
        await ana.choose(cut(samples, tmp_path))
        await ana.sees("cut.mp4", "Falhou")
        mail = await up.mail_to(ana.email)
        assert mail["Subject"].startswith("Não foi possível processar")


async def test_the_link_of_the_mail_leads_to_a_new_password(up: Up):
    async with running_browser() as browser, asyncio.timeout(60):
        ana = await new_visitor(browser, up.url)
        await ana.sign_up()
        await ana.button("Sign out").click()
        await ana.page.get_by_role("link", name="Forgot your password?").click()
        await ana.page.get_by_label("E-mail").fill(ana.email)
        await ana.button("Send the link").click()
        await expect(ana.page.get_by_text("a link is on its way")).to_be_visible()
        mail = await up.mail_to(ana.email)
        link = re.search(r"http\S+#token=\S+", mail.get_body(("plain",)).get_content())  # type: ignore[union-attr]
        assert link is not None
        await ana.page.goto(link[0])
        await ana.page.get_by_label("Password").fill("iloveyou1234")
        await ana.button("Save").click()
        await expect(ana.page.get_by_role("alert")).to_contain_text("none that everybody tries first")
        await ana.page.get_by_label("Password").fill("another long password")
        await ana.button("Save").click()
        await expect(ana.page.get_by_role("heading", name="Your videos")).to_be_visible()
        assert "token" not in ana.page.url
        assert ana.wrong == []


async def test_a_wrong_password_is_said_and_the_field_is_ready_for_the_next(up: Up):
    async with running_browser() as browser, asyncio.timeout(60):
        ana = await new_visitor(browser, up.url)
        await ana.page.get_by_label("E-mail").fill(ana.email)
        await ana.page.get_by_label("Password").fill("not this one, surely")
        await ana.button("Sign in").click()
        await expect(ana.page.get_by_role("alert")).to_have_text("The address or the password is wrong.")
        await expect(ana.page.get_by_label("E-mail")).to_be_focused()
        assert await ana.page.get_by_label("E-mail").input_value() == ana.email
        assert ana.wrong == []


async def test_whoever_leaves_during_an_upload_is_warned(up: Up, samples: Path):
    async with running_browser() as browser, asyncio.timeout(60):
        ana = await new_visitor(browser, up.url)
        await ana.sign_up()
        await ana.slowly(20_000)
        asked: list[str] = []

        async def stay(dialog: Dialog) -> None:
            asked.append(dialog.type)
            await dialog.dismiss()

        ana.page.on("dialog", stay)
        await ana.choose(samples / "bigbuckbunny.mp4")
        await ana.sees("bigbuckbunny.mp4", "Uploading")
        await ana.page.evaluate("setTimeout(() => location.assign('/sign-up'), 0)")
        async with asyncio.timeout(10):
            while not asked:
                await asyncio.sleep(0.05)
        await ana.button("Sign out").click()
        await ana.sees("bigbuckbunny.mp4", "Uploading")
        assert asked == ["beforeunload", "confirm"]


def packed(script: Path) -> int:
    """Bytes on the line."""
    return len(gzip.compress(script.read_bytes(), 6))


def test_the_first_visit_loads_at_most_55_kb_of_script():
    index = (BUILT / "app" / "index.html").read_text()
    scripts = re.findall(r'(?:src|href)="/(assets/[^"]+\.js)"', index)
    assert scripts
    texts = max((BUILT / "app" / "assets").glob("pt-BR-*.js")), max((BUILT / "app" / "assets").glob("en-*.js"))
    one_language = max(map(packed, texts))
    assert sum(packed(BUILT / "app" / script) for script in scripts) + one_language <= 55_000
