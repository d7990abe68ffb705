"""Consent: when to ask, what changes when a person answers, and the evidence of it."""
