"""Who may read the mails: whoever can, can reset the password of everybody."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from consentcore.api import ConfigurationError, came_through_a_proxy, is_in, is_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping

    from consentcore_devmail.settings import DevmailSettings

_THIS_MACHINE = ("127.0.0.0/8", "::1/128")
READERS = "consentcore.plugin.devmail.readers"


def check_addresses(urls: Mapping[str, str], settings: DevmailSettings) -> None:
    """Refuse to show mails of a server that others use, unless it is said who may read them.

    :param urls: where the server is reached, by the name of the setting.
    :raises ConfigurationError: naming the setting that leads elsewhere.
    """
    if settings.readers:
        return
    for name, url in urls.items():
        if not is_loopback(urlsplit(url).hostname or ""):
            problem = (
                f"{READERS}: devmail shows every mail, links that reset passwords too, and {name} = {url} is no "
                "address of this machine alone; name another notifier for mails (smtp, ses), or the networks of "
                "those who may read them"
            )
            raise ConfigurationError([problem])


def may_read(environ: Mapping[str, object], settings: DevmailSettings) -> bool:
    """Whether a request comes from somebody who may. One without an address came by a Unix socket."""
    address = str(environ.get("REMOTE_ADDR") or "")
    if settings.readers:
        return not address or is_in(map(ipaddress.ip_network, settings.readers), address)
    if came_through_a_proxy(environ):  # then the address is only that of the proxy
        return False
    return not address or is_in(map(ipaddress.ip_network, _THIS_MACHINE), address)
