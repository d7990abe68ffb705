"""What the operator says of itself in every record."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Controller:
    """Who holds the data, and by what rules; what is not known is empty, and the record says so by an empty member.

    :ivar contact: where to turn to: an address, a telephone number, a page.
    :ivar jurisdictions: countries by ISO 3166-1, such as ``FR``.
    :ivar applicable_law: names or IRIs.
    :ivar storage_locations: where the data is kept, countries or regions.
    :ivar legal_basis: an IRI or a term of DPV.
    :ivar authority: where to complain.
    :ivar privacy_policy: version of the operator's own policy that is in force;
    :ivar terms: likewise of its terms.
    :ivar deletion_days: how long an application has to delete what it got, once it may use it no longer.
    :ivar web_url: of the pages, without a slash at the end; a permission is withdrawn under it.
    """

    name: str = ""
    address: str = ""
    contact: str = ""
    jurisdictions: tuple[str, ...] = ()
    applicable_law: tuple[str, ...] = ()
    storage_locations: tuple[str, ...] = ()
    legal_basis: str = "dpv:Consent"
    authority: str = ""
    privacy_policy: str = ""
    terms: str = ""
    deletion_days: int = 30
    web_url: str = ""
