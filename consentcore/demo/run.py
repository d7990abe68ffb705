"""``consentcore demo``: boots everything, says what to click, and prints a line per event until Ctrl-C."""

from __future__ import annotations

import signal
import threading
import time

from consentcore.demo.boot import Demo, DemoOptions, NotStarted, boot
from consentcore.demo.follow import Follower
from consentcore.demo.seed import PEOPLE

__all__ = ["DemoOptions", "run_demo"]

BANNER = """\

consentcore demo, everything on this machine only (Ctrl-C stops all of it, data in {folder})

  1  Open      {isv}/
               CoolSite, a demo application. Press "Connect my buildings".
  2  Sign in   {email}  password  {password}
               Read what CoolSite asks for, tick a site or two, press Approve, then "Read room climate".
               ({second} has 214 sites to choose from.)
  3  Look      {issuer}/consents
               Your Authorized Applications. Press "Revoke Access", then Proceed, and watch this window;
               then press "Read room climate" in CoolSite again.
{agents}
  Mail that was sent: {issuer}/_dev/mail

"""


AGENTS = """\
  4  Ask an AI assistant: give it the MCP server
               {mcp}
               It is told the rest, and registers itself; you decide what it sees on the same page, and
               end it in the same way.
"""
NO_AGENTS = """\
     An MCP server for AI assistants runs here too after  pip install 'consentcore[demo]'.
"""


def run_demo(options: DemoOptions) -> int:
    """Run the demo until SIGINT or SIGTERM; 0 after an orderly end, 1 when the server did not start."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        with boot(options, say=say) as demo:
            print(_banner(demo), flush=True)
            Follower(demo.runtime, demo.seed, demo.coolsite, say).follow(stop, demo.server)
            return 0 if stop.is_set() else 1
    except NotStarted as error:
        say(f"the server did not start: {error}; its messages are above")
        return 1


def say(line: str) -> None:
    """Print one line of the story with the time."""
    print(f"{time.strftime('%H:%M:%S')}  {line}", flush=True)


def _banner(demo: Demo) -> str:
    return BANNER.format(
        folder=demo.folder,
        isv=demo.coolsite.own_url,
        issuer=demo.issuer,
        email=PEOPLE[0][0],
        second=PEOPLE[1][0],
        password=demo.seed.password,
        agents=AGENTS.format(mcp=demo.mcp_url) if demo.mcp_url else NO_AGENTS,
    )
