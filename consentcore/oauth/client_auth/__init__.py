"""Client authentication (RFC 6749 section 2.3, RFC 7523): one interface, one small strategy a method."""

from consentcore.oauth.client_auth.credentials import Credentials, authenticate, read_credentials

__all__ = ["Credentials", "authenticate", "read_credentials"]
