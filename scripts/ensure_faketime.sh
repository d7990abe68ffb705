#!/bin/sh
# `make chaos` lies to a worker about the time, with libfaketime out of the system's packages.
# Missing: installed when we may (Debian, root), otherwise the exact command is printed.
# Exit 0: it is there; 75: it is not (the Makefile goes on without, except in CI).
set -eu

[ -e "/usr/lib/$(uname -m)-linux-gnu/faketime/libfaketimeMT.so.1" ] && exit 0

install="apt-get update && apt-get install -y --no-install-recommends libfaketime"
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "libfaketime: missing, installing Debian's" >&2
    if DEBIAN_FRONTEND=noninteractive sh -c "$install" >/dev/null; then exit 0; fi
fi
echo "libfaketime: missing, so jumps of the clock cannot be tested. On Debian, as root: $install" >&2
exit 75
