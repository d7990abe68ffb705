"""Mails about consents and accounts: their text, and their form on the wire."""
