"""What strangers wrote, in our mails."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.mail_text import defanged, greeted


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Ana Conceição", "Ana"),
        ("D'Ávila", "D'Ávila"),
        ("Jean-Luc Picard", "Jean-Luc"),
        ("李小龙", "李小龙"),
        ("नमस्ते", "नमस्ते"),
        ("https://evil.example/win Ana", ""),
        ("evil.example", ""),
        ("0800-555-1234", ""),
        ("Your account is blocked", "Your"),
        ("Pague\u202egnp.exe", ""),
        ("a" * 31, ""),
        ("", ""),
    ],
)
def test_a_greeting_has_one_word_of_the_name(name: str, said: str):
    assert greeted(name) == said


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("bikes.mp4", "bikes.mp4"),
        ("férias na praia (1).MKV", "férias na praia (1).MKV"),
        ("holiday.mov", "holiday[.]mov"),
        ("www.evil.example.mp4", "www[.]evil[.]example.mp4"),
        ("https://evil.example/x", "https[:]//evil[.]example/x"),
        ("evil。example", "evil[.]example"),
        ("mailto:eve@evil.example", "mailto[:]eve[at]evil[.]example"),
        ("a\u202egpj.exe\r\nBcc: x", "a gpj[.]exe Bcc[:] x"),
        ("Hello. World.", "Hello. World."),
        ("x" * 100, "x" * 79 + "…"),
    ],
)
def test_text_that_looks_like_a_link_is_made_unclickable(typed: str, said: str):
    assert defanged(typed) == said


@given(
    st.text(max_size=400)
    | st.from_regex(r"(https?://)?([a-z]{1,5}[.。\uff0e@/:\u200b]){1,6}(com|mov|zip|mp4)", fullmatch=True)
)
def test_no_text_becomes_a_link_or_more_than_a_line(text: str):
    said = defanged(text)
    # The patterns by which mail readers find links: a scheme, and labels with a top-level domain behind a dot.
    assert not re.search(r"[a-z]+://", said, re.IGNORECASE)
    assert not re.search(r"\w[.。\uff0e\uff61]\w+[.。\uff0e\uff61]\w", said)
    assert not re.search(r"\w[.。\uff0e\uff61](com|mov|zip|example)\b", said)
    assert not any(unicodedata.category(c)[0] == "C" for c in said)
    assert len(said) <= 3 * 80
