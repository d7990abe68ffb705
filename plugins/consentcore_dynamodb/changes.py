"""Parts of a write: what becomes of an item, on which condition."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from consentcore_dynamodb.keys import Item, Key


@dataclass(frozen=True)
class Condition:
    """What has to hold of an item, in DynamoDB's words.

    :ivar text: the expression, with ``#name`` for each attribute in ``names``.
    """

    text: str
    names: tuple[str, ...] = ()
    values: Item = field(default_factory=dict)

    @property
    def parameters(self) -> dict[str, Any]:
        """As a request has it."""
        return {"ConditionExpression": self.text, **expression_parts(self.names, self.values)}


ABSENT = Condition("attribute_not_exists(#p)", ("p",))


def version(number: int) -> Condition:
    """Nobody has written it since it had this version."""
    return Condition("#v = :v", ("v",), {":v": {"N": str(number)}})


@dataclass(frozen=True)
class Change:
    """A part of a write.

    :ivar action: ``Put``, ``Delete``, ``Update`` or ``ConditionCheck``.
    :ivar parts: of the request, without table and condition.
    """

    action: str
    parts: dict[str, Any]
    condition: Condition | None = None

    def request(self, table: str) -> dict[str, Any]:
        """The part as a transaction has it."""
        parts = {"TableName": table, **self.parts}
        if self.condition is not None:
            for name, value in self.condition.parameters.items():
                parts[name] = {**parts[name], **value} if name in parts else value
        return {self.action: parts}


def put(item: Item, condition: Condition | None = None) -> Change:
    """Store an item."""
    return Change("Put", {"Item": item}, condition)


def delete(key: Key, condition: Condition | None = None) -> Change:
    """Remove an item."""
    return Change("Delete", {"Key": key.attributes}, condition)


def check(key: Key, condition: Condition) -> Change:
    """Write nothing, and let nothing be written unless this holds."""
    return Change("ConditionCheck", {"Key": key.attributes}, condition)


def update(
    key: Key, text: str, names: Iterable[str], values: Item, condition: Condition | None = None
) -> Change:
    """Change attributes of an item; ``text`` is an update expression."""
    return Change(
        "Update",
        {"Key": key.attributes, "UpdateExpression": text, **expression_parts(names, values)},
        condition,
    )


def expression_parts(names: Iterable[str], values: Item) -> dict[str, Any]:
    """Names and values of an expression; DynamoDB takes no empty ones."""
    parts: dict[str, Any] = {}
    if names := tuple(names):
        parts["ExpressionAttributeNames"] = {f"#{name}": name for name in names}
    if values:
        parts["ExpressionAttributeValues"] = values
    return parts
