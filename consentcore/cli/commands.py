"""Click classes of ours: every command takes ``-c``, ``--json`` and ``--debug``, and plugins may add commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, NoReturn

import click

from consentcore.cli.state import State
from consentcore.domain.errors import ConfigurationError

BUILT_IN = {
    "audit": "Prove that the evidence is untouched.",
    "client": "Register and manage applications.",
    "consents": "List, export and revoke consents.",
    "demo": "Everything on this machine, with a demo application to click through.",
    "init": "Create or migrate the storage; safe to repeat.",
    "keys": "List, make and rotate master keys.",
    "owner": "Create and manage data owners.",
    "plugins": "List, show, check and begin plugins.",
    "serve": "Serve HTTP.",
    "webhooks": "Endpoints, the delivery log, replays and tests of webhooks.",
    "worker": "Deliver notices, expire grants, purge.",
}
"""Commands by name, each in the module of its name; its help stands here so that --help imports none of them."""


def remember(attribute: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    """A callback that keeps an option's value in the state, wherever on the line it was given."""

    def callback(ctx: click.Context, _parameter: click.Parameter, value: Any) -> None:
        if value:
            setattr(ctx.ensure_object(State), attribute, value)

    return callback


def common_options() -> list[click.Parameter]:
    """The options that every command takes."""
    return [
        click.Option(
            ["-c", "--config", "ini"],
            metavar="INI",
            expose_value=False,
            is_eager=True,
            callback=remember("ini"),
            help="Configuration file, or CONSENTCORE_INI.",
        ),
        click.Option(
            ["--json", "as_json"],
            is_flag=True,
            expose_value=False,
            callback=remember("as_json"),
            help="Machine output on stdout.",
        ),
        click.Option(
            ["--debug"],
            is_flag=True,
            expose_value=False,
            hidden=True,
            callback=remember("debug"),
            help="Show where an error came from.",
        ),
    ]


def add_common_options(command: click.Command) -> None:
    """Give a command the options that it lacks; those it has under the same name stay its own."""
    taken = {name for parameter in command.params for name in parameter.opts}
    command.params += [option for option in common_options() if not taken.intersection(option.opts)]
    if isinstance(command, click.Group):
        for child in command.commands.values():
            add_common_options(child)


class Command(click.Command):
    """A command with the common options."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        add_common_options(self)


class Group(click.Group):
    """A group whose commands are :class:`Command`."""

    command_class = Command

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        add_common_options(self)


Group.group_class = Group


class RootGroup(Group):
    """The command line itself: built-in commands are imported when they are called, then come the plugins'."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names for ``--help``; a configuration that is not in order adds none."""
        return sorted({*BUILT_IN, *self._for_help(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A built-in command, or one of a plugin that :meth:`resolve_command` has found."""
        if cmd_name in BUILT_IN:
            return import_module(f"consentcore.cli.{cmd_name}").command
        return ctx.ensure_object(State).plugin_commands.get(cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, among the plugins' ones too when an INI is named anywhere on the line."""
        if args and args[0] not in BUILT_IN:
            _load_plugin_commands(ctx.ensure_object(State), args)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List commands with their help without importing the built-in ones."""
        added = {name: one.get_short_help_str() for name, one in self._for_help(ctx).items()}
        with formatter.section("Commands"):
            formatter.write_dl(sorted((BUILT_IN | added).items()))

    def _for_help(self, ctx: click.Context) -> Mapping[str, click.Command]:
        state = ctx.ensure_object(State)
        try:
            _load_plugin_commands(state, ())
        except ConfigurationError:
            return {}
        return state.plugin_commands


def _load_plugin_commands(state: State, args: Sequence[str]) -> None:
    """Ask the plugins of the configuration, if one is named, for their commands."""
    ini = state.ini or _ini_among(args)
    if not ini or state.plugin_commands:
        return
    state.ini = ini
    collected = Group("plugins")
    state.config.registry.cli(collected)
    for name, command in collected.commands.items():
        if name in BUILT_IN:
            raise ConfigurationError([f"a plugin adds a command {name}, which exists already"])
        add_common_options(command)
        state.plugin_commands[name] = command


def _ini_among(args: Sequence[str]) -> str | None:
    """The value of ``-c`` behind a subcommand that is not known before its plugin is."""
    for index, word in enumerate(args):
        if word in {"-c", "--config"} and index + 1 < len(args):
            return args[index + 1]
        if word.startswith("--config="):
            return word.removeprefix("--config=")
    return None


def refuse(message: str) -> NoReturn:
    """End with exit code 1, which means that a problem was found."""
    raise click.ClickException(message)
