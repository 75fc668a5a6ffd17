from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import InvalidInput
from app.domain.user import checked_email, checked_name, normalised_password


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Ana.Souza@Example.COM ", "ana.souza@example.com"),
        ("ana+videos@exemplo.com.br", "ana+videos@exemplo.com.br"),
        ("josé@exemplo.com", "josé@exemplo.com"),
        ("x@Straße.de", "x@straße.de"),
        ("\uff41na@example.com", "ana@example.com"),
    ],
)
def test_spellings_of_one_address_are_normalised_to_one(typed: str, kept: str):
    assert checked_email(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ana",
        "ana@",
        "@example.com",
        "ana@example",
        "a b@example.com",
        "ana@example.com\r\nBcc: all@example.com",
        "ana@example..com",
        "ana@-example.com",
        "a" * 65 + "@example.com",
        "ana@" + "a" * 250 + ".com",
        "<ana@example.com>",
        "\ud800@example.com",
    ],
)
def test_what_is_no_address_is_refused(typed: str):
    with pytest.raises(InvalidInput) as refused:
        checked_email(typed)
    assert refused.value.field == ("email",)


@given(st.text(max_size=300))
def test_normalising_an_address_twice_changes_nothing(text: str):
    try:
        once = checked_email(text)
    except InvalidInput:
        return
    assert checked_email(once) == once


def test_a_name_is_one_line():
    assert checked_name("  Ana \n  Souza ") == "Ana Souza"


@pytest.mark.parametrize("typed", ["", "   ", "a" * 256, "a\x00b"])
def test_an_empty_name_or_one_of_control_characters_is_refused(typed: str):
    with pytest.raises(InvalidInput):
        checked_name(typed)


def test_a_password_is_the_same_however_the_keyboard_composes_it():
    assert normalised_password("pa\u0301ssaro azul!") == normalised_password("p\u00e1ssaro azul!")


@pytest.mark.parametrize("typed", ["", "elevenchars", "x" * 129, "a lone \ud800 surrogate"])
def test_a_password_too_short_too_long_or_no_text_is_refused(typed: str):
    with pytest.raises(InvalidInput):
        normalised_password(typed)


@pytest.mark.parametrize("check", [checked_email, checked_name, normalised_password])
def test_text_too_long_to_normalise_quickly_is_refused_unread(check: Callable[[str], str]):
    marks = "a" + "\u0315" * 200_000 + "\u0316" * 200_000  # Putting these in order takes some ten minutes.
    with pytest.raises(InvalidInput):
        check(marks)
