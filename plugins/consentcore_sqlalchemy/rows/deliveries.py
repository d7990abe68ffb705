"""Rows of deliveries and their attempts."""

from __future__ import annotations

from consentcore.api import Attempt, Delivery
from consentcore_sqlalchemy.rows.records import PROOF, Records
from consentcore_sqlalchemy.tables import delivery, delivery_attempt

DELIVERIES = Records(Delivery, delivery.c, seal=PROOF)
ATTEMPTS = Records(Attempt, delivery_attempt.c)
