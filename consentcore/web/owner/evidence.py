"""How a decision was made, minimised at the edge."""

from __future__ import annotations

import hashlib
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from consentcore.domain.event import Evidence
from consentcore.web.ui_version import ui_version

if TYPE_CHECKING:
    from pyramid.request import Request

    from consentcore.domain.interaction import Interaction

FAMILIES = ("Edg/", "OPR/", "SamsungBrowser/", "Firefox/", "Chrome/", "Safari/")
NAMES = {"Edg/": "Edge", "OPR/": "Opera", "SamsungBrowser/": "Samsung Internet"}


def collect(
    request: Request,
    method: str,
    *,
    interaction: Interaction | None = None,
    presented_at: int | None = None,
    snapshot_hash: str = "",
    control_defaults: dict[str, bool] | None = None,
) -> Evidence:
    """Collect the evidence of an act of the signed-in owner.

    :param method: the control that was used, such as ``button:approve``.
    """
    session = request.owner_session
    return Evidence(
        indication_method=method,
        locale=request.language.tag,
        presented_at=presented_at,
        snapshot_hash=snapshot_hash,
        ui_version=ui_version(request.runtime.settings.web.theme),
        catalog_version=request.runtime.catalog.version,
        control_defaults=control_defaults or {},
        session_ref=request.browser.reference,
        auth_time=session.auth_time if session else None,
        acr=session.acr if session else "",
        amr=session.amr if session else (),
        ip_coarse=coarse_address(request.remote_addr or ""),
        ua_family=browser_family(request.user_agent or ""),
        request_ref=_request_ref(interaction) if interaction else {},
    )


def coarse_address(text: str) -> str:
    """The /24 (IPv4) or /48 (IPv6) network of an address; "" when it is none."""
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)  # how a dual-stack listener names IPv4 clients
    address = mapped or address
    return str(ip_network(f"{address}/{24 if address.version == 4 else 48}", strict=False))


def browser_family(user_agent: str) -> str:
    """The family name of a browser, never its version."""
    for mark in FAMILIES:
        if mark in user_agent:
            return NAMES.get(mark, mark.rstrip("/"))
    return "other" if user_agent else ""


def _request_ref(interaction: Interaction) -> dict[str, str]:
    request = interaction.request
    state = request.state
    return {
        "client_id": request.client_id,
        "redirect_host": urlsplit(request.redirect_uri).hostname or "",
        "scope": " ".join(request.scopes),
        "state_sha256": hashlib.sha256(state.encode()).hexdigest() if state is not None else "",
    }
