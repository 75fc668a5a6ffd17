"""Which media type a GraphQL answer has (RFC 9110, section 12.5.1)."""

from typing import Final

GRAPHQL_RESPONSE: Final = "application/graphql-response+json"
JSON: Final = "application/json"

_MATCHES: Final = {
    GRAPHQL_RESPONSE: GRAPHQL_RESPONSE,
    JSON: JSON,
    "application/*": JSON,
    "*/*": JSON,
}
"""A client that takes anything may be an old one, so it gets what old ones know."""


def negotiated(accept: str) -> str | None:
    """Give the client's favourite of our two, by its weights, then by its order; None where it takes neither."""
    if not accept.strip():
        return JSON
    best, chosen = 0.0, None
    for choice in accept.split(","):
        media_range, *parameters = (part.strip().lower() for part in choice.split(";"))
        quality = _quality(parameters)
        if media_range in _MATCHES and quality > best:
            best, chosen = quality, _MATCHES[media_range]
    return chosen


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0
