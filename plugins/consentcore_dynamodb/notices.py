"""Notices inside a transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from consentcore.api import Audience, Notice
from consentcore_dynamodb.keys import (
    OTHERS,
    WORK,
    Item,
    event_key,
    indexed,
    name,
    notice_key,
    place,
    shard,
)
from consentcore_dynamodb.records import NOTICES
from consentcore_dynamodb.work import Work

UNEXPANDED = "UNEXPANDED"


class DynamoNotices:
    """:class:`consentcore.api.NoticeRepository` in DynamoDB."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def add(self, notice: Notice) -> None:
        self._work.add(notice_item(notice), f"there is a notice {notice.notice_id!r} already")
        if tells_client(notice):
            self._work.before_commit(lambda: self._list_for_client(notice))

    def _list_for_client(self, notice: Notice) -> None:
        """Let the client's feed find it, if it tells of an event."""
        item = self._work.get(notice_key(notice.notice_id))
        if item is None or self._work.get(event_key(notice.notice_id)) is None:
            return
        self._work.amend({**item, **listed_for_client(notice)})

    def several(self, notice_ids: Collection[str]) -> Mapping[str, Notice]:
        found = self._work.get_many(map(notice_key, notice_ids)).values()
        return {notice.notice_id: notice for notice in map(NOTICES.read, found)}


def tells_client(notice: Notice) -> bool:
    """Whether it gets a place in the feed of its client, if it tells of an event."""
    return Audience.CLIENT in notice.audiences and notice.client_id != ""


def listed_for_client(notice: Notice) -> Item:
    """What lets the client's feed find it."""
    of_client = shard(without_place(notice.client_id), notice.notice_id)
    return indexed(OTHERS, of_client, place(notice.occurred_at, notice.notice_id))


def without_place(client_id: str) -> str:
    """The shards of what a client is told and has no place in its feed yet."""
    return name("NO-PLACE", client_id)


def notice_item(notice: Notice) -> Item:
    """The item of a notice that has no deliveries yet."""
    notice_id, at = notice.notice_id, place(notice.occurred_at, notice.notice_id)
    return {
        **NOTICES.write(notice),
        **notice_key(notice_id).attributes,
        **indexed(WORK, shard(UNEXPANDED, notice_id), at),
    }
