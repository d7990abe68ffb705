"""What the commands of one call share: the INI that was named, and what is made from it when first asked for."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from consentcore.cli.output import machine
from consentcore.cli.writing import private
from consentcore.domain.visible import visible

if TYPE_CHECKING:
    from consentcore.config import LoadedConfig
    from consentcore.runtime import Runtime


class State:
    """The object of every click context (``ctx.obj``); plugins' commands may use it.

    :ivar ini: path given by ``-c`` or ``CONSENTCORE_INI``, or None.
    :ivar as_json: whether ``--json`` was given.
    :ivar foreign: whether the command is one of a plugin.
    :ivar drawing: whether a progress bar of ours is being written.
    :ivar as_lines: whether an error that ends it is a line of
        the log.
    """

    def __init__(self) -> None:
        self.ini: str | None = None
        self.as_json = False
        self.debug = False
        self.foreign = False
        self.as_lines = False
        self.drawing = False
        self.plugin_commands: dict[str, click.Command] = {}
        self._runtime: Runtime | None = None

    @property
    def ini_path(self) -> str:
        """The INI.

        :raises click.UsageError: when none was named.
        """
        if not self.ini:
            raise click.UsageError("this command needs a configuration: -c INI, or CONSENTCORE_INI")
        return self.ini

    @cached_property
    def config(self) -> LoadedConfig:
        """The configuration.

        :raises ConfigurationError: with every problem.
        """
        from consentcore.config import load_ini

        return load_ini(self.ini_path)

    def log_as_configured(self) -> None:
        """From here on log as ``consentcore.log.*`` says; with ``json`` what ends the command is such a line too."""
        from consentcore.config import log_settings
        from consentcore.logs import configure

        lines = log_settings(self.ini_path)
        configure(lines.format, lines.level)
        self.as_lines = lines.format == "json"

    @property
    def runtime(self) -> Runtime:
        """Everything put together.

        :raises ConfigurationError: with every problem.
        """
        from consentcore.runtime import build_runtime

        if self._runtime is None:
            self._runtime = build_runtime(self.config)
        return self._runtime

    @property
    def folder(self) -> Path:
        """The folder of the INI."""
        from consentcore.settings.ini import with_section

        return Path(with_section(self.ini_path)[0]).parent.absolute()

    def close(self) -> None:
        """End connections, if there were any."""
        if self._runtime is not None:
            self._runtime.close()
            self._runtime = None

    def answer(self, data: Any, text: str | Sequence[str]) -> None:
        """Print the result on stdout: ``data`` as JSON when ``--json`` was given, else ``text``.

        :param text: a line, or several, each of which stays one whatever is in it.
        """
        if self.as_json:
            click.echo(machine(data))
            return
        if isinstance(text, str):
            text = text.splitlines() if isinstance(text, Table) else [text] if text else []
        for line in text:
            click.echo(self._line(line))

    def say(self, line: str) -> None:
        """Print a message for people, on stderr: one line, whatever is in it."""
        click.echo(self._line(line), err=True)

    def _line(self, text: str) -> str:
        """Of a plugin's command it may be several."""
        return text if self.foreign else visible(text)


pass_state = click.make_pass_decorator(State)


def operator() -> str:
    """Who runs the command, as the system knows them."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"uid {os.getuid()}"


def can_be_asked() -> bool:
    """Whether somebody sits at a terminal; nobody does where standard input is closed."""
    return sys.stdin is not None and sys.stdin.isatty()


def read_line_from_stdin(what: str) -> str:
    """One line of standard input without its line ending, nothing else stripped.

    :raises click.UsageError: when there is none, or it is not UTF-8.
    """
    try:
        # A standard input that is closed is none (sys.stdin).
        line = sys.stdin.buffer.readline(10_000).decode() if sys.stdin is not None else ""
    except UnicodeDecodeError:
        raise click.UsageError(f"{what}: expected UTF-8 on standard input") from None
    line = line.removesuffix("\n").removesuffix("\r")
    if not line:
        raise click.UsageError(f"{what}: expected one line on standard input")
    return line


class Table(str):
    """A text whose line breaks are ours: those in its cells are written out."""

    __slots__ = ()


def table(rows: Sequence[tuple[str, ...]], headings: tuple[str, ...]) -> Table:
    """Rows under headings, in columns."""
    if not rows:
        return Table()
    lines = [headings, *(tuple(map(visible, row)) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    return Table(
        "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        )
    )


def plain(value: Any) -> str:
    """A value of a JSON answer for people."""
    if isinstance(value, list | tuple):
        return "; ".join(plain(item) for item in value) or "-"
    if isinstance(value, dict):
        return ", ".join(f"{key} {plain(item)}" for key, item in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if value not in {"", None} else "-"


def write_private(state: State, text: str, output: Path | None) -> None:
    """Write what is personal to standard output, or into a file that nobody else on the machine may read.

    :param output: the file; None: standard output.
    """
    if output is None:
        click.echo(text)
        return
    with private(output) as file:
        file.write(text + "\n")
    state.say(f"wrote {output}")
