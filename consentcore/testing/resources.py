"""What a directory of resources must do: inherit :class:`ResourceDirectoryConformance`, override ``directory`` and
``owner``."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import NoReturn

import pytest

from consentcore.api import Owner, Resource, ResourceDirectory, is_unicode
from consentcore.testing import factories
from consentcore.testing.silence import SilentPort
from consentcore.testing.threads import together

RESOURCE_ID = re.compile(r"\S{1,200}")
LONGEST_S = 30.0
"""Somebody waits for the consent page meanwhile."""


class ResourceDirectoryConformance(SilentPort):
    """Every promise of :class:`consentcore.api.ResourceDirectory` that can be tested without knowing where it looks.

    :cvar capabilities: of the test class. ``network``: :meth:`broken_directory` and :meth:`hanging_directory` are
        overridden.
    """

    capabilities: frozenset[str] = frozenset()

    @pytest.fixture
    def directory(self) -> ResourceDirectory:
        """Give the directory, with something in it."""
        raise NotImplementedError(f"{type(self).__name__} must override the fixture 'directory'")

    @pytest.fixture
    def owner(self) -> Owner:
        """Give a data owner who has something to choose from."""
        raise NotImplementedError(f"{type(self).__name__} must override the fixture 'owner'")

    @pytest.fixture
    def stranger(self) -> Owner:
        """A data owner of whom the directory has never heard."""
        return factories.owner(email="stranger@example.org", name="Nobody")

    @pytest.fixture
    def broken_directory(self) -> ResourceDirectory:
        """Give a directory that cannot look anything up, such as at a port where nobody listens."""
        self._not_offered("broken_directory")

    @pytest.fixture
    def hanging_directory(self, silent_port: int) -> ResourceDirectory:  # noqa: ARG002 - for those who override it
        """Give a directory that asks at ``silent_port`` of 127.0.0.1, where nobody ever answers; with short timeouts,
        where it has any."""
        self._not_offered("hanging_directory")

    def test_owner_has_something_to_choose_from(self, directory: ResourceDirectory, owner: Owner) -> None:
        assert len(directory.resources(owner)) > 0

    def test_what_is_listed_are_resources(self, directory: ResourceDirectory, owner: Owner) -> None:
        assert [one for one in directory.resources(owner) if not isinstance(one, Resource)] == []

    def test_ids_are_distinct_and_of_1_to_200_characters_without_blanks(
        self, directory: ResourceDirectory, owner: Owner
    ) -> None:
        ids = [one.resource_id for one in directory.resources(owner)]
        assert [one for one in ids if not RESOURCE_ID.fullmatch(one)] == []
        assert len(set(ids)) == len(ids)

    def test_each_can_be_told_from_the_others_in_words(
        self, directory: ResourceDirectory, owner: Owner
    ) -> None:
        shown = [(one.kind, one.label, one.detail) for one in directory.resources(owner)]
        assert [one for one in shown if not one[1].strip()] == []
        assert len(set(shown)) == len(shown)

    def test_texts_can_be_shown(self, directory: ResourceDirectory, owner: Owner) -> None:
        for one in directory.resources(owner):
            for text in (one.resource_id, one.label, one.detail, one.kind):
                assert is_unicode(text)
                assert "\x00" not in text
            assert one.kind.strip()

    def test_asked_again_it_lists_the_same_in_the_same_order(
        self, directory: ResourceDirectory, owner: Owner
    ) -> None:
        """The page is made again on Approve, and nothing may have moved."""
        assert list(directory.resources(owner)) == list(directory.resources(owner))

    def test_nobody_is_shown_what_is_anothers(
        self, directory: ResourceDirectory, owner: Owner, stranger: Owner
    ) -> None:
        own = {one.resource_id for one in directory.resources(owner)}
        assert own.isdisjoint(one.resource_id for one in directory.resources(stranger))

    @pytest.mark.parametrize("name", ["", "Zoë \u202e<script>{{7*7}} 💡\r\n\x1b[31m", "x" * 1000])
    def test_odd_names_change_nothing(self, directory: ResourceDirectory, owner: Owner, name: str) -> None:
        ids = [one.resource_id for one in directory.resources(owner)]
        assert [one.resource_id for one in directory.resources(replace(owner, name=name))] == ids

    def test_several_threads_may_ask_at_a_time(self, directory: ResourceDirectory, owner: Owner) -> None:
        expected = list(directory.resources(owner))
        found: list[Sequence[Resource]] = together(8, lambda _: list(directory.resources(owner)))
        assert all(one == expected for one in found)

    def test_directory_that_cannot_look_says_so_and_does_not_list_nothing(
        self, broken_directory: ResourceDirectory, owner: Owner
    ) -> None:
        """An empty list means that there is nothing to choose from."""
        with pytest.raises(Exception):  # noqa: B017, PT011 - any of them leaves the person without a page
            list(broken_directory.resources(owner))

    def test_silence_is_given_up_in_time(self, hanging_directory: ResourceDirectory, owner: Owner) -> None:
        began = time.monotonic()
        with pytest.raises(Exception):  # noqa: B017, PT011 - see above
            list(hanging_directory.resources(owner))
        assert time.monotonic() - began < LONGEST_S, "the page is given up after 30 seconds"

    def _not_offered(self, fixture: str) -> NoReturn:
        if "network" in self.capabilities:
            pytest.fail(f"capability 'network' is declared: override the fixture {fixture!r}")
        pytest.skip("the test class does not declare 'network'")
