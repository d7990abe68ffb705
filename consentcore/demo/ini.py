"""The demo's own INI, rendered once the ports are known."""

from __future__ import annotations

from pathlib import Path

TEMPLATE = """\
# Made by `consentcore demo`; made anew at every start.
[app:main]
use = egg:consentcore#main
consentcore.issuer = {issuer}
consentcore.keys = %(here)s/var/keys
{storage}
consentcore.login = login_local
consentcore.scopes = scopes_file
consentcore.notifiers = devmail webhook{more_notifiers}
consentcore.extensions = resources_file
consentcore.plugin.resources_file.aliases = ada@example.org=offices@example.org grace@example.org=branches@example.org
consentcore.web.operator_name = Your Energy Company (demo)
consentcore.web.support_email = help@example.org
consentcore.operator.email = operator@example.org
consentcore.oauth.protected_resources = {mcp_url}
# Assistants come without having been registered: for the MCP server and what it needs, nothing else.
consentcore.registration.endpoint = open
consentcore.registration.scopes = sites.read comfort.read offline_access
consentcore.registration.audiences = {mcp_url}
consentcore.worker.embedded = true
consentcore.server.workers = 1
consentcore.plugin.devmail.dir = %(here)s/var/mail
consentcore.plugin.webhook.allow_networks = 127.0.0.0/8
consentcore.plugin.webhook.retry_schedule_s = 1 2 4 8 16 30 60
{extra}
[server:main]
use = egg:consentcore#main
listen = {listen}
"""


def write_ini(
    folder: Path, issuer: str, storage: str, mcp_url: str, *, extra: str = "", more_notifiers: str = ""
) -> Path:
    """Write ``demo.ini`` into ``folder`` and return its path.

    :param storage: the lines that choose the storage.
    :param mcp_url: of the MCP server, whose tokens assistants ask for.
    :param extra: further lines for ``[app:main]``.
    :param more_notifiers: further notifier names.
    """
    path = folder / "demo.ini"
    names = f" {more_notifiers}" if more_notifiers else ""
    path.write_text(
        TEMPLATE.format(
            issuer=issuer,
            listen=issuer.removeprefix("http://"),
            storage=storage,
            mcp_url=mcp_url,
            extra=extra,
            more_notifiers=names,
        )
    )
    return path
