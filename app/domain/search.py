"""Names as they are searched for and sorted: without regard to case, accents and width of letters."""

import unicodedata
from typing import Final

from app.domain.errors import InvalidInput

FOLDED_MAX: Final = 255
"""Characters of a folded name; only a few letters become longer by it, as ``ß``, of which it makes ``ss``."""
MOST_WORDS: Final = 10
"""Words that one search may have."""
_TEXT_MAX: Final = 255
_ACCENTS: Final = dict.fromkeys(range(0x0300, 0x0370))
"""The Unicode block Combining Diacritical Marks, in which the accents of Latin, Greek and Cyrillic letters lie."""
_SIGMA: Final = {ord("\N{GREEK SMALL LETTER FINAL SIGMA}"): "\N{GREEK SMALL LETTER SIGMA}"}


def folded(text: str) -> str:
    """Return a text as it is compared with others: in small letters, without accents, with single spaces.

    The page folds the same in ``frontend-sample/src/state/search.ts``. Upper case comes first, where letters meet
    that have several forms in small ones: the dotless i, and the sigma but for the one at the end of a word.
    """
    small = unicodedata.normalize("NFKD", text).upper().lower().translate(_SIGMA)
    bare = unicodedata.normalize("NFKD", small).translate(_ACCENTS)
    return " ".join(unicodedata.normalize("NFC", bare).split())[:FOLDED_MAX].rstrip()


def searched_words(text: str) -> tuple[str, ...]:
    """Return what a name must hold to be found, each of these somewhere.

    :raises InvalidInput: for too long a text or too many words
    """
    words = tuple(dict.fromkeys(folded(text).split())) if len(text) <= _TEXT_MAX else ()
    if len(text) > _TEXT_MAX or len(words) > MOST_WORDS:
        sentence = f"A search has at most {MOST_WORDS} words and {_TEXT_MAX} characters."
        raise InvalidInput(sentence, field=("search",))
    return words
