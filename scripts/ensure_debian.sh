#!/bin/sh
# ensure_debian.sh FOUND PACKAGE WHAT: WHAT (some of the tests) needs FOUND, a program or a file of Debian's PACKAGE.
# Missing: installed when we may (Debian, root), otherwise the exact command is printed. Never started: it would take a port.
# Exit 0: it is there; 75: it is not (the Makefile goes on without, except in CI).
set -eu

found=$1 package=$2 what=$3
PATH=$PATH:/usr/sbin
if command -v "$found" >/dev/null 2>&1 || [ -e "$found" ]; then exit 0; fi

install="apt-get update && apt-get install -y --no-install-recommends $package"
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "$package: missing, installing Debian's" >&2
    if RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive sh -c "$install" >/dev/null; then exit 0; fi
fi
echo "$package: missing, so $what cannot run. On Debian, as root: $install" >&2
exit 75
