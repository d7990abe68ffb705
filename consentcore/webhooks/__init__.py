"""Webhooks: endpoints and their secrets, what is sent to them and how it is signed, and the log of it."""
