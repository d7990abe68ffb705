"""The one guard that every outgoing request to an address chosen by a stranger passes."""

from consentcore.egress.policy import EgressError, EgressPolicy, EgressResponse

__all__ = ["EgressError", "EgressPolicy", "EgressResponse"]
