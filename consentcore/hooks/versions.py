"""The version of the plugin API, one for each kind of plugin, and what a new major version has changed."""

from __future__ import annotations

from dataclasses import dataclass

from consentcore.hooks.info import PluginKind

API_VERSIONS = {
    PluginKind.STORAGE: "2.0",
    PluginKind.LOGIN: "1.1",
    PluginKind.SCOPES: "1.1",
    PluginKind.NOTIFIER: "1.1",
    PluginKind.EXTENSION: "1.1",
}
"""What this consentcore speaks. Major: incompatible. Minor: additions only, which docs/upgrading.md names."""


@dataclass(frozen=True)
class Changes:
    """What a major version has changed since the one before, told to whoever has a plugin of then.

    :ivar gone: methods of the port that nobody calls any more.
    :ivar new: methods that are called now, and fields that have to be kept.
    :ivar heading: of the section of ``docs/upgrading.md`` that says what to write instead.
    :ivar names: what :mod:`consentcore.api` no longer exports.
    """

    gone: tuple[str, ...]
    new: tuple[str, ...]
    heading: str
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = [f"gone: {', '.join(self.gone)}"] if self.gone else []
        parts += [f"new: {', '.join(self.new)}"] if self.new else []
        return f'{"; ".join(parts)}; "{self.heading}" in docs/upgrading.md says what to write instead'


CHANGES = {
    PluginKind.STORAGE: Changes(
        gone=(
            "clients.get_endpoint",
            "clients.lock_endpoint",
            "codes.add",
            "families.kill",
            "grants.latest_ended",
            "grants.lock",
            "grants.lock_active",
            "grants.of_client",
            "notices.get",
            "notices.of_grant",
            "outbox.attempts",
            "outbox.attempts_of",
            "outbox.backlog",
            "outbox.deliveries",
            "outbox.delivery",
            "outbox.expand",
            "outbox.requeue",
            "outbox.settle",
            "outbox.stats",
        ),
        new=(
            "clients.endpoint",
            "clients.logo",
            "clients.remove_logo",
            "clients.remove_unused",
            "clients.set_logo",
            "clients.several",
            "delivery_log.attempts_of",
            "delivery_log.backlog",
            "delivery_log.deliveries",
            "delivery_log.requeue",
            "delivery_log.stats",
            "grants.active_of",
            "grants.active_of_owners",
            "grants.asked",
            "owners.signed_in",
            "grants.ending",
            "identities.drop",
            "ledger.disclosures",
            "ledger.forget",
            "ledger.put_disclosures",
            "ledger.tombstones",
            "ledger.newest_checkpoint",
            "tokens.add_code",
            "tokens.kill_family",
            "tlog.get",
            "tlog.list",
            "tlog.put",
            "tlog.remove",
            "tokens.living",
            "owners.list",
            "owners.passwords",
            "owners.several",
            "identities.of_owners",
            "Client.assertion_audience",
            "Client.audiences",
            "Client.disabled",
            "Client.logo",
            "Client.optional_scopes",
            "Client.self_registered",
            "Client.suspended",
            "Client.suspensions",
            "Client.verified_at",
            "Client.seal",
            "Delivery.seal",
            "Notice.seal",
            "Interaction.seal",
            "NoticeSnapshot.seal",
            "PushedRequest.seal",
            "Owner.seal",
            "OwnerIdentity.seal",
            "OwnerSession.seal",
            "OwnerTicket.seal",
            "PinnedScope.seal",
            "WebhookEndpoint.seal",
            "Code.family_proof",
            "Code.seal",
            "Grant.declined",
            "Grant.refresh_from",
            "NewToken.seal",
            "Token.seal",
            "TokenLookup.family_created_at",
            "TokenLookup.family_proof",
            "registration_tokens.add",
            "registration_tokens.get",
            "registration_tokens.list",
            "registration_tokens.remove",
            "registration_tokens.use",
            "pinned_scopes.add",
            "pinned_scopes.all",
            "seals.page",
            "seals.put",
            "ledger.of_grants",
            "moving.read",
            "moving.write",
            "uses.last",
            "uses.note",
            "storage.capabilities",
        ),
        heading="For authors of storage plugins",
        names=("CodeRepository", "FamilyRepository", "NamedOutbox", "OwnerDirectory"),
    )
}
"""By kind, where its major version is not the first."""


def api_problems(kind: PluginKind, api: object) -> list[str]:
    """Why a plugin cannot be used that says it was written for version ``api``; empty when it can."""
    current = API_VERSIONS[kind]
    parts = api.split(".") if isinstance(api, str) else []
    if len(parts) != 2 or not all(part.isdecimal() for part in parts):
        return [f"its api is {api!r}, expected something like {current!r}"]
    major = current.partition(".")[0]
    if parts[0] == major:
        return []
    changes = CHANGES.get(kind)
    if changes is None or int(parts[0]) > int(major):
        return [f"it was written for plugin API {api}, this is {current}; install a version for this API"]
    now = f"that of a {kind} is {current} now ({changes})"
    return [f"it was written for plugin API {api}, {now}; install a version for this API"]


def is_newer(kind: PluginKind, api: str) -> bool:
    """Whether a plugin was written for a later minor version of the API than this one."""
    return tuple(map(int, api.split("."))) > tuple(map(int, API_VERSIONS[kind].split(".")))


def removal_hint(name: str) -> str | None:
    """What to say to a plugin that imports a name of an earlier major version; None when there was none of it."""
    for kind, changes in CHANGES.items():
        if name in changes.names:
            return f"{name} is not in plugin API {API_VERSIONS[kind]} of a {kind} any more ({changes})"
    return None
