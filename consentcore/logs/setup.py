"""Where log lines go: to stderr, in one format, from one level on, whatever part of a process writes them."""

from __future__ import annotations

import logging
import sys
import threading
from types import TracebackType
from typing import TYPE_CHECKING

from consentcore.logs.formats import JsonFormatter, RequestIdFilter, TextFormatter

if TYPE_CHECKING:
    from threading import ExceptHookArgs

# What these libraries say below a warning holds codes, tokens, credentials, statements with what stands in them.
_TALKATIVE = (
    "asyncio", "authlib", "boto3", "botocore", "httpx", "joserfc", "oauthlib", "psycopg", "requests",
    "requests_oauthlib", "s3transfer", "sqlalchemy", "txn", "urllib3",
)  # fmt: skip
# granian tells of each start and stop of its threads, and keeps the level that it finds when it starts.
_ENGINE = "_granian"

log = logging.getLogger("consentcore")


def configure(style: str, level: str) -> None:
    """Make every line that this process logs from now on look alike; may be called again.

    Uncaught exceptions, also those of threads, and warnings of Python become lines too.

    :param style: one of ``formats.FORMATS``.
    :param level: one of ``formats.LEVELS``.
    """
    handler = logging.StreamHandler(sys.__stderr__)
    handler.setFormatter(JsonFormatter() if style == "json" else TextFormatter())
    handler.addFilter(RequestIdFilter())
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    least = max(logging.WARNING, logging.getLogger().level)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(least)
    logging.getLogger(_ENGINE).setLevel(logging.DEBUG if level == "debug" else least)
    logging.captureWarnings(capture=True)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    log.critical("the process ends because of an error", exc_info=(kind, error, trace))


def _uncaught_in_thread(found: ExceptHookArgs) -> None:
    if found.exc_type is SystemExit or found.exc_value is None:
        return
    name = found.thread.name if found.thread else "?"
    trace = (found.exc_type, found.exc_value, found.exc_traceback)
    log.error("thread %s ended because of an error", name, exc_info=trace)
