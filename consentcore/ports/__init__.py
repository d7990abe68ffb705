"""What the core needs from plugins. Each Protocol's docstrings are the contract; the conformance kit in
:mod:`consentcore.testing` proves it."""
