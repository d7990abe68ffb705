"""Notices: written with the consent they tell of (:mod:`~consentcore.outbox.record`), delivered by the worker."""
