"""What a key provider must do: inherit :class:`KeyProviderConformance`, override its two fixtures."""

from __future__ import annotations

import logging
import re
from base64 import b64encode
from collections.abc import Sequence

import pytest

from consentcore.api import KeyProvider
from consentcore.keys import KEY_BYTES, Keys, MasterKey
from consentcore.testing.threads import together

KEY_ID = re.compile(r"[a-z0-9]{1,16}")


class KeyProviderConformance:
    """Every promise of :class:`consentcore.api.KeyProvider` that can be tested without knowing where keys are kept."""

    @pytest.fixture
    def provider(self) -> KeyProvider:
        """Give the provider, with at least one key where it looks; two make the test of their order mean something."""
        raise NotImplementedError(f"{type(self).__name__} must override the fixture 'provider'")

    @pytest.fixture
    def broken_provider(self) -> KeyProvider:
        """Give a provider that cannot look: a folder that is not there, a vault where nobody listens."""
        raise NotImplementedError(f"{type(self).__name__} must override the fixture 'broken_provider'")

    def test_there_is_a_key(self, provider: KeyProvider) -> None:
        assert len(provider.master_keys()) > 0

    def test_each_is_an_id_and_32_bytes_and_perhaps_a_time(self, provider: KeyProvider) -> None:
        for key in provider.master_keys():
            assert isinstance(key, tuple)
            assert len(key) in {2, 3, 4}
            assert KEY_ID.fullmatch(key[0]), "1 to 16 of a-z and 0-9"
            assert isinstance(key[1], bytes)
            assert len(key[1]) == KEY_BYTES
            assert all(type(time) is int and time >= 0 for time in key[2:]), "milliseconds since the epoch"

    def test_ids_and_secrets_are_distinct(self, provider: KeyProvider) -> None:
        keys = provider.master_keys()
        assert len({key[0] for key in keys}) == len(keys)
        assert len({key[1] for key in keys}) == len(keys)

    def test_no_secret_is_a_pattern(self, provider: KeyProvider) -> None:
        """Chance repeats a byte now and then, and never so often (fewer than 16 of 32 differ once in 10^14)."""
        assert [key[0] for key in provider.master_keys() if len(set(key[1])) < KEY_BYTES // 2] == []

    def test_newest_stands_first(self, provider: KeyProvider) -> None:
        """The ring makes new things with the first whose time has come."""
        times = [key[2] if len(key) > 2 else 0 for key in provider.master_keys()]
        assert times == sorted(times, reverse=True)

    def test_key_ring_takes_them(self, provider: KeyProvider) -> None:
        given = [
            MasterKey(key[0], key[1], used_from=key[2] if len(key) > 2 else 0)
            for key in provider.master_keys()
        ]
        ring = Keys(given)
        sealed = ring.seal("kit", b"plain", "context")
        assert ring.open("kit", sealed, "context") == b"plain"
        assert list(ring.ids) == [key.key_id for key in given]

    def test_every_process_is_given_the_same(self, provider: KeyProvider) -> None:
        """Each asks once, at its start; what one has sealed the others have to open."""
        expected = list(provider.master_keys())
        assert all(list(found) == expected for found in together(4, lambda _: provider.master_keys()))

    def test_keys_that_cannot_be_read_are_said_to_be(self, broken_provider: KeyProvider) -> None:
        """An empty list, or a key that was made up, would leave everything unreadable that was sealed before."""
        with pytest.raises(Exception):  # noqa: B017, PT011 - any of them stops the start with its words
            broken_provider.master_keys()

    def test_no_log_and_no_error_holds_a_key(
        self, provider: KeyProvider, broken_provider: KeyProvider, caplog: pytest.LogCaptureFixture
    ) -> None:
        said = []
        with caplog.at_level(logging.DEBUG):
            secrets = [key[1] for key in provider.master_keys()]
            try:
                broken_provider.master_keys()
            except Exception as error:  # noqa: BLE001 - whichever it is
                said.append(repr(error))
        said += [repr(provider), repr(broken_provider), *(record.getMessage() for record in caplog.records)]
        assert [text for text in said for spelling in _spellings(secrets) if spelling in text] == []


def _spellings(secrets: Sequence[bytes]) -> list[str]:
    """How a secret is habitually written."""
    found = []
    for secret in secrets:
        encoded = b64encode(secret).decode().rstrip("=")
        found += [secret.hex(), secret.hex().upper(), repr(secret)[2:-1], encoded]
        found.append(encoded.replace("+", "-").replace("/", "_"))
    return found
