"""What can be set about the protocol, consents and people: names, types and defaults."""

from __future__ import annotations

from dataclasses import dataclass

from consentcore.settings.schema import setting

_DAY_S = 86400


@dataclass(frozen=True)
class OAuthSettings:
    """``consentcore.oauth.*``: the protocol."""

    prefix: str = setting("Path under which the protocol endpoints stand.", default="/ecostruxure/v1/oauth")
    code_ttl_s: int = setting("Life of an authorization code.", default=60, minimum=1, maximum=600)
    access_token_ttl_s: int = setting("Life of an access token.", default=3600, minimum=1, maximum=_DAY_S)
    refresh_token_ttl_s: int = setting(
        "Life of a refresh token without offline_access, from the exchange of the code.",
        default=_DAY_S,
        minimum=1,
        maximum=3650 * _DAY_S,
    )
    offline_refresh_token_ttl_s: int = setting(
        "Life of a refresh token with offline_access, from its last use.",
        default=180 * _DAY_S,
        minimum=1,
        maximum=3650 * _DAY_S,
    )
    refresh_grace_s: int = setting(
        "How long the immediate predecessor of a refresh token still gives the same successor; 0 turns it off.",
        default=60,
        minimum=0,
        maximum=300,
    )
    interaction_ttl_s: int = setting(
        "How long the consent page may be left unanswered.", default=600, minimum=1, maximum=_DAY_S
    )
    profile: str | None = setting(
        "With fapi2 every application is held to the FAPI 2.0 Security Profile, see docs/fapi.md; empty: those that "
        "are registered for it.",
        default=None,
        choices=("fapi2",),
    )
    require_pkce: bool = setting("Demand PKCE (S256) from confidential clients too.", default=False)
    require_par: bool = setting(
        "Refuse authorization requests that were not pushed (RFC 9126); a client may demand it for itself.",
        default=False,
    )
    require_signed_request_object: bool = setting(
        "Refuse authorization requests that were not pushed as signed request objects (RFC 9101); a client may demand "
        "it for itself.",
        default=False,
    )
    par_ttl_s: int = setting("Life of a pushed authorization request.", default=60, minimum=5, maximum=600)
    assertion_audience: str | None = setting(
        "What aud of a client assertion may be, for all clients: with issuer nothing but the issuer; with endpoint the "
        "token endpoint or the endpoint that it is sent to as well. Empty: as each client is registered, which is "
        "issuer by default, and endpoint for those that are older than that.",
        default=None,
        choices=("endpoint", "issuer"),
    )
    dpop_nonce: bool = setting(
        "Demand a nonce of this server in DPoP proofs (RFC 9449 section 8), so that none can be made long before.",
        default=False,
    )
    grant_management: str = setting(
        "Grant Management for OAuth 2.0, for clients that are registered for it: with required, every authorization "
        "request has to say what becomes of the grant, and other clients are refused.",
        default="off",
        choices=("off", "on", "required"),
    )
    jwt_signing_alg: str = setting(
        "What signs JWT access tokens; both kinds of keys are published.",
        default="ES256",
        choices=("ES256", "EdDSA"),
    )
    jwt_default_audience: str = setting(
        "The aud of a JWT access token for which no resource was asked; empty: the issuer.", default=""
    )
    protected_resources: tuple[str, ...] = setting(
        "Identifiers of APIs that take tokens of this server, for the metadata (RFC 9728 section 4), such as "
        "https://api.example.com/rooms. They describe themselves; here they only are listed.",
        default=(),
    )


@dataclass(frozen=True)
class LimitsSettings:
    """``consentcore.limits.*``: how often somebody may ask. 0 is no limit."""

    token_per_client: int = setting(
        "Requests a minute to the token endpoint from one client at one address, counted in each web process; "
        "0: no limit.",
        default=300_000,
        minimum=0,
        maximum=10_000_000,
    )
    introspect_per_client: int = setting(
        "The same for the introspection endpoint.", default=300_000, minimum=0, maximum=10_000_000
    )
    revoke_per_client: int = setting(
        "The same for the revocation endpoint.", default=300_000, minimum=0, maximum=10_000_000
    )
    par_per_client: int = setting(
        "The same for pushed authorization requests, each of which is stored for a while.",
        default=30_000,
        minimum=0,
        maximum=10_000_000,
    )
    api_per_client: int = setting(
        "The same for /api/v1 and grant management, where a request may read and write more.",
        default=30_000,
        minimum=0,
        maximum=10_000_000,
    )
    requests_per_address: int = setting(
        "Requests a minute from one address to all these endpoints, whoever sends them, counted in each web "
        "process; 0: no limit.",
        default=0,
        minimum=0,
        maximum=10_000_000,
    )
    asking_per_owner: int = setting(
        "Authorization requests a minute of one application that one signed-in data owner has to be asked about, "
        "counted in each web process; those beyond are answered with temporarily_unavailable. 0: no limit.",
        default=120,
        minimum=0,
        maximum=1_000_000,
    )
    failures_per_client: int = setting(
        "Wrong secrets a minute for one client from one address, counted for all processes; then the refusal is "
        "429 instead of 401. The right secret is accepted all the same. 0: no limit.",
        default=300,
        minimum=0,
        maximum=1_000_000,
    )
    failures_per_address: int = setting(
        "The same for one address over all clients.", default=3000, minimum=0, maximum=1_000_000
    )


@dataclass(frozen=True)
class ConsentSettings:
    """``consentcore.consent.*``: rules for grants."""

    default_days: int = setting(
        "The longest that a grant lasts, unless a scope of it ends earlier. The owner is offered it; chosen already is "
        "the longest offer up to a year.",
        default=365,
        minimum=1,
        maximum=3650,
    )
    durations: tuple[int, ...] = setting(
        "What owners may choose besides, in days, where it is shorter; 1 is once, for at most 24 hours and without a "
        "refresh token. Empty: nothing to choose.",
        default=(365, 90, 30),
        minimum=1,
        maximum=3650,
    )
    ask_again_days: int = setting(
        "How long an optional scope that an owner has left out is not asked about again, unless the application asks "
        "with prompt=consent. 0: at every request.",
        default=90,
        minimum=0,
        maximum=3650,
    )
    reminder_days: tuple[int, ...] = setting(
        "How many days before a grant ends its owner is reminded of it, once each; empty: never.",
        default=(30, 7),
        minimum=1,
        maximum=365,
    )
    keep_ended_days: int = setting(
        "How long names and addresses beside the evidence of an ended permission are kept; 0: as long as it is there. "
        "Six years are 2192.",
        default=0,
        minimum=0,
        maximum=36_500,
    )
    keep_denied_days: int = setting(
        "The same of a no; thirteen months are 396.", default=0, minimum=0, maximum=36_500
    )
    keep_abandoned_days: int = setting(
        "The same of a request that nobody answered.", default=0, minimum=0, maximum=36_500
    )


@dataclass(frozen=True)
class AccountSettings:
    """``consentcore.account.*``: accounts whose passwords are kept here, and addresses that change."""

    reset_link_ttl_s: int = setting(
        "How long the link in a mail to somebody who forgot their password works.",
        default=3600,
        minimum=60,
        maximum=_DAY_S,
    )
    email_link_ttl_s: int = setting(
        "How long both addresses have to confirm a change of address.",
        default=_DAY_S,
        minimum=60,
        maximum=30 * _DAY_S,
    )
    old_address_days: int = setting(
        "How long after a change of address the old one is told of everything too.",
        default=30,
        minimum=0,
        maximum=3650,
    )
    mails_per_account: int = setting(
        "Such mails of a kind that one network address, or one account, may ask for to one mailbox within an hour.",
        default=3,
        minimum=1,
        maximum=1000,
    )
    mails_per_mailbox: int = setting(
        "Such mails of a kind to one mailbox within an hour, whoever asks; at least mails_per_account.",
        default=30,
        minimum=1,
        maximum=10_000,
    )
    mails_per_address: int = setting(
        "Requests for such mails from one network address within an hour.",
        default=20,
        minimum=1,
        maximum=1_000_000,
    )


@dataclass(frozen=True)
class OperatorSettings:
    """``consentcore.operator.*``: the people who run it."""

    email: str = setting("Where security notices go; empty: nowhere.", default="")
    legal_name: str = setting(
        "Who holds the data, as records of consent name it; empty: consentcore.web.operator_name.", default=""
    )
    address: str = setting("Its postal address, for records of consent.", default="")
    contact: str = setting("Where data owners turn to: an address, a telephone number, a page.", default="")
    jurisdictions: tuple[str, ...] = setting(
        "Countries whose law applies, by ISO 3166-1, such as FR; for records of consent.", default=()
    )
    applicable_law: tuple[str, ...] = setting(
        "That law, as IRIs or names without blanks, such as eu-gdpr:EU-GDPR.", default=()
    )
    storage_locations: tuple[str, ...] = setting(
        "Countries or regions where the data is kept, such as FR or EU.", default=()
    )
    legal_basis: str = setting(
        "On which basis data is passed on, a term of DPV or an IRI; said in each record.",
        default="dpv:Consent",
    )
    authority: str = setting("Where a data owner may complain, said in each record.", default="")
    privacy_policy_version: str = setting(
        "Version of your privacy policy that is in force; each record names it.", default=""
    )
    terms_version: str = setting("Likewise of your terms.", default="")
    deletion_days: int = setting(
        "How long an application has to delete what it got once a permission has ended.",
        default=30,
        minimum=0,
        maximum=3650,
    )
