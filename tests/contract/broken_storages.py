"""Storages with one fault each, of the kind that one writes on a Friday. `test_kit_rejects_broken.py` runs them."""

# ruff: noqa: F403 - pytest collects the tests of a module under its name, so all stand in one

from tests.contract.broken.absences import *
from tests.contract.broken.codes import *
from tests.contract.broken.deliveries import *
from tests.contract.broken.moving import *
from tests.contract.broken.one_time_use import *
from tests.contract.broken.repositories import *
from tests.contract.broken.sound import *
from tests.contract.broken.tokens import *
from tests.contract.broken.transactions import *
