"""Addresses as mail servers take them: the port ``MailAddresses``, and what the mailer writes after RCPT TO."""

from email.headerregistry import Address
from email.utils import parseaddr
from typing import Final, final

import idna

from app.domain.errors import InvalidInput
from app.domain.user import checked_email

ENCODED_WORD: Final = "=?"  # RFC 2047, section 2
_NOT_AS_WRITTEN: Final = "Mail cannot be sent to this address just as it is written; use another one."


def recipient(address: str) -> Address:
    """Return the address as it goes to the server, its domain in ASCII by IDNA 2008 (RFC 5891, UTS 46).

    By IDNA 2003, Python's own, a domain with an eszett would be another one, which anybody may own.

    :raises ValueError: where it is no address that mail can be sent to
    """
    local, _, domain = address.rpartition("@")
    found = Address("", local, _ascii(domain))
    if not local or ENCODED_WORD in local:
        raise ValueError(_NOT_AS_WRITTEN)
    return found


@final
class IdnaMailAddresses:
    """The form under which an address is unique has its domain in its own letters, however it was typed."""

    def normal_form(self, text: str) -> str:
        address = checked_email(text)
        local, _, domain = address.rpartition("@")
        normal = address
        try:
            in_ascii = f"{local}@{_ascii(domain)}"
            normal = f"{local}@{idna.decode(_ascii(domain))}"
            # What would be quoted on its way, or read as something else, might reach somebody else.
            exact = recipient(normal).addr_spec == in_ascii == parseaddr(in_ascii)[1]
        except ValueError:
            exact = False
        if not exact or checked_email(normal) != normal:
            raise InvalidInput(_NOT_AS_WRITTEN, field=("email",))
        return normal

    def spellings(self, text: str) -> tuple[str, ...]:
        typed = checked_email(text)
        local, _, domain = typed.rpartition("@")
        try:
            forms = [self.normal_form(typed), f"{local}@{_ascii(domain)}", typed]
        except (ValueError, InvalidInput):
            forms = [typed]
        return tuple(dict.fromkeys(forms))


def _ascii(domain: str) -> str:
    return idna.encode(domain, uts46=True, transitional=False, std3_rules=True).decode()
