"""What the consent page says, as a value: the same for the page, its snapshot and the check on Approve.

Everything is derived from the stored interaction, so that the page a person answers can be made again, byte
for byte, when the answer arrives; if it cannot (the catalog changed meanwhile), the person is asked again.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pyramid.renderers import render

from consentcore import __version__
from consentcore.consent.snapshot import make_snapshot
from consentcore.domain.message import message
from consentcore.domain.scope import OFFLINE_ACCESS, Scope, ScopeType
from consentcore.domain.text import with_clean_texts
from consentcore.hooks.calling import call
from consentcore.ports.extension import ConsentContext, ConsentPanel, Resource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyramid.request import Request

    from consentcore.domain.client import Client
    from consentcore.domain.event import NoticeSnapshot
    from consentcore.domain.grant import Grant
    from consentcore.domain.interaction import Interaction
    from consentcore.domain.owner import Owner
    from consentcore.ports.extension import ResourceDirectory

TEMPLATE = "consent_body.jinja2"
BUTTONS = (message("Approve"), message("Deny"))


@dataclass(frozen=True)
class Line:
    """One scope as the page lists it. ``standing``: "new" or "unchanged" on an amendment, else ""."""

    scope: Scope
    standing: str


@dataclass(frozen=True)
class ConsentPage:
    """Everything the page says about one request.

    :ivar offline_standing: like that of a :class:`Line`, of access while the person is away; "" where none is asked.
    :ivar moves_end: it would change when a standing permission ends.
    """

    client: Client
    redirect_host: str
    reads: dict[str, list[Line]]
    acts: list[Line]
    offline: bool
    until: int
    timezone: str
    resources: tuple[Resource, ...]
    panels: tuple[ConsentPanel, ...]
    kept: tuple[str, ...]
    offline_standing: str = ""
    moves_end: bool = False
    locale: str = "en"

    @property
    def lines(self) -> list[Line]:
        """Every listed scope, in the order of the page."""
        return [*(line for lines in self.reads.values() for line in lines), *self.acts]

    @property
    def amends(self) -> bool:
        """Whether the owner already allowed this application something."""
        return bool(self.kept) or "unchanged" in self._standings

    @property
    def has_news(self) -> bool:
        """Whether something of it is marked as new."""
        return "new" in self._standings

    @property
    def _standings(self) -> set[str]:
        return {self.offline_standing, *(line.standing for line in self.lines)}


def build(request: Request, interaction: Interaction, client: Client, owner: Owner) -> ConsentPage:
    """Gather what the page says; reads the standing grant, the catalog, resources and panels."""
    runtime, catalog = request.runtime, request.catalog
    asked = [catalog[scope] for scope in interaction.request.scopes if scope in catalog]
    grant = _standing(request, interaction, owner)
    lines = [Line(scope, _standing_of(scope, grant)) for scope in asked if scope.scope_id != OFFLINE_ACCESS]
    reads: dict[str, list[Line]] = {}
    for line in lines:
        if line.scope.type is ScopeType.READ:
            reads.setdefault(line.scope.cluster, []).append(line)
    kept = tuple(
        catalog[scope].label
        for scope in (grant.scope_ids if grant else ())
        if scope not in interaction.request.scopes and scope in catalog
    )
    until = runtime.service.until(interaction.request.scopes, interaction.created_at, grant)
    offline = [_standing_of(scope, grant) for scope in asked if scope.scope_id == OFFLINE_ACCESS]
    context = ConsentContext(client, owner, tuple(asked), request.language.tag)
    return ConsentPage(
        client=client,
        redirect_host=urlsplit(interaction.request.redirect_uri).hostname or "",
        reads=reads,
        acts=[line for line in lines if line.scope.type is ScopeType.ACT],
        offline=OFFLINE_ACCESS in interaction.request.scopes,
        until=until,
        timezone=owner.timezone,
        resources=tuple(
            with_clean_texts(item, "label", "detail")
            for directory in runtime.resources
            for item in _offered(directory, owner)
        ),
        panels=tuple(runtime.registry.panels(context)),
        kept=kept,
        offline_standing=offline[0] if offline else "",
        moves_end=grant is not None and until != grant.expires_at,
        locale=request.language.tag,
    )


def _offered(directory: ResourceDirectory, owner: Owner) -> Sequence[Resource]:
    """What a directory offers. Raises what it raises, but nothing that would end a thread."""
    read = call(lambda: list(directory.resources(owner)))
    if read.error is not None and not isinstance(read.error, Exception):
        raise RuntimeError(f"{type(directory).__name__} could not be asked for resources") from read.error
    return read.answer


def snapshot(request: Request, page: ConsentPage) -> NoticeSnapshot:
    """The exact text of the page, content-addressed: its HTML and the values it was made from."""
    content = {
        "template": TEMPLATE,
        "release": __version__,
        "locale": page.locale,
        "catalog_version": request.runtime.catalog.version,
        "client": {
            "client_id": page.client.client_id,
            "name": page.client.name,
            "publisher": page.client.publisher,
            "purpose": page.client.purpose,
            "privacy_url": page.client.privacy_url,
        },
        "scopes": [line.scope.facts for line in page.lines],
        "resources": [asdict(resource) for resource in page.resources],
        "buttons": [request.translate(label) for label in BUTTONS],
        "html": render(TEMPLATE, {"page": page}, request=request),
    }
    return make_snapshot(content, request.now)


def stamp(request: Request, shown: NoticeSnapshot, presented_at: int) -> str:
    """What the form carries back: which text was shown when, signed for this browser and whoever is signed in."""
    text = f"{shown.snapshot_hash}|{presented_at}"
    return f"{text}|{request.browser.sign(text)}"


def read_stamp(request: Request, value: str) -> tuple[str, int] | None:
    """Take a stamp apart: snapshot hash and the instant of presentation; None when it is not ours."""
    text, _, mac = value.rpartition("|")
    if not request.browser.signed(mac, text):
        return None
    snapshot_hash, _, presented = text.rpartition("|")
    return snapshot_hash, int(presented)


def _standing(request: Request, interaction: Interaction, owner: Owner) -> Grant | None:
    grant: Grant | None = request.uow.grants.active_of(owner.owner_id, interaction.request.client_id)
    return grant if grant is not None and grant.is_active(request.now) else None


def _standing_of(scope: Scope, grant: Grant | None) -> str:
    if grant is None:
        return ""
    return "unchanged" if scope.reference in grant.scopes else "new"
