"""Filters and globals of the templates."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pyramid.events import BeforeRender

from consentcore.domain.clock import iso

if TYPE_CHECKING:
    from pyramid.config import Configurator


def zone(name: str) -> tzinfo:
    """An IANA time zone; UTC when the machine does not know it."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC


def day(ms: int, timezone: str = "UTC") -> str:
    """``23 November 2026``: month by name, so that no country misreads it."""
    moment = datetime.fromtimestamp(ms / 1000, zone(timezone))
    return f"{moment.day} {moment:%B %Y}"


def moment(ms: int, timezone: str = "UTC") -> str:
    """``23 November 2026, 15:04 CET``: with the zone, always."""
    when = datetime.fromtimestamp(ms / 1000, zone(timezone))
    return f"{when.day} {when:%B %Y, %H:%M %Z}"


def confirmation_number(event_id: str) -> str:
    """A short form of an event id that can be read out on the telephone: ``4F1C-09AB-77E2``."""
    tail = event_id.rpartition("_")[2].upper()[:12]
    return "-".join(tail[i : i + 4] for i in range(0, 12, 4))


def bare(text: str) -> str:
    """Catalog text without a full stop at its end, to go on inside a sentence of ours."""
    return text.strip().rstrip(".")


def sentence(text: str) -> str:
    """Catalog text as a sentence of its own: a capital first, a full stop last."""
    text = bare(text)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def add_globals(event: BeforeRender) -> None:
    """What every page may name."""
    request = event.get("request")
    if request is None:
        return
    settings = request.runtime.settings
    event["operator_name"] = settings.web.operator_name
    event["support_email"] = settings.web.support_email
    event["operator_privacy_url"] = settings.web.privacy_url
    event["complaint_url"] = settings.web.complaint_url


def includeme(config: Configurator) -> None:
    """Register filters once the Jinja environment exists."""
    config.add_subscriber(add_globals, BeforeRender)

    def filters() -> None:
        environment = config.get_jinja2_environment()
        environment.filters.update(
            bare=bare,
            confirmation_number=confirmation_number,
            day=day,
            iso=iso,
            moment=moment,
            sentence=sentence,
        )

    config.action("consentcore-jinja-filters", filters, order=9999)
