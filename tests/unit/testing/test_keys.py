"""The kit for key providers: passed by an honest one, failed by careless ones at the right test."""

from __future__ import annotations

import logging
import secrets

import pytest

from consentcore.testing import KeyProviderConformance

ONE, TWO = secrets.token_bytes(32), secrets.token_bytes(32)


class Vault:
    def __init__(self, *keys):
        self._keys = keys

    def master_keys(self):
        return list(self._keys)


class Sealed(Vault):
    def master_keys(self):
        raise ConnectionError("the vault does not answer")


HONEST = Vault(("k2", TWO, 1_800_000_000_000), ("k1", ONE))


REVOKED = Vault(("k2", TWO, 1_800_000_000_000), ("k1", ONE, 0, 1_800_000_000_000))


class TestVault(KeyProviderConformance):
    @pytest.fixture(params=[HONEST, REVOKED], ids=["honest", "revoked"])
    def provider(self, request):
        return request.param

    @pytest.fixture
    def broken_provider(self):
        return Sealed()


@pytest.mark.parametrize(
    ("keys", "test"),
    [
        ((), "test_there_is_a_key"),
        ((("K1", ONE),), "test_each_is_an_id_and_32_bytes_and_perhaps_a_time"),
        ((("k1", ONE.hex()),), "test_each_is_an_id_and_32_bytes_and_perhaps_a_time"),
        ((("k1", ONE[:31]),), "test_each_is_an_id_and_32_bytes_and_perhaps_a_time"),
        ((("k1", ONE, 1.5),), "test_each_is_an_id_and_32_bytes_and_perhaps_a_time"),
        ((["k1", ONE],), "test_each_is_an_id_and_32_bytes_and_perhaps_a_time"),
        ((("k1", ONE), ("k1", TWO)), "test_ids_and_secrets_are_distinct"),
        ((("k1", ONE), ("k2", ONE)), "test_ids_and_secrets_are_distinct"),
        ((("k1", bytes(32)),), "test_no_secret_is_a_pattern"),
        ((("k1", ONE), ("k2", TWO, 1_800_000_000_000)), "test_newest_stands_first"),
    ],
)
def test_careless_provider_is_noticed(keys, test):
    with pytest.raises(AssertionError):
        getattr(KeyProviderConformance(), test)(Vault(*keys))


def test_key_that_no_ring_takes_is_noticed():
    with pytest.raises(ValueError, match="key id"):
        KeyProviderConformance().test_key_ring_takes_them(Vault(("K1", ONE)))


def test_key_that_is_made_up_each_time_is_noticed():
    class Forgetful:
        def master_keys(self):
            return [("k1", secrets.token_bytes(32))]

    with pytest.raises(AssertionError):
        KeyProviderConformance().test_every_process_is_given_the_same(Forgetful())


def test_provider_that_gives_nothing_instead_of_an_error_is_noticed():
    with pytest.raises(pytest.fail.Exception):
        KeyProviderConformance().test_keys_that_cannot_be_read_are_said_to_be(Vault())


@pytest.mark.parametrize("spelled", [ONE.hex(), repr(ONE)], ids=["hex", "bytes"])
def test_key_in_the_log_is_noticed(caplog, spelled):
    class Chatty(Vault):
        def master_keys(self):
            logging.getLogger("vault").debug("read %s", spelled)
            return super().master_keys()

    with pytest.raises(AssertionError):
        KeyProviderConformance().test_no_log_and_no_error_holds_a_key(Chatty(("k1", ONE)), Sealed(), caplog)
