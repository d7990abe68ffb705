#!/bin/sh
# The tests of transaction pooling run the real pgbouncer, out of the system's packages.
# Missing: installed when we may (Debian, root), otherwise the exact command is printed.
# Exit 0: it is there; 75: it is not (the Makefile goes on without, except in CI).
set -eu

PATH=$PATH:/usr/sbin
command -v pgbouncer >/dev/null 2>&1 && exit 0

# Installed, not started: the package would take port 6432.
install="apt-get update && apt-get install -y --no-install-recommends pgbouncer"
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "pgbouncer: missing, installing Debian's" >&2
    if RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive sh -c "$install" >/dev/null; then exit 0; fi
fi
echo "pgbouncer: missing, so the tests of transaction pooling cannot run. On Debian, as root: $install" >&2
exit 75
