"""All that can be done with accounts and sessions."""

from dataclasses import dataclass

from app.usecases.authenticate_user import AuthenticateUser
from app.usecases.change_password import ChangePassword
from app.usecases.delete_account import DeleteAccount
from app.usecases.open_session import EndSession, RefreshSession
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
