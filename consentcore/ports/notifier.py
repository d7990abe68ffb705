"""The notifier port: how a notice reaches somebody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from consentcore.domain.notice import Notice, Outcome, Retry
    from consentcore.domain.parties import Audience


@dataclass(frozen=True, slots=True)
class OwnerView:
    """What a notifier may know of the data owner.

    :ivar previous_email: the address before a change made lately, which is told too; "" otherwise.
    """

    owner_id: str
    email: str
    name: str
    locale: str
    timezone: str
    previous_email: str = ""


@dataclass(frozen=True, slots=True)
class ClientView:
    """What a notifier may know of the client.

    :ivar unchecked: it has registered itself, and no operator has checked who is behind it.
    """

    client_id: str
    name: str
    publisher: str
    contact_email: str = ""
    unchecked: bool = False


@dataclass(frozen=True, slots=True)
class EndpointView:
    """A webhook endpoint with its live secrets opened, newest first: ``whsec_…`` of Standard Webhooks ``v1`` and
    ``whsk_…``, an Ed25519 private key for ``v1a``. Never log it."""

    endpoint_id: str
    url: str
    events: tuple[str, ...]
    secrets: tuple[str, ...] = field(repr=False)
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Mail:
    """A finished message: subject, text and HTML with inlined styles, and an idempotent ``Message-ID``."""

    to: str
    subject: str
    text: str
    html: str
    message_id: str


class Envelope(Protocol):
    """A notice on its way: everything a notifier needs, gathered by the worker outside any transaction."""

    @property
    def notice(self) -> Notice: ...
    @property
    def owner(self) -> OwnerView | None: ...
    @property
    def client(self) -> ClientView | None: ...
    @property
    def endpoints(self) -> Sequence[EndpointView]:
        """Endpoints of the client that the notice is for. Disabled ones are targets too: the worker keeps what is for
        them, and sends it when somebody asks for a replay."""
        ...

    @property
    def attempt(self) -> int:
        """1 for the first try; 0 while targets are chosen."""
        ...

    @property
    def delivery_id(self) -> str: ...

    @property
    def body(self) -> bytes:
        """The webhook payload, the same bytes on every try."""
        ...

    def mail(self, audience: Audience) -> Mail | None:
        """Render the mail for an audience from the templates; None when there is no address."""
        ...


class Notifier(Protocol):
    """Tells somebody. Called by the worker, one at a time per delivery, never in a request or a transaction.

    At least once: a target may be told the same ``notice_id`` again and must be able to tell.
    """

    @property
    def retry_schedule_s(self) -> Sequence[float]:
        """Seconds to wait after the first, second, … failed try; when used up, the delivery is dead."""
        ...

    def targets(self, envelope: Envelope) -> Sequence[str]:
        """Names of whom to tell of this notice (at most 200 characters each); none when it is not its business."""
        ...

    def send(self, envelope: Envelope, target: str) -> Outcome:
        """Try once, bounded to 30 s. Anything but an outcome, and whatever is raised, is a ``Retry``, and logged."""
        ...


class CheckedNotifier(Notifier, Protocol):
    """A notifier that can try its medium; its plugin declares the capability ``check``."""

    def check(self) -> Sequence[Retry]:
        """Go as far as a message would without sending one, bounded to 30 s: connect, encrypt, sign in, ask about the
        sender. What would keep a message back, with no secret in it; empty when all is well. What has ``operator`` is
        a problem of the configuration, anything else may pass."""
        ...
