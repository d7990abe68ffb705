"""The storage port as a whole: what a storage has to bring."""

from __future__ import annotations

import pytest

from consentcore.testing.storage.port_methods import port_methods

METHODS = port_methods()


@pytest.mark.parametrize("name", METHODS)
def test_every_method_says_what_it_has_to_do(name):
    assert METHODS[name].__doc__, name
