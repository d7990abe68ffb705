"""A choice of resources, read back from a form and checked; the list that it was made from is in
:mod:`consentcore.web.owner.resource_chooser`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentcore.consent.choice import MOST_CHOSEN
from consentcore.domain.authorization_detail import read
from consentcore.domain.errors import ConsentcoreError
from consentcore.domain.message import Message, message
from consentcore.domain.resource import (
    everything,
    normal,
    reference,
)
from consentcore.domain.text import isolated
from consentcore.hooks.resource_directories import asking

if TYPE_CHECKING:
    from pyramid.request import Request

    from consentcore.domain.client import Client
    from consentcore.domain.owner import Owner
    from consentcore.web.owner.resource_chooser import Chooser
    from consentcore.web.owner.resource_form import ResourceForm

GONE = message(
    "Something that you had chosen is not in the list any more. Nothing was sent. Please look at your choice again."
)
TOO_MANY = message(
    "You have chosen more than %(most)s. Nothing was sent. Please choose fewer.", most=MOST_CHOSEN
)


class ChoiceProblem(ConsentcoreError):
    """A choice that cannot be taken; ``said`` tells the person why."""

    def __init__(self, said: Message) -> None:
        super().__init__(str(said))
        self.said = said


@dataclass(frozen=True)
class Choice:
    """What was chosen.

    :ivar references: as a grant keeps them.
    :ivar labels: what each is called, by reference; none of what stands for everything.
    """

    references: tuple[str, ...]
    labels: Mapping[str, str]


def read_choice(request: Request, owner: Owner, chooser: Chooser, posted: ResourceForm) -> Choice:
    """Check what was posted against the directories.

    :param chooser: what was shown.
    :raises ChoiceProblem: when something of it is gone, is somebody else's, cannot be chosen, or is too much.
    :raises DirectoryUnavailable: when they cannot be asked.
    """
    if posted.everything and chooser.everything_offered:
        return Choice(everything(chooser.kinds), {})
    directories = request.runtime.directories
    if len(posted.chosen) > MOST_CHOSEN:
        raise ChoiceProblem(TOO_MANY)
    with asking(directories):
        known = directories.describe(owner, posted.chosen)
    for one in posted.chosen:
        found = known.get(one)
        if found is None or (chooser.kinds and found.kind not in chooser.kinds):
            raise ChoiceProblem(GONE)
        if found.unavailable and one not in chooser.standing:
            raise ChoiceProblem(GONE)
    labels = {reference(one.kind, one.resource_id): one.label for one in known.values()}
    return Choice(normal(labels), labels)


def check_enough(
    request: Request, scopes: Sequence[str], choice: Choice, client: Client, details: Sequence[str] = ()
) -> None:
    """Hold a choice to what the scopes and authorization details need.

    :param details: each as it is kept.

    :raises ChoiceProblem: when nothing is chosen of what one of them needs; the words say what, and for what.
    """
    rules = request.runtime.choice_rules
    lacking = rules.lacking(scopes, choice.references)
    if lacking:
        kinds = rules.kinds(lacking)
        name, label = isolated(client.name), request.catalog[lacking[0]].label
        raise ChoiceProblem(_none_chosen(kinds[0] if len(kinds) == 1 else "", name, label))
    short = rules.lacking_details(details, choice.references)
    if short:
        kinds = rules.kinds((), [one for one in details if read(one).type in short])
        known = request.catalog.detail_types.get(short[0])
        name, label = isolated(client.name), known.said.label if known else short[0]
        raise ChoiceProblem(_none_chosen(kinds[0] if len(kinds) == 1 else "", name, label))


def _none_chosen(kind: str, name: str, label: str) -> Message:
    if kind == "site":
        return message(
            "Please choose at least one site: %(name)s gets nothing from sites that you leave out.", name=name
        )
    if kind == "meter":
        return message(
            "Please choose at least one meter: %(name)s gets nothing from meters that you leave out.",
            name=name,
        )
    if kind == "device":
        return message(
            "Please choose at least one device: %(name)s can do nothing with devices that you leave out.",
            name=name,
        )
    return message(
        "Please choose at least one entry of the list for “%(label)s”: %(name)s gets nothing from what you leave out.",
        label=isolated(label),
        name=name,
    )
