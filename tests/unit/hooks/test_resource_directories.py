"""The directories of all plugins as one: paged, checked, and given up in time."""

from __future__ import annotations

import threading

import pytest

from consentcore.api import Resource, ResourcePage
from consentcore.domain.errors import DirectoryUnavailable
from consentcore.hooks.resource_directories import Directories, NamedDirectory
from consentcore.testing import factories
from tests.support import tiny_plugins as tiny
from tests.support.directories import MemoryDirectory, sites

ADA = factories.owner(email="ada@example.org", name="Ada")


def directories(*made, kinds=(), **options):
    named = [NamedDirectory(f"plugin{number}", one) for number, one in enumerate(made)]
    return Directories(named, kinds, **options)


def every(found, kinds=("site",)):
    rows, after = [], ""
    while True:
        page = found.page(ADA, kinds, after=after)
        assert len(page.resources) <= 100
        rows += page.resources
        after = page.next_after
        if not after:
            return rows


def test_several_directories_are_listed_one_after_the_other_in_pages():
    found = directories(
        MemoryDirectory({ADA.email: sites(150)}), MemoryDirectory({ADA.email: sites(120, city="Nice")})
    )
    assert every(found) == [*sites(150), *sites(120, city="Nice")]


def test_what_is_described_is_of_the_kind_that_was_meant():
    found = directories(MemoryDirectory({ADA.email: sites(3)}))
    known = found.describe(ADA, ["site|lyon-0001", "device|lyon-0001", "lyon-0002", "site|*", "site|gone"])
    assert list(known) == ["site|lyon-0001", "lyon-0002"]


def test_directory_that_hangs_is_given_up_and_its_plugin_told():
    let_go = threading.Event()

    class Hanging(MemoryDirectory):
        def list(self, owner, **asked):
            let_go.wait()

    told = []
    found = directories(Hanging(), overdue=told.append, seconds=0.05)
    with pytest.raises(
        DirectoryUnavailable, match=r"plugin0: its resource directory failed: .*no answer for 0\.05 s"
    ):
        found.page(ADA, ("site",))
    assert told == ["plugin0"]
    let_go.set()


@pytest.mark.parametrize("error", [OSError("x"), SystemExit(1), KeyboardInterrupt(), GeneratorExit()])
def test_whatever_a_directory_raises_is_one_error(error):
    made = MemoryDirectory()
    made.error = error
    with pytest.raises(DirectoryUnavailable):
        directories(made).page(ADA, ())


@pytest.mark.parametrize(
    "answer",
    [
        None,
        ResourcePage([Resource("a", "A", kind="meter")]),
        ResourcePage([Resource("a", "A")] * 101),
        ResourcePage((), next_after="x" * 301),
        ResourcePage((), next_after=7),
        ResourcePage((), total=-1),
        ResourcePage((), total=True),
        ResourcePage([Resource("a", "A", group=(7,))]),
    ],
)
def test_rubbish_is_one_error(answer):
    class Odd(MemoryDirectory):
        def list(self, owner, **asked):
            return answer

    with pytest.raises(DirectoryUnavailable):
        directories(Odd()).page(ADA, ("site",))


def test_directory_of_before_there_were_pages_goes_on():
    found = directories(tiny.Directory(), kinds=("site",))
    assert [one.label for one in every(found)] == ["The house of Ada"]
    assert list(found.describe(ADA, ["site|site-1", "site-1", "site|x"])) == ["site|site-1", "site-1"]
    assert found.allows_everything(("site",)) is False


def test_kind_of_before_that_no_scope_needs_counts_as_a_site():
    class Town:
        def resources(self, owner):
            return [Resource("house-1", "Mill Lane", kind="house")]

    assert [one.kind for one in every(directories(Town(), kinds=("site",)))] == ["site"]
    assert [one.kind for one in every(directories(Town()), kinds=())] == ["house"]


def test_everything_is_offered_only_where_every_directory_allows_it():
    yes, no = MemoryDirectory(), MemoryDirectory(allows_everything=False)
    assert directories(yes).allows_everything(("site",)) is True
    assert directories(yes, no).allows_everything(("site",)) is False
    assert directories().allows_everything(("site",)) is False
