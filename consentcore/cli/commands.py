"""Click classes of ours: every command takes ``-c``, ``--json`` and ``--debug``, and plugins may add commands."""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from math import isnan
from typing import TYPE_CHECKING, Any, NoReturn

import click

from consentcore.cli.exit_codes import FOUND_A_PROBLEM
from consentcore.cli.state import State
from consentcore.domain.errors import ConfigurationError, StorageError, StorageNotMigrated
from consentcore.domain.json_text import is_unicode
from consentcore.domain.visible import visible

if TYPE_CHECKING:
    from consentcore.ports.storage import Storage

BUILT_IN = {
    "audit": "Prove that the evidence is untouched.",
    "client": "Register and manage applications.",
    "consents": "List, export and revoke consents.",
    "export": "Write everything that the storage keeps into a file, to move to another storage.",
    "import": "Read such a file into an empty storage.",
    "demo": "Everything on this machine, with a demo application to click through.",
    "init": "Create or migrate the storage; safe to repeat.",
    "keys": "List, make and rotate master keys.",
    "owner": "Create and manage data owners.",
    "plugins": "List, show, check and begin plugins.",
    "registration-token": "Let applications register themselves.",
    "scopes": "List and check the scope catalog.",
    "serve": "Serve HTTP.",
    "verify": "Check a bundle of evidence or a receipt; needs no configuration.",
    "webhooks": "Endpoints, the delivery log, replays and tests of webhooks.",
    "worker": "Deliver notices, expire grants, purge.",
}
"""Commands by name, each in the module of its name; its help stands here so that --help imports none of them."""
_MODULES = {"export": "moving_out", "import": "moving_in", "registration-token": "registration_token"}
"""Where a command is whose name no module can have, or that has a counterpart."""


def built_in(name: str) -> click.Command:
    """Import a built-in command."""
    found: click.Command = import_module(f"consentcore.cli.{_MODULES.get(name, name)}").command
    return found


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

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words, and refuse what click lets through and no command can use."""
        rest = super().parse_args(ctx, args)
        if not ctx.ensure_object(State).foreign:
            for parameter in self.params:
                _check_usable(ctx, parameter)
        return rest


def _check_usable(ctx: click.Context, parameter: click.Parameter) -> None:
    value = ctx.params.get(parameter.name or "")
    for one in value if isinstance(value, tuple) else (value,):
        if isinstance(one, float) and isnan(one):
            raise click.BadParameter("expected a number", ctx, parameter)
        if isinstance(one, str) and not is_unicode(one):
            # The bytes of the command line that are no UTF-8 arrive like this, and no storage can hold them.
            raise click.BadParameter("expected UTF-8", ctx, parameter)


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
            return built_in(cmd_name)
        state = ctx.ensure_object(State)
        found = state.plugin_commands.get(cmd_name)
        state.foreign = found is not None
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, among the plugins' ones too when an INI is named anywhere on the line."""
        if args and args[0] not in BUILT_IN:
            _load_plugin_commands(ctx.ensure_object(State), args)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. click would end without a word at a connection that broke, as if it were the output."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise ConnectionResetError(errno.ECONNRESET, error.strerror) from error

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
    registry = state.config.registry
    givers: dict[str, str] = {}
    found: dict[str, click.Command] = {}
    problems = []
    for plugin in registry.implementing("consentcore_cli"):
        collected = Group("plugins")
        registry.cli(collected, [plugin])
        for name, command in collected.commands.items():
            if name in BUILT_IN:
                problems.append(registry.placed(plugin, f"it adds a command {name}, which exists already"))
            elif name in givers:
                other = registry.described(givers[name])
                problems.append(
                    registry.placed(plugin, f"it adds a command {name}, and so does plugin {other}")
                )
            givers.setdefault(name, plugin)
            found[name] = command
    if problems:
        raise ConfigurationError(problems)
    for command in found.values():
        add_common_options(command)
    state.plugin_commands.update(found)


def _ini_among(args: Sequence[str]) -> str | None:
    """The value of ``-c`` behind a subcommand that is not known before its plugin is."""
    for index, word in enumerate(args):
        if word in {"-c", "--config"} and index + 1 < len(args):
            return args[index + 1]
        if word.startswith("--config="):
            return word.removeprefix("--config=")
    return None


class Refused(click.ClickException):
    """What was asked for cannot be answered with yes; each line of the message is one of ours."""

    def __init__(self, lines: tuple[str, ...], code: int) -> None:
        super().__init__("\n".join(map(visible, lines)))
        self.exit_code = code  # type: ignore[misc]  # click's own classes do it likewise


def refuse(*lines: str, code: int = FOUND_A_PROBLEM) -> NoReturn:
    """End with a message.

    :param code: one of :mod:`consentcore.cli.exit_codes`.
    """
    raise Refused(lines, code)


def answers(storage: Storage) -> bool:
    """Whether a storage that is not in order can be reached at all: what is wrong with it is found then, not feared."""
    try:
        with storage.reading() as uow:
            uow.grants.all(limit=1)
    except StorageNotMigrated:
        return True
    except StorageError:
        return False
    return True
