"""One extension with every hook that an extension can have."""

import json
from dataclasses import dataclass
from pathlib import Path

import click

from consentcore.api import ConsentPanel, PluginInfo, PluginKind, Resource, Secret, hookimpl, iso, setting


@dataclass(frozen=True)
class TownSettings:
    """``consentcore.plugin.town.*``."""

    folder: Path = setting("Where checkpoints and events are written.")
    vault: Secret = setting("64 hexadecimal digits: the master key, where this is asked for one.", default=Secret(""))
    streets: tuple[str, ...] = setting("Streets with houses.", default=("High-Street", "Mill-Lane"))


class Town:
    def __init__(self, settings):
        self._settings = settings

    def resources(self, owner):
        return [
            Resource(f"house-{number}", f"{owner.name}, {street}", detail=f"house {number}", kind="house")
            for number, street in enumerate(self._settings.streets, 1)
        ]

    def publish(self, checkpoint):
        told = {"size": checkpoint.size, "root": checkpoint.root.hex(), "at": iso(checkpoint.created_at)}
        _append(self._settings.folder / "checkpoints", told | {"key": checkpoint.key_id})

    def master_keys(self):
        return [("town1", bytes.fromhex(self._settings.vault.reveal()))]


def _append(path, told):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(json.dumps(told) + "\n")


TOLD = []


@hookimpl
def consentcore_plugin():
    return PluginInfo("town", PluginKind.EXTENSION, "Every hook.", api="1.0", settings=TownSettings)


@hookimpl
def consentcore_resources(settings):
    return Town(settings)


@hookimpl
def consentcore_anchor(settings):
    return Town(settings)


@hookimpl
def consentcore_key_provider(settings):
    return Town(settings)


@hookimpl
def consentcore_consent_panels(context):
    scopes = ", ".join(scope.label for scope in context.scopes)
    return [ConsentPanel("The town's advice", f"{context.client.name} & {context.owner.name}: {scopes}")]


@hookimpl
def consentcore_token_claims(context):
    return {"town": "Altstadt", "houses": list(context.grant.resources), "for": context.client_id}


@hookimpl
def consentcore_event(event):
    TOLD.append((event.event_id, event.type.value, event.grant_id, event.sequence))


@hookimpl
def consentcore_configure(config, settings):
    def view(request):
        with request.runtime.storage.reading() as uow:
            clients = [client.name for client in uow.clients.list()]
        return {"streets": list(settings.streets), "clients": clients, "now": request.now}

    config.add_route("town", "/town")
    config.add_view(view, route_name="town", renderer="json")


@hookimpl
def consentcore_cli(group):
    @group.command("town")
    @click.pass_obj
    def town(state):
        """Say how many consents there are."""
        with state.runtime.storage.reading() as uow:
            count = len(uow.grants.all())
        state.answer({"consents": count}, f"{count} consents")
