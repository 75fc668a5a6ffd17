"""How often something may be tried."""

from enum import StrEnum
from typing import Protocol


class RateLimitKey(StrEnum):
    """What is counted so that nobody can try it without end."""

    LOGIN_BY_ACCOUNT_AND_ADDRESS = "login-account-address"
    LOGIN_BY_ACCOUNT = "login-account"
    LOGIN_BY_ADDRESS = "login-address"
    REGISTER_BY_ADDRESS = "register-address"
    PASSWORD_BY_SESSION = "password-session"  # noqa: S105 - no secret, but who tries one while signed in.
    RESET_BY_ACCOUNT = "reset-account"
    VERIFICATION_BY_ACCOUNT = "verification-account"
    RESET_BY_ADDRESS = "reset-address"
    DELIVERY_BY_ACCOUNT = "delivery-account"
    MAIL_BY_RECIPIENT = "mail-recipient"
    ACCOUNT_MAIL_BY_RECIPIENT = "account-mail-recipient"
    UNVERIFIED_MAIL_BY_RECIPIENT = "unverified-mail-recipient"
    WEBHOOK_BY_ACCOUNT = "webhook-account"
    WEBHOOK_BY_HOST = "webhook-host"
    REJECTION_BY_ACCOUNT = "rejection-account"
    EXPORT_BY_ACCOUNT = "export-account"
    REQUEST_BY_KEY = "request-key"


class RateLimits(Protocol):
    """How often something may be tried in a while, counted for all processes together."""

    async def spend(self, attempt: RateLimitKey, key: str) -> None:
        """Count one try by this account or network address; raises ``RateLimited`` where it is one too many.

        Where the counter is away each process counts for itself: a limit that fails shut would lock everybody out.
        """

    async def check(self, attempt: RateLimitKey, key: str) -> None:
        """Raise ``RateLimited`` as ``spend`` would now, and count nothing."""

    async def forgive(self, attempt: RateLimitKey, key: str) -> None:
        """Forget the tries of this account or network address."""
