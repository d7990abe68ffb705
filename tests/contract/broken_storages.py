"""Storages with one fault each, of the kind that one writes on a Friday. `test_kit_rejects_broken.py` runs them."""

# ruff: noqa: F403 - pytest collects the tests of a module under its name, so all stand in one

from contract.broken.codes import *
from contract.broken.once import *
from contract.broken.outbox import *
from contract.broken.repositories import *
from contract.broken.sound import *
from contract.broken.tokens import *
from contract.broken.transactions import *
