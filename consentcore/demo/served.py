"""``python -m consentcore.demo.served PARENT LIFELINE INI``: serves until the demo ends, also when that is killed."""

from __future__ import annotations

import sys

from consentcore.cli.main import main
from consentcore.server.parent_watch import die_with

if __name__ == "__main__":
    parent, lifeline, ini = sys.argv[1:]
    die_with(int(parent), int(lifeline))
    sys.argv = ["consentcore", "serve", "-c", ini]
    main()
