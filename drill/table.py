"""The table of attacks in the documentation."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from drill import EXPECTED
from drill.attack import Attack, By, Who

HEAD = ("attack", "found by")
PAGE = Path(__file__).resolve().parent.parent / "docs" / "evidence.md"
BEGIN, END = "<!-- attacks: made by `make reference` -->", "<!-- end of attacks -->"
NOT_FOUND = "**nothing**"


def line(attack: Attack, found: Collection[By]) -> str:
    """One attack in words, as it is printed."""
    return f"{attack.who} | {attack.what} | {words(attack, found)}"


def words(attack: Attack, found: Collection[By]) -> str:
    """What finds it; where nothing does, why."""
    by = ", ".join(str(one) for one in By if one in found)
    return by or (f"{NOT_FOUND}: {attack.why}" if attack.why else NOT_FOUND)


def tables(attacks: Iterable[Attack]) -> str:
    """One table for each kind of attacker, as Markdown."""
    many = list(attacks)
    parts = []
    for who in Who:
        rows = [one for one in many if one.who is who]
        lines = [f"| {one.what} | {words(one, one.found)} |" for one in rows]
        parts.append(
            "\n".join([f"**Who has: {who}**", "", f"| {HEAD[0]} | {HEAD[1]} |", "|---|---|", *lines])
        )
    return "\n\n".join(parts)


def page(text: str) -> str:
    """The page with the tables as they have to be."""
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n\n{tables(EXPECTED)}\n\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
