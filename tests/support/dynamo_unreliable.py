"""DynamoDB on a bad day: indexes that show only some requests later what was written, a service that is busy, parts of
answers and whole answers that get lost. By chance, of which the seed is known."""

from __future__ import annotations

import copy
import random
from collections import Counter

from botocore.exceptions import ReadTimeoutError

from tests.support.dynamo import TABLE, Service, copied_item, refusal, shown, tables, written_keys

BUSY = ("ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded")
CANCELED = ("TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded")


class LateIndexes:
    """What indexes show: each item as it was some requests ago, the items in any order.

    :param latest: most requests until a write is seen.
    """

    def __init__(self, chance: random.Random, latest: int) -> None:
        self._chance, self._latest = chance, latest
        self._shown = copy.deepcopy(tables()[TABLE])
        self._coming = []
        self._last_due = {}
        self.requests = 0

    def note(self, keys):
        """These items have just been written."""
        for p, s in keys:
            due = max(self.requests + self._chance.randint(1, self._latest), self._last_due.get((p, s), 0))
            self._last_due[p, s] = due
            now = tables()[TABLE].items.get(p, {}).get(s)
            self._coming.append((due, p, s, None if now is None else copied_item(now)))

    def query(self, ask):
        """Answer from what is shown by now."""
        for _, p, s, item in (one for one in self._coming if one[0] <= self.requests):
            if item is None:
                self._shown.items[p].pop(s, None)
            else:
                self._shown.items[p][s] = item
        self._coming = [one for one in self._coming if one[0] > self.requests]
        with shown(self._shown):
            return ask()


class Unreliable(Service):
    """The same service, of which nothing can be relied upon but what DynamoDB promises.

    :param busy: how often it says so, of all requests.
    :param lost: how often the answer to what may be sent twice does not come, though it was done.
    :ivar met: what went wrong how often.
    """

    def __init__(self, client, *, seed=1, latest=6, busy=0.1, lost=0.05, late=None):
        super().__init__(client)
        self._chance = random.Random(seed)
        self._busy, self._lost = busy, lost
        self.late = late or LateIndexes(self._chance, latest)
        self._done = set()
        self.met = Counter()

    def _answer(self, name, asked):
        self.late.requests += 1
        self._perhaps_refuse(name, asked)
        if "IndexName" in asked:
            return self.late.query(lambda: super(Unreliable, self)._answer(name, asked))
        token = asked.get("ClientRequestToken")
        if token and token in self._done:
            self.met["sent twice"] += 1
            return {}
        if "RequestItems" in asked and self._chance.random() < self._busy:
            return self._partly(name, asked["RequestItems"])
        answer = super()._answer(name, asked)
        self.late.note(written_keys(name, asked))
        if token:
            self._done.add(token)
            self._perhaps_lose()
        return answer

    def _perhaps_refuse(self, name, asked):
        if self._chance.random() >= self._busy:
            return
        if name == "transact_write_items" and self._chance.random() < 0.7:
            reasons = ["None"] * len(asked["TransactItems"])
            reasons[self._chance.randrange(len(reasons))] = reason = self._chance.choice(CANCELED)
            self.met[reason] += 1
            raise refusal("TransactionCanceledException", *reasons)
        self.met["busy"] += 1
        raise refusal(self._chance.choice(BUSY), operation=name)

    def _perhaps_lose(self):
        if self._chance.random() < self._lost:
            self.met["lost"] += 1
            raise ReadTimeoutError(endpoint_url="http://dynamodb.test")

    def _partly(self, name, wanted):
        """Half of a batch, rounded down."""
        self.met["part of a batch"] += 1
        if name == "batch_get_item":
            keys, rest = _halves(wanted[TABLE]["Keys"])
            found = (
                super()._answer(name, {"RequestItems": {TABLE: {**wanted[TABLE], "Keys": keys}}})
                if keys
                else {}
            )
            return {**found, "UnprocessedKeys": {TABLE: {**wanted[TABLE], "Keys": rest}}}
        done, rest = _halves(wanted[TABLE])
        if done:
            part = {"RequestItems": {TABLE: done}}
            super()._answer(name, part)
            self.late.note(written_keys(name, part))
        return {"UnprocessedItems": {TABLE: rest}}


def _halves(things):
    return things[: len(things) // 2], things[len(things) // 2 :]
