"""What is one and the same address."""

from typing import Protocol


class MailAddresses(Protocol):
    """Which addresses are one and the same; both raise ``InvalidInput`` for what is none."""

    def normal_form(self, text: str) -> str:
        """Return the one form under which an address is unique; refuse what mail would not reach exactly as it is."""
        ...

    def spellings(self, text: str) -> tuple[str, ...]:
        """Return all forms under which its account may be kept, the normal one first, as it was typed last."""
        ...
