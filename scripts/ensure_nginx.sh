#!/bin/sh
# The tests of the proxy recipes run the real nginx, out of the system's packages.
# Missing: installed when we may (Debian, root), otherwise the exact command is printed.
# Exit 0: it is there; 75: it is not (the Makefile goes on without, except in CI).
set -eu

PATH=$PATH:/usr/sbin
command -v nginx >/dev/null 2>&1 && exit 0

# Installed, not started: the package would take port 80.
install="apt-get update && apt-get install -y --no-install-recommends nginx-light"
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "nginx: missing, installing Debian's" >&2
    if RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive sh -c "$install" >/dev/null; then exit 0; fi
fi
echo "nginx: missing, so the tests of the proxy recipes cannot run. On Debian, as root: $install" >&2
exit 75
