"""The codes of what is wrong with an operation itself; all others are the domain's (``app.domain.errors``)."""

from typing import Final

BAD_USER_INPUT: Final = "BAD_USER_INPUT"
"""It is not valid, or an argument is not where a Problem cannot say so."""
LIMIT_EXCEEDED: Final = "LIMIT_EXCEEDED"
"""It asks for too much."""
