"""Which media type a GraphQL answer has (RFC 9110, section 12.5.1)."""

from typing import Final

from app.server.preferences import preferred

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
    """Return the client's favourite of our two; None where it takes neither."""
    return preferred(accept, _MATCHES.get) if accept.strip() else JSON
