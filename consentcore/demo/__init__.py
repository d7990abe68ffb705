"""Everything on loopback with a demo application to click through: ``consentcore demo``.

The demo application is a real OAuth client (requests-oauthlib knows nothing of consentcore), its webhook receiver
verifies real signatures, and the demo API introspects real tokens. Nothing here is imported by the server.
"""

STORAGES = ("sqlalchemy", "dynamodb")
"""Where it may keep its data; the first is where it does when nobody says."""
