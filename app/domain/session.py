"""A sign-in and all that follows from it, until it ends."""

from typing import NewType

SessionId = NewType("SessionId", str)
"""A UUID in its canonical text form: the family of all tokens that descend from one sign-in."""
