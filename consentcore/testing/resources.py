"""What a directory of resources must do: inherit :class:`ResourceDirectoryConformance`, override ``directory`` and
``owner``."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import NoReturn

import pytest

from consentcore.api import RESOURCE_KIND, Owner, Resource, ResourceDirectory, ResourcePage, is_unicode
from consentcore.domain.resource import ALL, RESOURCE_ID
from consentcore.testing import factories
from consentcore.testing.silence import SilentPort
from consentcore.testing.threads import together

LONGEST_S = 10.0
"""Somebody waits for the consent page meanwhile."""
MOST_PAGES = 1000
ODD = "Zoë \u202e<script>{{7*7}} 💡\r\n\x1b[31m"
UNKNOWN = ("nothing-has-this-id", "*", "'; --", "💡", "x" * 200)


def all_of(
    directory: ResourceDirectory,
    owner: Owner,
    *,
    kinds: Sequence[str] = (),
    query: str = "",
    limit: int = 100,
) -> list[Resource]:
    """Everything that a directory lists, page by page, as pages ask for it."""
    found: list[Resource] = []
    after = ""
    for _ in range(MOST_PAGES):
        page = directory.list(owner, kinds=kinds, query=query, after=after, limit=limit)
        found += page.resources
        after = page.next_after
        if not after:
            return found
    raise AssertionError(f"after {MOST_PAGES} pages there is still one more")


class ResourceDirectoryConformance(SilentPort):
    """Every promise of :class:`consentcore.api.ResourceDirectory` that can be tested without knowing where it looks.

    :cvar capabilities: of the test class. ``network``: :meth:`broken_directory` and :meth:`hanging_directory` are
        overridden.
    """

    capabilities: frozenset[str] = frozenset()

    @pytest.fixture
    def directory(self) -> ResourceDirectory:
        """Give the directory, with something in it; three entries or more make the tests of pages mean something."""
        raise NotImplementedError(f"{type(self).__name__} must override the fixture 'directory'")

    @pytest.fixture
    def owner(self) -> Owner:
        """Give a data owner who has something to choose from."""
        raise NotImplementedError(f"{type(self).__name__} must override the fixture 'owner'")

    @pytest.fixture
    def stranger(self) -> Owner:
        """A data owner of whom the directory has never heard, or who has other things than ``owner``."""
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

    def test_it_says_which_kinds_it_may_have(self, directory: ResourceDirectory, owner: Owner) -> None:
        assert len(directory.kinds) > 0
        assert [kind for kind in directory.kinds if not RESOURCE_KIND.fullmatch(kind)] == []
        assert {one.kind for one in all_of(directory, owner)} <= set(directory.kinds)

    def test_it_says_whether_everything_may_be_chosen(self, directory: ResourceDirectory) -> None:
        assert isinstance(directory.allows_everything, bool)

    def test_owner_has_something_to_choose_from(self, directory: ResourceDirectory, owner: Owner) -> None:
        page = directory.list(owner, kinds=(), query="", after="", limit=100)
        assert isinstance(page, ResourcePage)
        assert len(page.resources) > 0

    def test_what_is_listed_are_resources(self, directory: ResourceDirectory, owner: Owner) -> None:
        assert [one for one in all_of(directory, owner) if not isinstance(one, Resource)] == []

    def test_ids_are_distinct_and_of_1_to_200_characters_without_blanks(
        self, directory: ResourceDirectory, owner: Owner
    ) -> None:
        ids = [one.resource_id for one in all_of(directory, owner)]
        assert [one for one in ids if not RESOURCE_ID.fullmatch(one) or one == ALL] == []
        assert len(set(ids)) == len(ids)

    def test_each_can_be_told_from_the_others_in_words(
        self, directory: ResourceDirectory, owner: Owner
    ) -> None:
        shown = [(one.kind, one.group, one.label, one.detail) for one in all_of(directory, owner)]
        assert [one for one in shown if not one[2].strip()] == []
        assert len(set(shown)) == len(shown)

    def test_texts_can_be_shown_and_are_not_too_long(
        self, directory: ResourceDirectory, owner: Owner
    ) -> None:
        for one in all_of(directory, owner):
            for text in (one.resource_id, one.label, one.detail, one.kind, one.unavailable, *one.group):
                assert is_unicode(text)
                assert "\x00" not in text
            assert max(len(one.label), len(one.detail), len(one.unavailable)) <= 200
            assert len(one.group) <= 3
            assert [text for text in one.group if not 1 <= len(text.strip()) <= 100] == []

    def test_those_of_one_group_follow_each_other(self, directory: ResourceDirectory, owner: Owner) -> None:
        groups = [one.group for one in all_of(directory, owner)]
        begun = [group for before, group in zip([None, *groups], groups, strict=False) if group != before]
        assert len(set(begun)) == len(begun)

    def test_asked_again_it_lists_the_same_in_the_same_order(
        self, directory: ResourceDirectory, owner: Owner
    ) -> None:
        """The page is made again on Approve, and nothing may have moved."""
        assert all_of(directory, owner) == all_of(directory, owner)

    @pytest.mark.parametrize("limit", [1, 2, 100])
    def test_pages_of_any_size_list_everything_once(
        self, directory: ResourceDirectory, owner: Owner, limit: int
    ) -> None:
        assert all_of(directory, owner, limit=limit) == all_of(directory, owner)

    @pytest.mark.parametrize("limit", [1, 2, 100])
    def test_no_page_has_more_than_was_asked_for(
        self, directory: ResourceDirectory, owner: Owner, limit: int
    ) -> None:
        page = directory.list(owner, kinds=(), query="", after="", limit=limit)
        assert 1 <= len(page.resources) <= limit
        assert len(page.next_after) <= 300

    def test_total_is_that_of_all_pages(self, directory: ResourceDirectory, owner: Owner) -> None:
        page = directory.list(owner, kinds=(), query="", after="", limit=1)
        assert page.total in {None, len(all_of(directory, owner))}

    @pytest.mark.parametrize("after", ["no cursor of anybody", "-1", "99999999999999999999", "\u202e💡"])
    def test_cursor_of_nobody_leads_to_no_error(
        self, directory: ResourceDirectory, owner: Owner, after: str
    ) -> None:
        page = directory.list(owner, kinds=(), query="", after=after, limit=5)
        assert len(page.resources) <= 5

    def test_only_kinds_that_were_asked_for_are_listed(
        self, directory: ResourceDirectory, owner: Owner
    ) -> None:
        every = all_of(directory, owner)
        for kind in directory.kinds:
            assert all_of(directory, owner, kinds=(kind,)) == [one for one in every if one.kind == kind]
        assert all_of(directory, owner, kinds=("no-such-kind",)) == []

    def test_search_finds_by_label_whatever_the_case(
        self, directory: ResourceDirectory, owner: Owner
    ) -> None:
        for one in all_of(directory, owner)[:5]:
            for query in (one.label, one.label.upper(), one.label.lower()):
                assert one in all_of(directory, owner, query=query)

    @pytest.mark.parametrize("query", ["zzz nobody calls anything so", ODD, "%", "\\", "x" * 100])
    def test_odd_search_finds_no_more_than_there_is(
        self, directory: ResourceDirectory, owner: Owner, query: str
    ) -> None:
        every = all_of(directory, owner)
        assert [one for one in all_of(directory, owner, query=query) if one not in every] == []

    def test_what_is_listed_is_described_the_same(self, directory: ResourceDirectory, owner: Owner) -> None:
        every = {one.resource_id: one for one in all_of(directory, owner)[:200]}
        described = directory.describe(owner, list(every))
        assert {one.resource_id: one for one in described} == every

    def test_unknown_ids_are_left_out(self, directory: ResourceDirectory, owner: Owner) -> None:
        known = all_of(directory, owner)[0]
        assert list(directory.describe(owner, [*UNKNOWN, known.resource_id])) == [known]
        assert list(directory.describe(owner, [])) == []

    def test_thousand_ids_are_described_at_once(self, directory: ResourceDirectory, owner: Owner) -> None:
        known = all_of(directory, owner)[0]
        ids = [known.resource_id, *(f"unknown-{number}" for number in range(999))]
        assert list(directory.describe(owner, ids)) == [known]

    def test_nobody_is_shown_what_is_anothers(
        self, directory: ResourceDirectory, owner: Owner, stranger: Owner
    ) -> None:
        own = [one.resource_id for one in all_of(directory, owner)]
        assert set(own).isdisjoint(one.resource_id for one in all_of(directory, stranger))
        assert list(directory.describe(stranger, own[:1000])) == []

    @pytest.mark.parametrize("name", ["", ODD, "x" * 1000])
    def test_odd_names_change_nothing(self, directory: ResourceDirectory, owner: Owner, name: str) -> None:
        assert all_of(directory, replace(owner, name=name)) == all_of(directory, owner)

    def test_several_threads_may_ask_at_a_time(self, directory: ResourceDirectory, owner: Owner) -> None:
        expected = all_of(directory, owner)
        found = together(8, lambda _: all_of(directory, owner))
        assert all(one == expected for one in found)

    def test_directory_that_cannot_look_says_so_and_does_not_list_nothing(
        self, broken_directory: ResourceDirectory, owner: Owner
    ) -> None:
        """An empty list means that there is nothing to choose from."""
        with pytest.raises(Exception):  # noqa: B017, PT011 - any of them leaves the person with a page that says so
            all_of(broken_directory, owner)
        with pytest.raises(Exception):  # noqa: B017, PT011 - see above
            broken_directory.describe(owner, ["site-1"])

    def test_silence_is_given_up_in_time(self, hanging_directory: ResourceDirectory, owner: Owner) -> None:
        began = time.monotonic()
        with pytest.raises(Exception):  # noqa: B017, PT011 - see above
            hanging_directory.list(owner, kinds=(), query="", after="", limit=100)
        assert time.monotonic() - began < LONGEST_S, "the page is given up after 10 seconds"

    def _not_offered(self, fixture: str) -> NoReturn:
        if "network" in self.capabilities:
            pytest.fail(f"capability 'network' is declared: override the fixture {fixture!r}")
        pytest.skip("the test class does not declare 'network'")
