import unicodedata
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import InvalidInput
from app.domain.search import FOLDED_MAX, MOST_WORDS, folded, searched_words

# The same as in frontend-sample/tests/view.test.ts.
FOLDED = {
    "Ção  Ñandú.MP4": "cao nandu.mp4",
    "Straße ﬁlm": "strasse film",
    "İstanbul ısı": "istanbul isi",  # noqa: RUF001 - it is about such letters
    "ΟΔΟΣ.mov": "οδοσ.mov",
    "ガラス": "ガラス",
    "한국어": "한국어",
}


@pytest.mark.parametrize("name", FOLDED)
def test_a_name_is_folded_to_small_letters_without_accents(name: str):
    assert folded(name) == FOLDED[name]


@given(st.text())
def test_what_is_folded_stays_as_it_is_and_fits_into_its_column(name: str):
    assert folded(folded(name)) == folded(name)
    assert len(folded(name)) <= FOLDED_MAX
    assert folded(name) == folded(name).strip()


@pytest.mark.parametrize("kind", ["NFC", "NFD"])
def test_words_are_the_same_however_their_accents_are_written(kind: Literal["NFC", "NFD"]):
    assert searched_words(unicodedata.normalize(kind, "São  JOÃO são")) == ("sao", "joao")


@pytest.mark.parametrize("text", ["", "  ", "\u0301"])
def test_a_search_without_a_letter_asks_for_nothing(text: str):
    assert searched_words(text) == ()


@pytest.mark.parametrize("text", ["a" * 256, " ".join(str(number) for number in range(MOST_WORDS + 1))])
def test_a_search_for_too_much_is_invalid_input(text: str):
    with pytest.raises(InvalidInput) as refused:
        searched_words(text)
    assert refused.value.field == ("search",)


def test_as_many_words_as_there_may_be_are_searched():
    assert len(searched_words(" ".join(str(number) for number in range(MOST_WORDS)))) == MOST_WORDS
