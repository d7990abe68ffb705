"""Alembic's environment; run by :mod:`consentcore_sqlalchemy.migrate`."""
