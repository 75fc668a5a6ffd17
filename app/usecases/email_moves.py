"""How an account comes to another address, and back."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from app.domain.errors import EmailAlreadyRegistered
from app.domain.notification import NotificationEvent
from app.domain.user import User, UserId
from app.usecases.authenticate_user import account_of
from app.usecases.enqueue_notification import enqueue_mail
from app.usecases.mailed_link import of_no_use
from app.usecases.ports.email_changes import EmailChange
from app.usecases.ports.transactions import Transaction

_WAY_BACK: Final = timedelta(days=7)
"""For so long whoever reads mails at a former address can take the account back, and nobody else can register it."""


async def must_be_free(t: Transaction, spellings: Sequence[str], now: datetime, *, but: UserId | None = None) -> None:
    """Check that an address is nobody's, and that nobody has a way back to it.

    :raises EmailAlreadyRegistered: where it is, of another user than this one
    """
    holder = await account_of(t, spellings)
    if (holder is not None and holder.id != but) or await t.email_changes.held(spellings, now, but=but):
        raise EmailAlreadyRegistered(field=("email",))


async def use_change_link(t: Transaction, link: str, now: datetime) -> User | None:
    """Let the address that a link was mailed to be its account's; None where it is no link of that kind.

    :raises InvalidInput: where it has expired or was used, or another was asked for since
    :raises EmailAlreadyRegistered: where somebody else registered the address meanwhile
    """
    found = await t.email_changes.get(link)
    if found is None or found.leads_back:
        return None
    user, found = await _held(t, found, now)
    await t.email_changes.withdraw(user.id)
    return await moved(t, user, found.email, now)


async def way_back(t: Transaction, link: str, now: datetime) -> EmailChange | None:
    """Return the address to which a link leads back; None where it is no link of that kind.

    :raises InvalidInput: where it has expired
    """
    found = await t.email_changes.get(link)
    if found is None or not found.leads_back:
        return None
    if found.expires_at <= now:
        raise of_no_use()
    return found


async def use_way_back(t: Transaction, back: EmailChange, now: datetime) -> User:
    """Use a way back up, with all that was asked for since; return its user, whose row is held, with that address.

    :raises InvalidInput: where it was used just now
    """
    user, found = await _held(t, back, now)
    await t.email_changes.remove_all(user.id)
    return replace(user, email=found.email)


async def _held(t: Transaction, change: EmailChange, now: datetime) -> tuple[User, EmailChange]:
    """Hold the row of a link's user, and look at the link again: of two at once one was let go first."""
    user = await t.users.lock(change.user)
    found = await t.email_changes.get(change.id)
    if user is None or found is None or found.expires_at <= now:
        raise of_no_use()
    return user, found


async def moved(t: Transaction, user: User, email: str, now: datetime) -> User:
    """Write down a user's new address; links that were mailed to the former one are good for nothing any more.

    But for one: whoever reads mails there takes the account back with it, since the password may be in wrong hands.
    Videos from before are the user's own where the former address was known to be: who knew its password asked.
    """
    changed = replace(user, email=email, email_verified_at=user.email_verified_at or now, updated_at=now)
    await t.users.save(changed)
    await t.password_resets.remove_all(user.id)
    await t.email_verifications.remove_all(user.id)
    if user.email_verified_at is not None:
        said = {"to": user.email, "newEmail": email}
        mail = await enqueue_mail(t, changed, NotificationEvent.EMAIL_CHANGED, now, data=said)
        back = EmailChange(mail.id, user.id, user.email, now + _WAY_BACK, leads_back=True)
        await t.email_changes.add(back)
    return changed
