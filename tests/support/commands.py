"""Every command there is, with words that bring it as far as its storage: a new one is tried without being named."""

from __future__ import annotations

from pathlib import Path

import click

from consentcore.cli.commands import BUILT_IN, built_in

RUN_UNTIL_TOLD = {"serve", "worker", "demo", "webhooks listen"}
"""These end by a signal; what they do when they cannot start is tried one by one."""
WITHOUT_STORAGE = {"keys create", "plugins new", "verify", "webhooks fixtures"}
"""They need no configuration."""
WITHOUT_ASKING_IT = {"keys list", "keys revoke", "keys rotate", "plugins list", "plugins show", "scopes list"}
"""They need a configuration, or take one, and leave its storage alone: a leaked key ends though no database answers."""
GIVEN = {
    "client create": ("--name", "App", "--redirect-uri", "https://app.example/cb", "--scope", "comfort.read"),
    "client update": ("nobody", "--name", "New"),
    "consents at": ("2026-03-29", "--owner", "ada@example.org"),
    "consents list": ("--owner", "ada@example.org"),
    "consents revoke": ("nothing", "--reason", "a mistake"),
    "owner create": ("--email", "new@example.org", "--password-stdin"),
    "owner set-email": ("--email", "ada@example.org", "--new-email", "new@example.org"),
    "plugins new": ("notifier", "strange_one"),
    "plugins show": ("webhook",),
    "webhooks endpoint add": ("nobody", "https://app.example/hook"),
    "webhooks endpoint update": ("nothing", "--event", "consent.revoked"),
    "webhooks replay": ("nothing",),
}
"""Words that no option says are needed, or that have to be of a kind."""


def leaves(command: click.Command, path: str):
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from leaves(child, f"{path} {name}")
    else:
        yield path, command


FOUND = {path: command for name in BUILT_IN for path, command in leaves(built_in(name), name)}
ENDING = sorted(set(FOUND) - RUN_UNTIL_TOLD)
ON_STORAGE = [path for path in ENDING if path not in WITHOUT_STORAGE | WITHOUT_ASKING_IT]
CONFIGURED = [path for path in ENDING if path not in WITHOUT_STORAGE | {"plugins list", "plugins show"}]
NEEDING_ONE = [path for path in CONFIGURED if path != "plugins check"]
"""Without -c `plugins check` looks at what is installed."""


def words(path: str, folder, value: str = "") -> list[str]:
    """A call of a command.

    :param value: in the place of every text that is free; by default what fits.
    """
    return [*path.split(), *(GIVEN.get(path) if path in GIVEN and not value else needed(path, folder, value))]


def needed(path: str, folder, value: str = "") -> list[str]:
    found: list[str] = []
    for parameter in FOUND[path].params:
        if parameter.required or (value and parameter.type is click.STRING):
            text = _value(parameter, folder, value)
            flag = getattr(parameter, "is_flag", False)
            name = max(parameter.opts, key=len)
            found += (
                [text] if isinstance(parameter, click.Argument) else [name] if flag else [f"{name}={text}"]
            )
    return found


def _value(parameter: click.Parameter, folder, value: str) -> str:
    kind = parameter.type
    if isinstance(kind, click.Choice):
        return str(kind.choices[0])
    if isinstance(kind, click.Path):
        return str(Path(__file__) if kind.exists else folder / "made" / parameter.name)
    if isinstance(kind, click.IntRange | click.FloatRange):
        return str(kind.min)
    if value:
        return value
    return "ada@example.org" if "email" in parameter.name else "nothing"
