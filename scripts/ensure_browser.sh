#!/bin/sh
# The browser tests drive the system's Chromium; the test tool never downloads one.
# Missing: installed when we may (Debian, root), otherwise the exact command is printed.
# Exit 0: it is there; 75: it is not (the Makefile goes on without, except in CI).
set -eu

CHROMIUM=${CHROMIUM:-/usr/bin/chromium}
[ -x "$CHROMIUM" ] && exit 0

install="apt-get update && apt-get install -y --no-install-recommends chromium fonts-liberation"
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "browser: $CHROMIUM is missing, installing Debian's" >&2
    if DEBIAN_FRONTEND=noninteractive sh -c "$install" >/dev/null; then exit 0; fi
fi
echo "browser: $CHROMIUM is missing, so the browser tests cannot run. On Debian, as root: $install" >&2
exit 75
