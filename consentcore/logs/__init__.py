"""Log lines: one format and one level for every process, and the id of the request in each line of it."""

from consentcore.logs.current_request import (
    REQUEST_ID,
    answering,
    chosen_id,
    current_id,
    is_told,
    log_cause,
    mark_told,
)
from consentcore.logs.formats import FIELDS, FORMATS, LEVELS
from consentcore.logs.setup import configure
from consentcore.logs.wsgi import identified

__all__ = [
    "FIELDS",
    "FORMATS",
    "LEVELS",
    "REQUEST_ID",
    "answering",
    "chosen_id",
    "configure",
    "current_id",
    "identified",
    "is_told",
    "log_cause",
    "mark_told",
]
