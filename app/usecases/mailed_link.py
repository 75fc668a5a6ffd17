"""Links that were mailed, when they are used: each is good for a while, and once."""

from app.domain.errors import InvalidInput
from app.domain.user import User, UserId
from app.usecases.ports.clock import Clock
from app.usecases.ports.mailed_links import MailedLinks
from app.usecases.ports.transactions import Transaction


async def owner_of_link(links: MailedLinks, link: str, clock: Clock) -> UserId:
    """Return whose link it is; raises ``InvalidInput`` where it is not valid, or not any more."""
    found = await links.get(link)
    if found is None or found.expires_at <= clock.now():
        raise of_no_use()
    return found.user


async def used_link(t: Transaction, links: MailedLinks, link: str, clock: Clock) -> User:
    """Use a link up, with all others of its owner; their row is held. Raises as ``owner_of_link``."""
    user = await t.users.lock(await owner_of_link(links, link, clock))
    if user is None or not await links.remove_all(user.id):  # Two at once: the lock let one go first.
        raise of_no_use()
    return user


def of_no_use() -> InvalidInput:
    """Return the error for a link that is not valid, has expired or was used."""
    return InvalidInput("This link is not valid any more: ask for a new one.", field=("token",))
