"""What operators may ask of a command, and how its words are read."""

import argparse
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from app.domain.failure import FailureCode
from app.domain.user import Role
from app.domain.video import ProcessingStatus

_AGE: Final = re.compile(r"(\d{1,6})([smhd])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_FEW: Final = 50

if TYPE_CHECKING:
    _Verbs = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse's gap


def _age(text: str) -> timedelta:
    found = _AGE.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text} is no age such as 90s, 30m, 2h or 7d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _since(text: str) -> datetime | timedelta:
    """Read an instant, or how long ago one was."""
    if _AGE.fullmatch(text):
        return _age(text)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no age such as 2h, and no time such as 2026-11-29T12:00") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _status(text: str) -> ProcessingStatus:
    try:
        return ProcessingStatus(text.capitalize())
    except ValueError:
        names = ", ".join(status.value.lower() for status in ProcessingStatus)
        raise argparse.ArgumentTypeError(f"{text} is no state; there are {names}") from None


def _code(text: str) -> FailureCode:
    try:
        return FailureCode(text.upper())
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no failure's code; docs/errors.md has them") from None


def _number(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text} is no whole number")
    return int(text)


def parsed(words: Sequence[str]) -> argparse.Namespace:
    """Read the words of ``fiapx jobs``, ``fiapx users`` or ``fiapx audit``; end with 2 where they make no sense."""
    found = _parser()
    chosen = found.parse_args(words)
    if chosen.verb == "retry" and bool(chosen.ids) is (chosen.code is not None):
        found.error("retry takes the ids of videos, or --code")
    if chosen.verb == "quota" and chosen.default is (chosen.bytes is not None or chosen.active is not None):
        found.error("quota takes --bytes, --active or both, or --default")
    return chosen


def _parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(
        prog="fiapx", description="What operators see and do; each deed is in the audit log."
    )
    groups = found.add_subparsers(dest="group", required=True)
    jobs = groups.add_parser("jobs", help="see and steer the processing of videos")
    _add_jobs(jobs.add_subparsers(dest="verb", required=True))
    users = groups.add_parser("users", help="see users and say what they may")
    _add_users(users.add_subparsers(dest="verb", required=True))
    audit = groups.add_parser("audit", help="see what operators did")
    audit.set_defaults(verb="list")
    audit.add_argument("--about", metavar="ID|E-MAIL", help="to this video or user")
    audit.add_argument("--operator", metavar="NAME", help="by login@host, or by a user's id")
    audit.add_argument("--since", type=_since, metavar="AGE|TIME", help="from then on")
    _listing(audit)
    return found


def _add_jobs(verbs: "_Verbs") -> None:
    listed = verbs.add_parser("list", help="list videos, the newest first")
    listed.add_argument("--state", type=_status, action="append", default=[], help="in this state; may be repeated")
    listed.add_argument("--owner", metavar="E-MAIL", help="of this user")
    listed.add_argument("--code", type=_code, help="that failed with this code")
    listed.add_argument("--older-than", type=_age, metavar="AGE", help="uploaded longer ago, such as 30m, 2h or 7d")
    listed.add_argument("--newer-than", type=_age, metavar="AGE", help="uploaded since")
    listed.add_argument("--oldest-first", action="store_true")
    _listing(listed)
    _json(verbs.add_parser("summary", help="count what waits, runs, is paused, and failed within a day by its code"))
    shown = verbs.add_parser("show", help="show a video with its whole history and its decoders' last words")
    shown.add_argument("id", metavar="ID")
    _json(shown)
    retried = verbs.add_parser("retry", help="process failed videos again, as new ones of their owners")
    retried.add_argument("ids", nargs="*", metavar="ID")
    retried.add_argument("--code", type=_code, help="all that failed with this code")
    retried.add_argument("--since", type=_since, metavar="AGE|TIME", help="with --code: that failed since")
    _reason(retried)
    for name, help_ in (
        ("cancel", "end videos that have not ended, and tell their owners"),
        ("release", "take videos from the attempts that hold them, so that others begin"),
    ):
        deed = verbs.add_parser(name, help=help_)
        deed.add_argument("ids", nargs="+", metavar="ID")
        _reason(deed)
    for name, help_ in (
        ("pause", "let no attempt begin; what runs goes on, and uploads are accepted"),
        ("resume", "let attempts begin again"),
    ):
        deed = verbs.add_parser(name, help=help_)
        whose = deed.add_mutually_exclusive_group(required=True)
        whose.add_argument("--owner", metavar="E-MAIL", help="at this user's videos")
        whose.add_argument("--all", action="store_true", help="at all videos")
        _reason(deed)
    watched = verbs.add_parser("watch", help="print each change of unfinished videos as it comes")
    watched.add_argument("--owner", metavar="E-MAIL", help="of this user")


def _add_users(verbs: "_Verbs") -> None:
    listed = verbs.add_parser("list", help="list users, the newest first")
    listed.add_argument("part", nargs="?", default="", metavar="PART", help="with this in their address")
    _listing(listed)
    shown = verbs.add_parser("show", help="show a user with what is theirs")
    shown.add_argument("user", metavar="E-MAIL")
    _json(shown)
    quota = verbs.add_parser("quota", help="let one user have more or less than the settings say")
    quota.add_argument("user", metavar="E-MAIL")
    quota.add_argument("--bytes", type=_number, metavar="N", help="may keep so many")
    quota.add_argument("--active", type=_number, metavar="N", help="may have so many unfinished videos")
    quota.add_argument("--default", action="store_true", help="what the settings say")
    _reason(quota)
    for name, help_ in (
        ("disable", "end a user's sessions and let nobody in; what was accepted is done"),
        ("enable", "let a user in again"),
    ):
        deed = verbs.add_parser(name, help=help_)
        deed.add_argument("user", metavar="E-MAIL")
        _reason(deed)
    role = verbs.add_parser("role", help="make a user an operator, or one no more")
    role.add_argument("user", metavar="E-MAIL")
    role.add_argument("role", type=Role, choices=list(Role))
    _reason(role)


def _listing(command: argparse.ArgumentParser) -> None:
    command.add_argument("--limit", type=_number, default=_FEW, metavar="N", help=f"at most so many ({_FEW})")
    _json(command)


def _json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", dest="as_json", action="store_true", help="for programs")


def _reason(command: argparse.ArgumentParser) -> None:
    command.add_argument("--reason", metavar="TEXT", help="why, for the audit log")
