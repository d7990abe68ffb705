"""What is stored of tries that end together, and what is noted of their endpoints."""

from __future__ import annotations

from consentcore.api import Delivered, DeliveryState, Retry, Settlement
from consentcore.testing import factories
from consentcore.worker.retry import AttemptResult
from consentcore.worker.settler import PendingSettlement, Settler


class Store:
    """Keeps everything."""

    class capabilities:  # noqa: N801 - the port's name
        fits = staticmethod(lambda wanted: wanted)

    @property
    def outbox(self):
        return self

    def settle_all(self, settlements):
        return [True] * len(settlements)


class Endpoints:
    def __init__(self):
        self.observed = []

    def observe(self, endpoint, outcome, next_at):
        self.observed.append((endpoint, isinstance(outcome, Delivered)))


def ended(target, outcome):
    delivery = factories.delivery("n1", target=target)
    settled = Settlement(delivery.delivery_id, "", DeliveryState.DELIVERED, 1)
    return PendingSettlement(settled, delivery, AttemptResult(delivery, 1, 1, 1, outcome, 1), target)


def observed(*tries):
    endpoints = Endpoints()
    Settler(Store(), endpoints).settle([ended(*one) for one in tries])
    return endpoints.observed


def test_successes_of_the_same_moment_are_noted_once_for_each_endpoint():
    """Each would lock the endpoint's row in a transaction of its own, to find that there is nothing to write."""
    well = Delivered(204)
    assert observed(("a", well), ("b", well), ("a", well), ("a", well)) == [("a", True), ("b", True)]


def test_success_after_a_failure_and_every_failure_are_noted():
    well, badly = Delivered(204), Retry("no", status=500)
    tries = [("a", well), ("a", badly), ("a", badly), ("a", well), ("a", well)]
    assert observed(*tries) == [("a", True), ("a", False), ("a", False), ("a", True)]
