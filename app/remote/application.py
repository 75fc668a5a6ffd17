"""``fiapx login | logout | upload | import | watch | list | download | delete | keys``: their words, read by Typer."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn, get_args

import typer

from app.remote import COMMANDS, SERVICE_URL, commands, signing
from app.remote.failures import CannotGoOn, exit_code_of, told
from app.remote.options import asking_options, one_of, options_of
from app.remote.shown import say
from app.terminal import plain, until_ended
from fiapx_client import ProcessingStatus, Refused, Scope

_EXIT_CODES: Final = (
    "Ends with 0 where all was done, 1 where something was refused or failed, 2 where what was asked makes no sense, 3 "
    "where you are not signed in or nobody answers, and 130 where Ctrl-C ended it."
)
_NO_MARKUP: Final[dict[str, Any]] = {
    "add_completion": False,
    "no_args_is_help": True,
    "pretty_exceptions_enable": False,
    "rich_markup_mode": None,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}
application: Final = typer.Typer(**_NO_MARKUP)
keys: Final = typer.Typer(**_NO_MARKUP)
application.add_typer(keys, name="keys", help=f"{COMMANDS['keys'].capitalize()}.", epilog=_EXIT_CODES)

Url = Annotated[
    str | None,
    typer.Option("--url", metavar="URL", help=f"The service; else {SERVICE_URL}, else the one you signed in at last."),
]
Json = Annotated[bool, typer.Option("--json", help="Say it for programs, an object a line.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Say nothing but what failed.")]
Watch = Annotated[bool, typer.Option("--watch", help="Go on until they are processed.")]
Into = Annotated[
    Path | None, typer.Option("--download", metavar="FOLDER", help="And fetch the frames, into this folder.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace a ZIP that is there.")]
Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="Of videos.", show_default=False)]


def run(words: Sequence[str]) -> None:
    """Carry out what the words ask for, and end the process."""
    application(args=list(words), prog_name="fiapx")


def _command(name: str, of: typer.Typer = application) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return of.command(name, epilog=_EXIT_CODES)


def _end(command: str, work: Callable[[], Awaitable[int]]) -> NoReturn:
    """Do the work, and end with its exit code."""
    with _in_a_sentence(command):
        code = asyncio.run(until_ended(work()))
    raise typer.Exit(code)


@contextmanager
def _in_a_sentence(command: str) -> Iterator[None]:
    """End with one sentence where something in the block cannot be done."""
    try:
        yield
    except (Refused, CannotGoOn, OSError) as fault:
        code, sentence = told(fault)
        named = f"{code}: " if isinstance(fault, Refused) else ""
        say(plain(f"fiapx {command}: {named}{sentence}"), sys.stderr)
        raise typer.Exit(exit_code_of(fault)) from None


@_command("login")
def login(
    email: Annotated[
        str | None, typer.Argument(metavar="E-MAIL", help="Of your account; asked for if left out.")
    ] = None,
    *,
    key: Annotated[bool, typer.Option("--key", help="Keep a key for programs instead of a session.")] = False,
    url: Url = None,
) -> None:
    """Sign in at a service.

    A password or key is asked for without an echo, or read from standard input where that is no terminal.
    """
    with _in_a_sentence("login"):
        where = signing.place(url)
        answers = signing.asked(email, key=key)  # Before there is a loop, in which Ctrl-C would wait for an answer.
    _end("login", partial(signing.log_in, where, answers))


@_command("logout")
def logout(url: Url = None) -> None:
    """Sign out."""
    _end("logout", partial(signing.log_out, url))


@_command("upload")
@asking_options
def upload(
    files: Annotated[list[str], typer.Argument(metavar="FILE|FOLDER|GLOB...", help="Films.", show_default=False)],
    *,
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="Folders with all that are in them.")] = False,
    watch: Watch = False,
    download: Into = None,
    batch: Annotated[
        str | None, typer.Option("--batch", metavar="NAME", help="Put them into your batch of this name; else make it.")
    ] = None,
    force: Force = False,
    chosen: Mapping[str, Any],
    quiet: Quiet = False,
    as_json: Json = False,
    url: Url = None,
) -> None:
    """Send films, and wait for their frames if you like."""

    async def work() -> int:
        follows = watch or download is not None
        wanted = commands.Upload(files, recursive, follows, download, force, options_of(chosen), batch)
        return await commands.upload(url, wanted, quiet=quiet, as_json=as_json)

    _end("upload", work)


@_command("import")
@asking_options
def import_(
    links: Annotated[list[str], typer.Argument(metavar="LINK...", help="Of films on the web.", show_default=False)],
    *,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="What the film is called.")] = None,
    watch: Watch = False,
    download: Into = None,
    force: Force = False,
    chosen: Mapping[str, Any],
    quiet: Quiet = False,
    as_json: Json = False,
    url: Url = None,
) -> None:
    """Have films fetched from links, by the service itself."""

    async def work() -> int:
        follows = watch or download is not None
        wanted = commands.Import(links, name, follows, download, force, options_of(chosen))
        return await commands.import_videos(url, wanted, quiet=quiet, as_json=as_json)

    _end("import", work)


@_command("watch")
def watch(ids: Ids, *, quiet: Quiet = False, as_json: Json = False, url: Url = None) -> None:
    """Follow videos to their end."""
    _end("watch", partial(commands.watch, url, ids, quiet=quiet, as_json=as_json))


@_command("list")
def list_(
    status: Annotated[
        list[Any] | None,
        typer.Option(
            "--status", metavar="STATUS", parser=one_of(get_args(ProcessingStatus)), help="Only these; may be repeated."
        ),
    ] = None,
    *,
    as_json: Json = False,
    url: Url = None,
) -> None:
    """List your videos."""
    _end("list", partial(commands.list_videos, url, status or [], as_json=as_json))


@_command("download")
def download(
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID...", help="Of videos.", show_default=False)] = None,
    *,
    batch: Annotated[
        str | None, typer.Option("--batch", metavar="NAME", help="All of a batch in one ZIP, by its name or its id.")
    ] = None,
    frames: Annotated[
        str | None, typer.Option("--frames", metavar="PLACES", help="Only these, by their places, such as 3,7-9.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="A ZIP where its name ends so, else a folder (this one).")
    ] = None,
    force: Force = False,
    quiet: Quiet = False,
    as_json: Json = False,
    url: Url = None,
) -> None:
    """Fetch the frames of videos."""
    if bool(ids) == (batch is not None):
        raise typer.BadParameter("name videos by their ids, or a batch by --batch.")
    if batch is not None and frames is not None:
        raise typer.BadParameter("frames are of videos, not of a batch.", param_hint="--frames")
    fetch = (
        partial(commands.download, url, ids or (), frames)
        if batch is None
        else partial(commands.download_batch, url, batch)
    )
    _end("download", partial(fetch, out, overwrite=force, quiet=quiet, as_json=as_json))


@_command("delete")
def delete(
    ids: Ids,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    quiet: Quiet = False,
    as_json: Json = False,
    url: Url = None,
) -> None:
    """Remove videos with their files."""
    _sure(f"Remove {'this video' if len(ids) == 1 else f'these {len(ids)} videos'} with all files?", yes=yes)
    _end("delete", partial(commands.delete, url, ids, quiet=quiet, as_json=as_json))


@_command("list", keys)
def list_keys(*, as_json: Json = False, url: Url = None) -> None:
    """List them, the oldest first."""
    _end("keys", partial(commands.list_keys, url, as_json=as_json))


@_command("create", keys)
def create_key(
    name: Annotated[str, typer.Argument(help="What it is for.", show_default=False)],
    *,
    scope: Annotated[
        list[Any] | None,
        typer.Option(
            "--scope", metavar="SCOPE", parser=one_of(get_args(Scope)), help="What it may; may be repeated (all)."
        ),
    ] = None,
    expires: Annotated[datetime | None, typer.Option("--expires", help="When it ends, in this place's time.")] = None,
    as_json: Json = False,
    url: Url = None,
) -> None:
    """Make one, and print it: it is told this once."""
    _end("keys", partial(commands.create_key, url, name, scope or get_args(Scope), expires, as_json=as_json))


@_command("revoke", keys)
def revoke_keys(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Of keys.", show_default=False)],
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    url: Url = None,
) -> None:
    """End some at once, with all that is watched by them."""
    _sure(f"Revoke {'this key' if len(ids) == 1 else f'these {len(ids)} keys'}?", yes=yes)
    _end("keys", partial(commands.revoke_keys, url, ids))


def _sure(question: str, *, yes: bool) -> None:
    """Ask whoever sits at a terminal; whoever does not must have said so."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise typer.BadParameter("there is nobody to ask; say --yes.")
    if not typer.confirm(question, err=True):
        raise typer.Exit(1)
