"""The one guard that every outgoing request to an address chosen by a stranger passes."""

from consentcore.egress.answers import EgressError, EgressResponse
from consentcore.egress.errands import Busy, Errand, errand
from consentcore.egress.policy import EgressPolicy

__all__ = ["Busy", "EgressError", "EgressPolicy", "EgressResponse", "Errand", "errand"]
