"""All that can be done with accounts and sessions, composed in one place from what it needs."""

from dataclasses import dataclass
from datetime import timedelta

from app.usecases.authenticate_user import AuthenticateUser
from app.usecases.change_password import ChangePassword
from app.usecases.delete_account import DeleteAccount
from app.usecases.open_session import EndSession, OpenSession, RefreshSession
from app.usecases.ports.clock import Clock
from app.usecases.ports.ended_sessions import EndedSessions
from app.usecases.ports.mail_addresses import MailAddresses
from app.usecases.ports.passwords import PasswordHasher
from app.usecases.ports.queue import JobQueue
from app.usecases.ports.rate_limits import RateLimits
from app.usecases.ports.tokens import AccessTokens, LinkTokens, RefreshTokens
from app.usecases.ports.transactions import Transactions
from app.usecases.profile import ShowViewer, UpdateProfile
from app.usecases.register_user import RegisterUser
from app.usecases.reset_password import RequestPasswordReset, ResetPassword
from app.usecases.verify_email import ResendVerification, VerifyEmail


@dataclass(frozen=True, slots=True)
class AccountUseCases:
    """One callable for each thing a user wants done with their account."""

    register_user: RegisterUser
    authenticate_user: AuthenticateUser
    refresh_session: RefreshSession
    end_session: EndSession
    change_password: ChangePassword
    request_password_reset: RequestPasswordReset
    reset_password: ResetPassword
    show_viewer: ShowViewer
    update_profile: UpdateProfile
    delete_account: DeleteAccount
    verify_email: VerifyEmail
    resend_verification: ResendVerification


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountParts:
    """What accounts and sessions need. ``refresh_lifetime`` is how long a session lives without being refreshed.

    ``longest_session`` is how long it lives in any case.
    """

    transactions: Transactions
    queue: JobQueue
    clock: Clock
    passwords: PasswordHasher
    tokens: AccessTokens
    refresh_tokens: RefreshTokens
    reset_tokens: LinkTokens
    verification_tokens: LinkTokens
    ended: EndedSessions
    limits: RateLimits
    addresses: MailAddresses
    refresh_lifetime: timedelta = timedelta(days=30)
    longest_session: timedelta = timedelta(days=90)
    refresh_grace: timedelta = timedelta(seconds=30)
    reset_lifetime: timedelta = timedelta(hours=1)
    verify_email: bool = True
    verification_lifetime: timedelta = timedelta(days=3)

    def use_cases(self) -> AccountUseCases:
        """Put them together."""
        transactions, passwords, ended, limits = self.transactions, self.passwords, self.ended, self.limits
        session = OpenSession(self.tokens, self.refresh_tokens, self.clock, self.refresh_lifetime, self.longest_session)
        return AccountUseCases(
            register_user=RegisterUser(
                transactions,
                passwords,
                session,
                limits,
                self.clock,
                self.addresses,
                self.verify_email,
                self.verification_lifetime,
            ),
            authenticate_user=AuthenticateUser(transactions, passwords, session, limits, self.clock, self.addresses),
            refresh_session=RefreshSession(transactions, session, ended, self.refresh_grace),
            end_session=EndSession(transactions, ended, self.clock),
            change_password=ChangePassword(transactions, passwords, session, ended, limits),
            request_password_reset=RequestPasswordReset(
                transactions, self.queue, self.clock, limits, self.addresses, self.reset_lifetime
            ),
            reset_password=ResetPassword(
                transactions, passwords, self.reset_tokens, session, ended, limits, self.addresses
            ),
            show_viewer=ShowViewer(transactions),
            update_profile=UpdateProfile(transactions, self.clock),
            delete_account=DeleteAccount(transactions, passwords, self.queue, ended, self.clock, limits),
            verify_email=VerifyEmail(transactions, self.verification_tokens, self.clock),
            resend_verification=ResendVerification(
                transactions, self.queue, self.clock, limits, self.verification_lifetime
            ),
        )
