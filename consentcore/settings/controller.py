"""What the operator says of itself in records of consent, out of the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consentcore.domain.controller import Controller

if TYPE_CHECKING:
    from consentcore.settings.core import CoreSettings


def controller_of(settings: CoreSettings) -> Controller:
    """Gather it; a name is always there."""
    said, web_url = settings.operator, settings.web_url.rstrip("/")
    return Controller(
        name=said.legal_name or settings.web.operator_name or web_url,
        address=said.address,
        contact=said.contact or said.email,
        jurisdictions=said.jurisdictions,
        applicable_law=said.applicable_law,
        storage_locations=said.storage_locations,
        legal_basis=said.legal_basis,
        authority=said.authority,
        privacy_policy=said.privacy_policy_version,
        terms=said.terms_version,
        deletion_days=said.deletion_days,
        web_url=web_url,
    )
