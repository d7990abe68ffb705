#!/bin/sh
# The browser tests drive the system's Chromium and Firefox; the test tools never download one.
# Missing: installed when we may (Debian, root), otherwise the exact command is printed.
# Exit 0: they are there; 75: one is not (the Makefile goes on without, except in CI).
set -eu

CHROMIUM=${CHROMIUM:-/usr/bin/chromium}
FIREFOX=${FIREFOX:-/usr/bin/firefox-esr}
[ -x "$CHROMIUM" ] && [ -x "$FIREFOX" ] && exit 0

install="apt-get update && apt-get install -y --no-install-recommends chromium firefox-esr fonts-liberation"
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "browser: $CHROMIUM or $FIREFOX is missing, installing Debian's" >&2
    if DEBIAN_FRONTEND=noninteractive sh -c "$install" >/dev/null; then exit 0; fi
fi
echo "browser: $CHROMIUM or $FIREFOX is missing, so tests cannot run. On Debian, as root: $install" >&2
exit 75
