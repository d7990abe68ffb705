"""Stand-ins for what a test wants to hold in its own hands: time, keys, a notice on its way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from consentcore.api import Audience, ClientView, EndpointView, Mail, Notice, OwnerView
from consentcore.testing import factories

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consentcore.api import KeyRing, Storage


class ManualClock:
    """A clock that stands still.

    :param now: where it starts, milliseconds since the epoch.
    """

    def __init__(self, now: int = factories.NOW) -> None:
        self._now = now

    def now(self) -> int:
        """Return milliseconds since the epoch, UTC."""
        return self._now

    def advance(self, ms: int) -> int:
        """Move on by ``ms`` milliseconds and return the new time."""
        self._now += ms
        return self._now


def fixed_keys(*key_ids: str) -> KeyRing:
    """Make a real key ring from keys that everybody knows, newest first; by default one key ``test1``."""
    from consentcore.keys import Keys

    names = key_ids or ("test1",)
    return Keys([(name, name.encode().ljust(32, b".")) for name in names])


def memory_storage() -> Storage:
    """Make an empty, migrated storage in the memory of this process, for tests of plugins that are given one."""
    from consentcore.hooks.discovery import choose, installed_plugins
    from consentcore.hooks.registry import Registry

    registry = Registry.from_plugins({"memory": choose("memory", installed_plugins()).load()})
    storage = registry.storage(ManualClock(), fixed_keys())
    storage.migrate()
    return storage


def _notice() -> Notice:
    return factories.notice(factories.grant("owner-1", "client-1"))


@dataclass
class FakeEnvelope:
    """An envelope as the worker would hand it to a notifier.

    :ivar recipients: what :meth:`mail` answers by audience; by default owner and operator have an address.
    """

    notice: Notice = field(default_factory=_notice)
    owner: OwnerView | None = field(
        default_factory=lambda: OwnerView("owner-1", "ada@example.org", "Ada", "en", "Europe/Paris")
    )
    client: ClientView | None = field(
        default_factory=lambda: ClientView("client-1", "Comfort Coach", "Coach Ltd")
    )
    endpoints: Sequence[EndpointView] = ()
    attempt: int = 1
    delivery_id: str = "delivery-1"
    body: bytes = b'{"type":"consent.granted"}'
    recipients: dict[Audience, str] = field(
        default_factory=lambda: {Audience.OWNER: "ada@example.org", Audience.OPERATOR: "ops@example.com"}
    )

    def mail(self, audience: Audience) -> Mail | None:
        """Return a short mail; None when the audience has no address."""
        to = self.recipients.get(audience)
        if to is None:
            return None
        text = f"{self.notice.kind}: grant {self.notice.grant_id}"
        message_id = f"<{self.notice.notice_id}.{audience}@consent.example>"
        return Mail(to, "About your consent", text, f"<p>{text}</p>", message_id)
