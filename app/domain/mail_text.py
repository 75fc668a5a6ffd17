"""What somebody else wrote, in a form that a mail may hold: it can be read, and nothing of it is a link or a message.

Anybody may open an account with a name and files of their choosing; mails carry our name, so they say only what we say.
"""

import re
import unicodedata
from typing import Final

_NAME_MAX: Final = 30
_JOINS: Final = "'\u2019-"
_TEXT_MAX: Final = 80
# Browsers take the ideographic and full-width ones for dots of a domain too (UTS 46).
_DOT_WITHIN: Final = re.compile(r"(?<=\S)[.\u3002\uff0e\uff61\u2024](?=\S)")
_ENDING: Final = re.compile(r"\.(?=(?:mp4|m4v|mkv|webm|avi|mpg|mpeg|wmv|flv|ogv|m2ts|mts)$)", re.IGNORECASE)
"""Endings of films that are no top-level domain, as mov and zip are."""


def greeted(name: str) -> str:
    """Return the first word of a name as far as it is letters; nothing where it is none: one word is no message."""
    first = next(iter(name.split()), "")
    letters = all(unicodedata.category(c)[0] in "LM" or c in _JOINS for c in first)
    return first if letters and len(first) <= _NAME_MAX else ""


def defanged(text: str) -> str:
    """Return at most 80 characters in one line, none of which is unseen, and in which no mail reader finds a link."""
    seen = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text)
    line = " ".join(unicodedata.normalize("NFC", seen[: 4 * _TEXT_MAX]).split())
    if len(line) > _TEXT_MAX:
        line = f"{line[: _TEXT_MAX - 1]}…"
    end = found.start() if (found := _ENDING.search(line)) else len(line)
    within = _DOT_WITHIN.sub("[.]", line[:end]).replace("@", "[at]").replace(":", "[:]")
    return within + line[end:]
