"""The name under which a client knows an owner. oauth needs it too, so it is made below both."""

from consentcore.ports.keys import pairwise_subject

__all__ = ["pairwise_subject"]
