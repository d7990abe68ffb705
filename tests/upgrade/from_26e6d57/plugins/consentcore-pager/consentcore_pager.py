"""Tells a room when an application was allowed, denied or shut out."""

import json
from dataclasses import dataclass

from consentcore.api import (
    Audience,
    Delivered,
    EgressError,
    EgressPolicy,
    PluginInfo,
    PluginKind,
    Reject,
    Retry,
    Secret,
    hookimpl,
    setting,
)


@dataclass(frozen=True)
class PagerSettings:
    """``consentcore.plugin.pager.*``."""

    url: Secret = setting("Where to post; a secret, because who knows it can post.")
    retry_schedule_s: tuple[float, ...] = setting(
        "Waits after failed tries.", default=(5.0, 60.0, 600.0), minimum=0
    )
    timeout_s: float = setting("Time for one try.", default=10.0, minimum=0.1, maximum=30)
    allow_networks: tuple[str, ...] = setting("Private networks (CIDR) that may be reached.", default=())


class PagerNotifier:
    def __init__(self, settings: PagerSettings) -> None:
        self.retry_schedule_s = settings.retry_schedule_s
        self._url = settings.url.reveal()
        self._egress = EgressPolicy(allow_networks=settings.allow_networks, timeout_s=settings.timeout_s)

    def targets(self, envelope):
        """Whom to tell of this notice: any names of yours. Each is tried, and retried, by itself."""
        return ["room"] if Audience.OWNER in envelope.notice.audiences else []

    def send(self, envelope, target):
        """Try once."""
        application = envelope.client.name if envelope.client else "an application"
        told = {"id": envelope.notice.notice_id, "text": f"{envelope.notice.kind.value}: {application}"}
        try:
            answer = self._egress.post(
                self._url, {"content-type": "application/json"}, json.dumps(told).encode()
            )
        except EgressError as error:
            return Retry("the room cannot be reached", error=error.error_class)
        if 200 <= answer.status < 300:
            return Delivered(answer.status)
        if answer.status == 400:
            return Reject("the room does not take this message", answer.status)
        return Retry(f"the room answered {answer.status}", status=answer.status, error="http")


@hookimpl
def consentcore_plugin():
    return PluginInfo("pager", PluginKind.NOTIFIER, "Posts into a room.", api="1.0", settings=PagerSettings)


@hookimpl
def consentcore_notifier(settings, clock):
    return PagerNotifier(settings)
