"""What can be set about applications that register themselves: names, types and defaults."""

from __future__ import annotations

from dataclasses import dataclass

from consentcore.settings.schema import setting


@dataclass(frozen=True)
class RegistrationSettings:
    """``consentcore.registration.*``: applications that no operator has registered."""

    endpoint: str = setting(
        "Who may register an application at {prefix}/register (RFC 7591): with off nobody, and there is no such "
        "endpoint; with token whoever has one of `registration-token create`; with open anybody, within the limits "
        "below.",
        default="off",
        choices=("off", "token", "open"),
    )
    scopes: tuple[str, ...] = setting(
        "Scopes that applications may register themselves for; one that names none gets all of them. Never a scope "
        "that acts. Empty: none, and then none can register itself.",
        default=(),
    )
    audiences: tuple[str, ...] = setting(
        "APIs that such applications may ask tokens for, as URIs (RFC 8707); all of them get all.", default=()
    )
    documents: tuple[str, ...] = setting(
        "Hosts whose applications may be known by the URL of a document that describes them (client ID metadata "
        "documents): names, *.example.com for all below one, or * for every host. Empty: none, and no such document "
        "is fetched.",
        default=(),
    )
    unused_days: int = setting(
        "After how many days an application that has registered itself is removed that nobody has ever answered; "
        "0: never.",
        default=30,
        minimum=0,
        maximum=3650,
    )
    per_address: int = setting(
        "Applications an hour that may be registered without a token from one network address, counted for all "
        "processes; 0: no limit.",
        default=20,
        minimum=0,
        maximum=1_000_000,
    )
    per_hour: int = setting(
        "The same from all addresses together.", default=500, minimum=0, maximum=1_000_000
    )
