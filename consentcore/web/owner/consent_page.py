"""What the consent page says, as a value: the same for the page, its snapshot and the check on Approve.

Everything is derived from the stored interaction, so that the page a person answers can be made again, byte
for byte, when the answer arrives; if it cannot (the catalog changed meanwhile), the person is asked again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from consentcore.consent.detail_words import all_in_words, in_words, standing_of, staying
from consentcore.consent.offers import has_control, is_optional
from consentcore.domain.scope import OFFLINE_ACCESS, Scope, ScopeType
from consentcore.oauth.grant_management import REPLACE
from consentcore.ports.extension import ConsentContext, ConsentPanel
from consentcore.web.owner import resource_chooser

if TYPE_CHECKING:
    from collections.abc import Collection

    from pyramid.request import Request

    from consentcore.consent.detail_words import DetailWords
    from consentcore.consent.offers import Duration
    from consentcore.domain.client import Client
    from consentcore.domain.grant import Grant
    from consentcore.domain.interaction import Interaction
    from consentcore.domain.owner import Owner
    from consentcore.domain.scope import Catalog
    from consentcore.web.owner.resource_chooser import Chooser
    from consentcore.web.owner.resource_form import ResourceForm


@dataclass(frozen=True)
class Line:
    """One scope as the page lists it.

    :ivar standing: on an amendment "new", "unchanged" or, where it means something else now, "changed"; else "".
    :ivar optional: the application can do without it.
    :ivar control: the owner ticks it by itself.
    :ivar field_id: of the control in the page.
    """

    scope: Scope
    standing: str
    optional: bool = False
    control: bool = False
    field_id: str = ""

    @property
    def stands(self) -> bool:
        """Whether the owner has allowed just this before."""
        return self.standing == "unchanged"


@dataclass(frozen=True)
class ConsentPage:
    """Everything the page says about one request.

    :ivar asked: scope tokens.
    :ivar reads: what it would see and cannot do without, by heading.
    :ivar optional: what it can do without, but for what acts.
    :ivar offline: access while the person is away, where it is asked for and cannot be left out.
    :ivar durations: for how long it may be allowed, the longest first.
    :ivar duration: the one that is chosen unless somebody chooses.
    :ivar stands_until: when what stands ends, where that would change; in milliseconds since the epoch.
    :ivar kept: what was allowed before and is not asked now, by name: it stays.
    :ivar replaces: the application asks to replace all of it: what is in ``kept`` ends with a yes.
    :ivar choice: what there is to choose from; None where nothing has to be chosen.
    :ivar details_asked: authorization details (RFC 9396), each as it is kept;
    :ivar details: in words, those first of which something is new.
    :ivar kept_details: those that stand and were not asked this time.
    """

    client: Client
    redirect_host: str
    asked: tuple[str, ...]
    reads: dict[str, list[Line]]
    optional: list[Line]
    acts: list[Line]
    offline: Line | None
    durations: tuple[Duration, ...]
    duration: Duration
    timezone: str
    choice: Chooser | None
    panels: tuple[ConsentPanel, ...]
    kept: tuple[str, ...]
    stands_until: int | None = None
    replaces: bool = False
    locale: str = "en"
    details_asked: tuple[str, ...] = ()
    details: tuple[DetailWords, ...] = ()
    kept_details: tuple[DetailWords, ...] = ()

    @property
    def lines(self) -> list[Line]:
        """Every listed scope, in the order of the page."""
        return [*(line for lines in self.reads.values() for line in lines), *self.optional, *self.acts]

    @property
    def moves_end(self) -> bool:
        """Whether it would change when a standing permission ends."""
        return self.stands_until is not None

    @property
    def sees(self) -> bool:
        """Whether it would see anything, if only by the owner's choice."""
        return bool(self.details) or any(line.scope.type is ScopeType.READ for line in self.lines)

    @property
    def chooses_duration(self) -> bool:
        """Whether there is more than one time to choose from."""
        return len(self.durations) > 1

    @property
    def first_control(self) -> str:
        """The id of the first scope that can be ticked; "" where none can."""
        return next((line.field_id for line in self.lines if line.control), "")

    def allowed(self, ticked: Collection[str]) -> tuple[str, ...]:
        """Scope tokens that a yes allows: all but those with a control that is not ticked."""
        left = {line.scope.scope_id for line in self.lines if line.control}.difference(ticked)
        return tuple(scope for scope in self.asked if scope not in left)

    @property
    def amends(self) -> bool:
        """Whether the owner already allowed this application something."""
        return bool(self.kept or self.kept_details) or not self._standings.isdisjoint(
            {"unchanged", "changed"}
        )

    @property
    def has_news(self) -> bool:
        """Whether something of it is marked as new, or as changed."""
        return not self._standings.isdisjoint({"new", "changed"})

    @property
    def _standings(self) -> set[str]:
        offline = [self.offline] if self.offline else []
        lines = {line.standing for line in (*self.lines, *offline)}
        return lines.union(one.standing for one in self.details)


def build(
    request: Request,
    interaction: Interaction,
    client: Client,
    standing: Grant | None,
    posted: ResourceForm | None = None,
) -> ConsentPage:
    """Gather what the page says; reads the catalog, resources and panels.

    :param standing: what is stored as allowed so far, even where its time is over.

    :param posted: what the form said of resources; None when the page opens.
    :raises DirectoryUnavailable: what there is to choose from cannot be told.
    """
    owner: Owner = request.owner
    runtime, catalog, requested = request.runtime, request.catalog, interaction.request
    asked = [catalog[scope] for scope in requested.scopes if scope in catalog]
    grant = standing if standing is not None and standing.is_active(request.now) else None
    lines = [_line(number, scope, grant, client) for number, scope in enumerate(asked, start=1)]
    reads: dict[str, list[Line]] = {}
    for line in lines:
        if line.scope.type is ScopeType.READ and not line.optional:
            reads.setdefault(line.scope.cluster, []).append(line)
    kept = tuple(
        scope.label
        for scope in catalog.as_of(grant.scopes if grant else ())
        if scope.scope_id not in requested.scopes
    )
    durations = runtime.service.durations
    replaces = requested.grant_action == REPLACE
    asked_details, amends = requested.authorization_details, None if replaces else grant
    others = all_in_words(staying(asked_details, grant.authorization_details if grant else ()), catalog)
    if replaces:  # then they end, and the page says so of both alike
        kept += tuple(dict.fromkeys(one.label for one in others))
    offered = durations.offered(requested.scopes, interaction.created_at, amends, asked_details)
    usual = durations.chosen(offered, None)
    context = ConsentContext(client, owner, tuple(asked), request.language.tag)
    return ConsentPage(
        client=client,
        redirect_host=urlsplit(requested.redirect_uri).hostname or "",
        asked=requested.scopes,
        reads=reads,
        optional=[line for line in lines if line.optional and line.scope.type is not ScopeType.ACT],
        acts=[line for line in lines if line.scope.type is ScopeType.ACT],
        offline=next(
            (line for line in lines if line.scope.scope_id == OFFLINE_ACCESS and not line.optional), None
        ),
        durations=offered,
        duration=usual,
        timezone=owner.timezone,
        choice=_choice(request, interaction, owner, grant, posted),
        panels=tuple(runtime.registry.panels(context)),
        kept=kept,
        replaces=replaces,
        stands_until=grant.expires_at if grant and usual.until != grant.expires_at else None,
        locale=request.language.tag,
        details_asked=asked_details,
        details=_details(catalog, asked_details, grant),
        kept_details=() if replaces else others,
    )


def _details(catalog: Catalog, asked: tuple[str, ...], grant: Grant | None) -> tuple[DetailWords, ...]:
    granted = grant.authorization_details if grant else None
    return tuple(in_words(one, catalog, standing_of(one, granted)) for one in asked)


def _choice(
    request: Request,
    interaction: Interaction,
    owner: Owner,
    grant: Grant | None,
    posted: ResourceForm | None,
) -> Chooser | None:
    rules, asked = request.runtime.choice_rules, interaction.request.scopes
    details = interaction.request.authorization_details
    if not rules.are_asked(asked, details):
        return None
    # A choice counts for the whole permission: also for what acts already and is not asked about this time.
    stays = grant.scope_ids if grant and interaction.request.grant_action != REPLACE else ()
    covered = (*asked, *stays)
    return resource_chooser.build(
        request,
        owner,
        rules.kinds(asked, details),
        action="/consent",
        standing=grant.resources if grant else (),
        posted=posted,
        required=not rules.optional,
        may_have_everything=not rules.act(covered),
    )


def _line(number: int, scope: Scope, grant: Grant | None, client: Client) -> Line:
    optional = is_optional(scope, client)
    return Line(
        scope=scope,
        standing=_standing_of(scope, grant),
        optional=optional,
        control=has_control(scope, client),
        field_id=f"scope-{number}",
    )


def _standing_of(scope: Scope, grant: Grant | None) -> str:
    if grant is None:
        return ""
    if scope.reference in grant.scopes:
        return "unchanged"
    return "changed" if scope.scope_id in grant.scope_ids else "new"
