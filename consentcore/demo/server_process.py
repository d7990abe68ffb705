"""``python -m consentcore.demo.server_process PARENT LIFELINE INI``: serves until the demo ends or is killed."""

from __future__ import annotations

import sys

from consentcore.cli.main import main
from consentcore.server.parent_watch import exit_with_parent

if __name__ == "__main__":
    parent, lifeline, ini = sys.argv[1:]
    exit_with_parent(int(parent), int(lifeline))
    sys.argv = ["consentcore", "serve", "-c", ini]
    main()
