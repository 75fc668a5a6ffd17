"""Which of our languages a client prefers (RFC 9110, section 12.5.4)."""

from typing import Final

from app.domain.user import Locale
from app.server.preferences import preferred

_BY_LANGUAGE: Final = {locale.value.partition("-")[0]: locale for locale in Locale}


def preferred_locale(accept_language: str | None) -> Locale:
    """Choose by the client's weights; English where it names none of ours."""
    return preferred(accept_language or "", lambda tag: _BY_LANGUAGE.get(tag.partition("-")[0])) or Locale.EN
