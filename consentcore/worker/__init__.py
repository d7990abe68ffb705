"""Notices: written with the consent they tell of (:mod:`~consentcore.consent.notice`), delivered by the worker."""
