"""Logs: one JSON object a line on stderr, or, at a terminal, lines for people."""

import json
import logging
import re
import sys
from typing import Final, TextIO, final

import structlog

from app.infra.traces import add_trace

_TALKATIVE: Final = ("aiosqlite", "arq.worker", "asyncio", "boto3", "botocore", "s3transfer", "urllib3")
"""Libraries whose debug and info lines say nothing about us, or what our own lines say better."""

_LINE_BYTES: Final = 2000
"""Of a line of JSON: some collectors cut at 2 kB, and then it is JSON no more."""
_HEAD: Final = 200
"""Characters that are left of a value's beginning at most."""
_SHORT: Final = 40
"""A value of so many characters is left as it is."""
_CUT: Final = " [...] "

REDACTED: Final = "[redacted]"
_SECRETS: Final = re.compile(
    r"(?<![\w-])[\w-]{8,}+\.eyJ[\w-]{5,}+(?:\.[\w-]*+)?"  # a JSON Web Token
    r"|whsec_[\w+/=-]{8,}"  # the key of a webhook
    r"|fx_[0-9A-Za-z]{20,}"  # a key for programs, misspelt too
    r"|\$argon2\w+\$[\w$=,+/-]+"  # a password's hash
    r"|(?<=/files/)[\w.~-]{8,}"  # a ticket
    r"|(?<=/frames/)[\w-]{40,}"  # that of a picture
    r"|(?i:(?<=bearer ))[\w.~+/=-]{8,}"
    r"|(?i:(?<=[?&#]token=)|(?<=[?&]ticket=)|(?<=[?&]x-amz-signature=)|(?<=[?&]x-amz-credential=))[^&\s\"'\\]+"
    r"|(?<=://)[^/@:\s\"']*:[^/@\s\"']+(?=@)"  # user and password of a URL
)
"""What is secret by its very form. Nothing should bring such a thing as far as here: this is the last line, not the
first, and tests fail where it had to hold.

Lines hold what strangers send, so each form must be found in time linear to the line: no form may begin at every
character of a run that another try has walked through to its end.
"""


@final
class _Redacting(structlog.stdlib.ProcessorFormatter):
    """Takes out of a finished line what no log may hold."""

    def format(self, record: logging.LogRecord) -> str:
        return _SECRETS.sub(REDACTED, super().format(record))


def _bounded(
    _logger: structlog.typing.WrappedLogger, _method: str, line: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Shorten the longest values in their middle until the line fits: of a traceback the end says what has happened."""
    sizes = {name: _size(value) for name, value in line.items()}
    left = _LINE_BYTES - sum(_size(name) + len(": , ") for name in line)
    for at, (name, size) in enumerate(sorted(sizes.items(), key=lambda one: one[1])):
        share = left // (len(sizes) - at)  # What the shorter ones leave is the longer ones'.
        if size > share:
            value = line[name]
            line[name] = _shortened(value if isinstance(value, str) else repr(value), share)
        left -= min(size, share)
    return line


def _shortened(text: str, most: int) -> str:
    """Return its beginning and its end, in so many bytes of a line of JSON, or a little more where that is nothing."""
    text = _SECRETS.sub(REDACTED, text)  # Half a secret would not be known for one any more.
    while (size := _size(text)) > most and len(text) > _SHORT:
        keep = max(_SHORT, len(text) * most // size) - len(_CUT)
        head = min(_HEAD, keep // 4)
        text = f"{text[:head]}{_CUT}{text[head - keep :]}"
    return text


def _size(value: object) -> int:
    """Return how many bytes it takes in a line of JSON."""
    return len(json.dumps(value, ensure_ascii=False, default=repr).encode(errors="replace"))


def _names_no_query(record: logging.LogRecord) -> bool:
    """Drop uvicorn's line for each WebSocket: it repeats the URL's query, and some clients put tokens there."""
    return "WebSocket %s" not in str(record.msg)


def set_up_logs(level: str, stream: TextIO = sys.stderr) -> None:
    """Send structlog's and the standard library's records (uvicorn's, arq's) through one formatter to ``stream``.

    At the level "debug" nothing is shortened.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        add_trace,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    last: list[structlog.typing.Processor] = (
        # Its own way with exceptions would show the values of local variables, where it finds the library for it.
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if stream.isatty()
        else [
            structlog.processors.format_exc_info,
            *([] if level == "debug" else [_bounded]),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        _Redacting(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    logging.getLogger("uvicorn.error").addFilter(_names_no_query)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
