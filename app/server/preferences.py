"""What a client prefers, by its own weights (RFC 9110, section 12.4.2): also of our languages (section 12.5.4)."""

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from app.domain.user import Locale

T = TypeVar("T")

_BY_LANGUAGE: Final = {locale.value.partition("-")[0]: locale for locale in Locale}


def preferred(header: str, known: Callable[[str], T | None]) -> T | None:
    """Return the client's favourite of what is ``known`` to us, by its weights, then by its order; None for nothing."""
    best, chosen = 0.0, None
    for choice in header.split(","):
        name, *parameters = (part.strip().lower() for part in choice.split(";"))
        weight, ours = _weight(parameters), known(name)
        if ours is not None and weight > best:
            best, chosen = weight, ours
    return chosen


def preferred_locale(accept_language: str | None) -> Locale:
    """Choose by the client's weights; English where it names none of ours."""
    return preferred(accept_language or "", lambda tag: _BY_LANGUAGE.get(tag.partition("-")[0])) or Locale.EN


def _weight(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.rstrip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
