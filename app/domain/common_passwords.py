"""Which passwords everybody else has too (NIST SP 800-63B, section 5.1.1.2)."""

from functools import cache
from importlib.resources import files
from typing import Final

_FEWEST_CHARACTERS: Final = 5
"""A password of twelve that is made of fewer different ones is a pattern on a keyboard."""


def is_common(password: str) -> bool:
    """Return whether guessing begins with it: common, with a number behind it, one twice, or a mere pattern."""
    text = password.lower()
    if len(set(text)) < _FEWEST_CHARACTERS or _follows_the_keyboard(text):
        return True
    half = text[: len(text) // 2]
    candidates = {text, text.strip("0123456789 !?.,;:*#$%&@_-+="), half if half * 2 == text else text}
    return not candidates.isdisjoint(_common())


@cache
def _common() -> frozenset[str]:
    """Load the list: the 30,000 of zxcvbn (Dropbox, MIT), from leaks, without the shortest."""
    return frozenset(files("app.domain").joinpath("common_passwords.txt").read_text("ascii").split("\n"))


def _follows_the_keyboard(text: str) -> bool:
    rows = ("1234567890" * 2, "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm")
    return any(text in row * 2 or text[::-1] in row * 2 for row in rows)
