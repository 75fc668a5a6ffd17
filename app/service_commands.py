"""``fiapx up | api | worker | migrate | check | doctor | jobs | users | audit | frames | export-*``.

Each command imports what it needs when it is called: ``fiapx up`` must not pay for the API's libraries.
"""

import argparse
import asyncio
import contextlib
import gc
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Final, Literal

from pydantic import ValidationError

from app import __version__, remote
from app.setting_forms import PREFIX, names_of, sentences, unknown_names
from app.settings import (
    EVERY_KIND,
    CheckSettings,
    DatabaseSettings,
    LogSettings,
    Settings,
    TraceSettings,
    UpSettings,
    VideoSettings,
)

_DID_NOT_START: Final = 3
_DEAF: Final = 70
_INTERRUPTED: Final = 130
_SCHEMA_SECONDS: Final = 600
_OF_OPERATORS: Final = {
    "jobs": "see and steer the processing of videos",
    "users": "see users and say what they may",
    "audit": "see what operators did",
}


def main(words: Sequence[str]) -> None:
    """Run one command; a setting that is missing or wrong is named in a sentence, with exit code 2."""
    try:
        if words and words[0] in _OF_OPERATORS:
            _operate(words)
            return
        if words and words[0] == "frames":
            _frames(words[1:])
            return
        chosen = vars(_parser().parse_args(words))
        del chosen["command"]
        run = chosen.pop("run")
        run(**chosen)
    except ValidationError as error:
        kind = next(kind for kind in EVERY_KIND if kind.__name__ == error.title)
        for sentence in sentences(error, kind):
            print(sentence, file=sys.stderr)
        sys.exit(2)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="fiapx", description="Turns videos into a ZIP of their frames.")
    parser.add_argument("--version", action="version", version=f"fiapx {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="run everything on this machine, with embedded stores where no URL is set")
    up.set_defaults(run=_up)
    commands.add_parser("api", help="run the API").set_defaults(run=_api)
    worker = commands.add_parser("worker", help="run a worker")
    worker.add_argument("--only", choices=["videos", "control"], help="serve one of the two queues")
    worker.set_defaults(run=_worker)
    tables = commands.add_parser("migrate", help="bring the database's tables up to date")
    tables.add_argument(
        "--wait", action="store_true", help="wait until another process has done so, and change nothing"
    )
    tables.add_argument(
        "--alone",
        action="store_true",
        help="release what workers of before held, too; for who knows that none lives, as after a power cut",
    )
    tables.set_defaults(run=_migrate)
    check = commands.add_parser("check", help="try every part, and say of each in a sentence how it is")
    check.add_argument("parts", nargs="*", metavar="PART", help="try this part alone, such as redis or storage")
    check.add_argument("--json", dest="as_json", action="store_true", help="say it for programs")
    check.set_defaults(run=_check)
    doctor = commands.add_parser("doctor", help="say what is wrong with a service at work, and mend it")
    doctor.add_argument("--fix", action="store_true", help="mend what can be mended safely, and say what was done")
    doctor.add_argument("--json", dest="as_json", action="store_true", help="say it for programs, an object a line")
    doctor.set_defaults(run=_doctor)
    export = commands.add_parser("export-schema", help="print the GraphQL schema")
    export.add_argument(
        "--keeping", type=Path, metavar="FILE", help="fail where it breaks what this older one promised"
    )
    export.set_defaults(run=_export_schema)
    openapi = commands.add_parser("export-openapi", help="print the description of the REST API")
    openapi.set_defaults(run=_export_openapi)
    for name, what in {**_OF_OPERATORS, **remote.COMMANDS}.items():
        commands.add_parser(name, help=what)  # To be listed; what follows is read elsewhere.
    commands.add_parser("frames", help="take frames of films on this machine, without any service")
    return parser


@contextlib.contextmanager
def _importing() -> Iterator[None]:
    """Look for no garbage while importing, nor ever again among what was imported: it lives as long as the process."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _up() -> None:
    try:
        with _importing():
            from devserver.up import CannotStart, up  # noqa: PLC0415
    except ModuleNotFoundError as missing:
        sys.exit(f"fiapx up: {missing.name} is missing here: install this package whole, with its extra 'embedded'.")
    settings = UpSettings()
    for sentence in unknown_names(os.environ, _known_names()):
        _say(sentence)
    try:
        up(settings, os.environ, say=_say)
    except CannotStart as error:
        sys.exit(f"fiapx up: {error}")


def _known_names() -> frozenset[str]:
    """Return the names of all variables that some command reads."""
    return names_of(*EVERY_KIND) | remote.NAMES


def _say(line: str) -> None:
    with contextlib.suppress(OSError):  # Nobody reads any more; that is no reason to fall over.
        print(line, flush=True)


def _set_up_logs() -> None:
    """Begin to log as the settings say, with what in them is no setting."""
    import structlog  # noqa: PLC0415

    from app.infra.logs import set_up_logs  # noqa: PLC0415

    set_up_logs(LogSettings().log_level)
    log = structlog.get_logger(__name__)
    for sentence in unknown_names(os.environ, _known_names()):
        log.warning("an unknown setting", sentence=sentence)


def _api() -> None:
    with _importing():
        import structlog  # noqa: PLC0415
        import uvicorn  # noqa: PLC0415

        from app.main import create_app  # noqa: PLC0415
        from app.server.connections import raise_file_limit  # noqa: PLC0415
        from app.server.draining import Drain  # noqa: PLC0415
        from app.server.draining_server import (  # noqa: PLC0415
            GRACE_SECONDS,
            DrainingServer,
            drop_stalled_clients,
            uvicorn_options,
        )
        from app.server.serving import Serving  # noqa: PLC0415

    _set_up_logs()
    settings = Settings()
    files, drain = raise_file_limit(), Drain(settings.drain_seconds, settings.upload_drain_seconds)
    serving = Serving.of(settings, files=files, drain=drain)
    structlog.get_logger("fiapx").info(
        "serving",
        files=files,
        connections=serving.connections.most,
        connections_per_address=serving.connections.most_of_one,
    )
    config = uvicorn.Config(
        partial(create_app, settings, TraceSettings(), serving),
        factory=True,
        host=settings.host,
        port=settings.port,
        timeout_graceful_shutdown=GRACE_SECONDS,
        **uvicorn_options(serving),
    )
    server = DrainingServer(config, serving)
    with config.bind_socket() as listener:
        drop_stalled_clients(listener, serving.settings.socket_stall_seconds)
        with contextlib.suppress(KeyboardInterrupt):  # It has ended in good order before it says so.
            server.run([listener])
    if not server.started:
        sys.exit(_DID_NOT_START)
    if server.deaf:
        sys.exit(_DEAF)


def _worker(only: Literal["videos", "control"] | None) -> None:
    with _importing():
        from app.infra.traces import tracing  # noqa: PLC0415
        from app.worker import main as work  # noqa: PLC0415

    _set_up_logs()
    with tracing(TraceSettings(), "fiapx-processamento"):
        work(only)


def _migrate(*, wait: bool, alone: bool) -> None:
    with _importing():
        from app.infra.sql.migrate import migrate  # noqa: PLC0415
        from app.infra.sql.revisions import wait_for_schema  # noqa: PLC0415
        from app.usecases.ports.database import DatabaseUnavailable  # noqa: PLC0415

    _set_up_logs()
    settings = DatabaseSettings()
    try:
        if wait:
            asyncio.run(wait_for_schema(settings.waiting, _SCHEMA_SECONDS))
        else:
            asyncio.run(migrate(settings.migrating))
        if alone:
            with _importing():
                from app.operating.composition import release_abandoned  # noqa: PLC0415

            asyncio.run(release_abandoned(settings.waiting))
    except DatabaseUnavailable as error:
        sys.exit(f"fiapx migrate: the database cannot be reached: {error}")


def _check(parts: Sequence[str], *, as_json: bool) -> None:
    with _importing():
        from app.infra.checks import PARTS, check  # noqa: PLC0415
        from app.infra.logs import set_up_logs  # noqa: PLC0415

    set_up_logs("error")  # What there is to say is said below.
    if stranger := next((one for one in parts if one not in PARTS), None):
        sys.exit(f"fiapx check: no part is called {stranger}; there are {', '.join(PARTS)}.")
    settings = CheckSettings.model_validate(_beside_up())
    unknown = [*unknown_names(os.environ, _known_names())]
    findings = asyncio.run(check(settings, parts or tuple(PARTS)))
    if as_json:
        print(json.dumps({"parts": [asdict(one) for one in findings], "unknown": unknown}, indent=1))
    else:
        for one in findings:
            print(f"{'ok   ' if one.works else 'WRONG'}  {one.sentence}")
        for sentence in unknown:
            print(f"note   {sentence}")
    sys.exit(0 if all(one.works for one in findings) else 1)


def _doctor(*, fix: bool, as_json: bool) -> None:
    with _importing():
        from app.infra.logs import set_up_logs  # noqa: PLC0415
        from app.operating.doctor import Report, examine  # noqa: PLC0415

    set_up_logs("error")  # What there is to say is said by the report.
    report = Report(as_json=as_json)
    asyncio.run(examine(CheckSettings.model_validate(_beside_up()), report, fix=fix))
    sys.exit(1 if report.findings else 0)


def _operate(words: Sequence[str]) -> None:
    from app.operating.arguments import parsed  # noqa: PLC0415

    chosen = parsed(words)
    settings = VideoSettings.model_validate(_beside_up())
    with _importing():
        from app.operating.commands import operate  # noqa: PLC0415

    operate(chosen, settings)


def _frames(words: Sequence[str]) -> None:
    try:
        with _importing():
            from app.frames.command import take_frames  # noqa: PLC0415

        sys.exit(take_frames(words))
    except KeyboardInterrupt:  # Before anything was begun; later it ends in good order.
        sys.exit(_INTERRUPTED)


def _beside_up() -> Mapping[str, str]:
    """Return where the stores of ``fiapx up`` are, where the environment names no database."""
    kept: Mapping[str, str] = {}
    if "FIAPX_DATABASE_URL" not in os.environ:
        with contextlib.suppress(ModuleNotFoundError):  # Of an image there is no such start.
            from devserver.kept_settings import kept_settings  # noqa: PLC0415

            kept = kept_settings(UpSettings().data_dir)
    return {name.removeprefix(PREFIX).lower(): value for name, value in kept.items() if name not in os.environ}


def _export_schema(keeping: Path | None) -> None:
    from app.graphql.schema import broken_promises, schema  # noqa: PLC0415

    new = schema.as_str()
    if keeping is not None and (broken := broken_promises(keeping.read_text("utf-8"), new)):
        sys.exit("\n".join(["This breaks what clients were promised:", *broken]))
    print(new)


def _export_openapi() -> None:
    from app.rest.routes import description  # noqa: PLC0415

    print(description(), end="")
