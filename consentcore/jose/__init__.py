"""JSON Web Signatures: which algorithms, how a signed token is read, and how long somebody's keys are good.

Shared by the server, its plugins and the side of the APIs (``consentcore.resource``), so it needs nothing of them.
"""
