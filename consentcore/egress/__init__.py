"""The one guard that every outgoing request to an address chosen by a stranger passes."""

from consentcore.egress.answers import EgressError, EgressResponse
from consentcore.egress.policy import EgressPolicy

__all__ = ["EgressError", "EgressPolicy", "EgressResponse"]
