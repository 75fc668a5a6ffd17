"""Which of our languages a client prefers (RFC 9110, section 12.5.4)."""

from app.domain.user import Locale


def preferred_locale(accept_language: str | None) -> Locale:
    """Choose by the client's weights; English where it names none of ours."""
    best, chosen = 0.0, Locale.EN
    for choice in (accept_language or "").split(","):
        tag, _, weight = choice.partition(";")
        language = tag.strip().lower().partition("-")[0]
        quality = _quality(weight)
        if language in {"pt", "en"} and quality > best:
            best, chosen = quality, Locale.PT_BR if language == "pt" else Locale.EN
    return chosen


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        return float(value) if name.strip().lower() == "q" else 0.0
    except ValueError:
        return 0.0
