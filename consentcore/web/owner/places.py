"""What a person has chosen from, on the pages about it: called by its name, and looked up."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from consentcore.consent.personal import disclosed, labels_in
from consentcore.consent.resource_labels import labels_of
from consentcore.domain.errors import DirectoryUnavailable
from consentcore.domain.resource import is_everything, reference
from consentcore.egress import Busy
from consentcore.hooks.resource_directories import asking

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyramid.request import Request

    from consentcore.domain.event import ConsentEvent

log = logging.getLogger("consentcore.web")
_MOST_PAGES = 10
_MOST_NAMED = 100


def named(
    request: Request, references: Sequence[str], event: ConsentEvent | None
) -> tuple[Sequence[str], int]:
    """Names of what was chosen, in order, and how many of it are not named: thousands would be no page to read.

    The directory knows them best; what it knows no more is called as it was when somebody agreed.

    :param event: by which they agreed.
    """
    single = [one for one in references if not is_everything(one)]
    asked = single[:_MOST_NAMED]
    labels = _labels(request, asked)
    if event is not None and not set(asked) <= set(labels):
        labels = labels_in(disclosed(request.uow, event)) | labels
    known = sorted((labels[one] for one in asked if one in labels), key=str.casefold)
    return known, len(single) - len(known)


def _labels(request: Request, references: Sequence[str]) -> dict[str, str]:
    """What the directories call them; nothing where too many wait for these already: a page is there without names."""
    directories = request.runtime.directories
    try:
        with asking(directories):
            return labels_of(directories, request.owner, references)
    except Busy as error:
        log.warning("the sites of a permission are not named: %s", error)
        return {}


def matching(request: Request, text: str) -> frozenset[str] | None:
    """References of the owner's resources that somebody means by these words, of at most 1000; None where that cannot
    be found out just now.

    :raises Busy: too many wait for the directories already.
    """
    directories, found, after = request.runtime.directories, list[str](), ""
    try:
        with asking(directories):
            for _ in range(_MOST_PAGES):
                page = directories.page(request.owner, (), query=text, after=after)
                for one in page.resources:
                    found += (one.resource_id, reference(one.kind, one.resource_id))
                after = page.next_after
                if not after:
                    break
    except DirectoryUnavailable as error:
        log.error("nobody was found by a site: %s", error)
        return None
    return frozenset(found)
